/** A program gets the values of its configs and the offsets of the kernel's structs, and what they rule out is gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bool, config, u32 } from '@waggle/bpf';
import { parseIr } from '../ir/parse.ts';
import { printIr } from '../ir/print.ts';
import { passes, usedMaps } from '../passes/index.ts';
import { finishProgram } from './finish.ts';

const settings = config({ enabled: bool, verdict: u32 });
const text = `program xdp

function main(%0: context): i32
b0:
  %1: i32 = config settings enabled
  %2: i32 = const 0
  branch equal %1 %2 ? b2 : b1
b1:
  %3: stack = stackSlot size 4 alignment 4
  store u32 %3 +0 %2
  %4: map = mapReference counter
  %5: i64 = callHelper map_delete_elem %4 %3
  jump b2
b2:
  %6: i32 = config settings verdict
  return %6
`;
const program = parseIr(text);

test('the values of a config decide what is left', () => {
  const finish = (enabled: boolean) =>
    finishProgram('main', program, { settings }, { config: { settings: { enabled, verdict: 2 } } });
  const off = finish(false);
  assert.deepEqual([...usedMaps(off)], []);
  assert.match(printIr(off), /b0:\n {2}%\d+: i32 = const 2\n {2}return %\d+\n$/);
  assert.deepEqual([...usedMaps(finish(true))], ['counter']);
});

test('a program that was finished before comes out like one that was not', () => {
  for (const enabled of [true, false, true]) {
    const given = { config: { settings: { enabled, verdict: 2 } } };
    const again = finishProgram('main', program, { settings }, given);
    assert.deepEqual(again, finishProgram('main', parseIr(text), { settings }, given));
  }
});

test('a program that needs no values is optimised once', () => {
  const fixed = parseIr(
    'program xdp\n\nfunction main(%0: context): i32\nb0:\n  %1: i32 = const 2\n  return %1\n',
  );
  assert.equal(finishProgram('main', fixed, {}), finishProgram('main', fixed, {}));
});

test('passes can be left out', () => {
  const given = { config: { settings: { enabled: false, verdict: 2 } } };
  const without = finishProgram(
    'main',
    program,
    { settings },
    { ...given, without: passes.map(({ name }) => name) },
  );
  assert.match(printIr(without), /branch equal/);
  assert.throws(
    () => finishProgram('main', program, { settings }, { ...given, without: ['magic'] }),
    /"magic"/,
  );
});

test('values that are missing or wrong are named', () => {
  const cases: [object, string, RegExp][] = [
    [{}, 'MISSING_FIELD', /program "main" needs the values of its config "settings"/],
    [{ settings: { enabled: true } }, 'MISSING_FIELD', /config lacks the field "verdict"/],
    [{ settings: { enabled: true, verdict: -1 } }, 'OUT_OF_RANGE', /config\.verdict: -1 does not fit/],
  ];
  for (const [given, code, message] of cases) {
    assert.throws(() => finishProgram('main', program, { settings }, { config: { ...given } }), {
      code,
      message,
    });
  }
});
