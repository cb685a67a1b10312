/** Programs survive JSON; what is no program, or not of this version, is told apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIr } from '../ir/parse.ts';
import { programFromJson, programToJson } from './program-json.ts';

const program = parseIr(`program tc

function main(%0: context): i32
b0:
  %1: i64 = const 18446744073709551615
  %2: i64 = const 9007199254740993
  %3: i64 = const -1
  %4: i64 = add %1 %2
  branch equal %4 %3 ? b1 : b2
b1:
  %5: i32 = const 1
  return %5
b2:
  %6: i32 = config settings enabled
  return %6
`);

const origin = { file: '/src/a.bpf.ts', source: 'return 1;', line: 3, column: 5 };
const placed = {
  ...program,
  functions: program.functions.map((fn) => ({
    ...fn,
    blocks: fn.blocks.map((block) => ({
      ...block,
      instructions: block.instructions.map((instruction) => ({ ...instruction, origin })),
      terminator: { ...block.terminator, origin },
    })),
  })),
};

test('a program survives JSON, constants of 64 bits included', () => {
  const text = JSON.stringify(programToJson('main', placed));
  assert.deepEqual(programFromJson(JSON.parse(text)), { name: 'main', program: placed });
  assert.equal(text.split('/src/a.bpf.ts').length, 2, 'a place is stored once');
});

test('a program of another version is refused', () => {
  const json = { ...programToJson('main', program), version: 99 };
  assert.throws(() => programFromJson(json), {
    code: 'NOT_SUPPORTED',
    message: /format 99.*reads 2\. Build/,
  });
});

test('what is no program is refused', () => {
  const good = programToJson('main', program);
  const cases: [unknown, RegExp][] = [
    [null, /it is null/],
    [{ ...good, name: 1 }, /its name is 1/],
    [{ ...good, type: 'toString' }, /its type is "toString"/],
    [{ ...good, functions: {} }, /its functions are an object/],
    [{ ...good, origins: [{ file: 'x' }] }, /an origin has no file, source, line and column/],
    [{ ...good, functions: [{}] }, /a function has no name/],
    [{ ...good, functions: [{ name: 'f', result: 'i32', linkage: 'program', blocks: [7] }] }, /a block is 7/],
  ];
  for (const [json, message] of cases)
    assert.throws(() => programFromJson(json), { code: 'MALFORMED', message });
  const text = JSON.stringify(good).replace('"18446744073709551615"', '"1.5"');
  assert.throws(() => programFromJson(JSON.parse(text)), {
    code: 'MALFORMED',
    message: /"1\.5" is no constant/,
  });
});

test('a program that does not add up is refused by the validation of the IR', () => {
  const text = JSON.stringify(programToJson('main', program)).replace('"right":3', '"right":77');
  assert.throws(() => programFromJson(JSON.parse(text)), { code: 'BAD_DECLARATION' });
});
