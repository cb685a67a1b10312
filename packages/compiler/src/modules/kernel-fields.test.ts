/** A program reads structs of the kernel where its BTF says, and says what it misses there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf } from '../btf/btf.ts';
import { BtfBuilder } from '../btf/builder.ts';
import { parseIr } from '../ir/parse.ts';
import { printIr } from '../ir/print.ts';
import { finishProgram } from './finish.ts';

/** A kernel with a struct in a struct. */
function kernel(): Btf {
  const builder = new BtfBuilder();
  const [wide, narrow] = [builder.int('long', 8, 'signed'), builder.int('short', 2, 'signed')];
  const inner = builder.struct('sock_common', 8, [
    { name: 'family', typeId: narrow, byteOffset: 0 },
    { name: 'port', typeId: narrow, byteOffset: 2 },
  ]);
  builder.struct('sock', 32, [
    { name: 'common', typeId: inner, byteOffset: 8 },
    { name: 'cookie', typeId: wide, byteOffset: 16 },
  ]);
  return Btf.parse(builder.build());
}

const program = (body: string) =>
  parseIr(`program btfTracepoint

function main(%0: context): i32
b0:
  %1: kernel = load u64 %0 +0
${body}  return %9
`);
const finish = (body: string): string =>
  printIr(finishProgram('main', program(body), {}, { kernel }))
    .split('\n')
    .slice(4)
    .join('\n');
const reading = (
  field: string,
  load = 'i32 = load u32',
  rest = '',
): string => `  %2: i64 = fieldOffset ${field}
  %3: kernel = offsetPointer %1 %2
  %${rest === '' ? 9 : 4}: ${load} %3 +0
${rest}`;

test('an offset becomes a part of the load', () => {
  const text = finish(reading('sock common.port size 2', 'i32 = load u16'));
  assert.match(text, /= load u16 %1 \+10\n {2}return/);
  const untouched = printIr(finishProgram('main', program(reading('sock cookie size 4')), {}, {}));
  assert.match(untouched, /fieldOffset sock cookie size 4/);
});

test('an integer that is narrower in the kernel is widened by its sign there', () => {
  const text = finish(reading('sock common.family size 4 narrow'));
  assert.match(text, /load u16 %1 \+8[\s\S]*const 48[\s\S]*shiftLeft[\s\S]*signedShiftRight[\s\S]*truncate/);
});

test('what the kernel lacks, or has otherwise, is an error with its place', () => {
  const fails = (field: string, message: RegExp, load?: string) =>
    assert.throws(() => finish(reading(field, load)), { code: 'NOT_SUPPORTED', message });
  fails(
    'sock cookies size 8',
    /reads struct sock\.cookies, which this kernel does not have\. Did you mean cookie/,
  );
  fails(
    'sokc cookie size 8',
    /reads struct sokc\.cookie, which this kernel does not have\. Did you mean sock/,
  );
  fails(
    'sock cookie size 4 narrow',
    /reads struct sock\.cookie as 4 bytes, but it has 8 bytes in this kernel/,
  );
  fails('sock common.family size 4', /as 4 bytes, but it has 2 bytes/);
  const origin = { file: 'log.bpf.ts', source: 'return sock.cooky', line: 12, column: 3 };
  const placed = program(reading('sock cooky size 8'));
  const functions = placed.functions.map((each) => ({
    ...each,
    blocks: each.blocks.map((block) => ({
      ...block,
      instructions: block.instructions.map((instruction) => ({ ...instruction, origin })),
    })),
  }));
  assert.throws(() => finishProgram('main', { ...placed, functions }, {}, { kernel }), {
    message: /program "main" reads struct sock\.cooky \(log\.bpf\.ts:12\), which/,
  });
});

test('code behind a test for a field may read what is not there', () => {
  const guarded = (field: string) =>
    finish(`  %2: i32 = fieldExists sock ${field}
  %3: i32 = const 0
  branch notEqual %2 %3 ? b1 : b2
b1:
  %4: i64 = fieldOffset sock ${field} size 8
  %5: kernel = offsetPointer %1 %4
  %6: i64 = load u64 %5 +0
  %7: i32 = truncate %6
  jump b3(%7)
b2:
  jump b3(%3)
b3(%9: i32):
`);
  assert.match(guarded('cookie'), /load u64 %1 \+16/);
  assert.match(guarded('cooky'), /^ {2}%\d+: i32 = const 0\n {2}return/m);
});

test('arguments are in the registers of the machine', () => {
  const probe = parseIr(`program kprobe

function main(%0: context): i32
b0:
  %1: i64 = registerOffset 1
  %2: context = offsetPointer %0 %1
  %3: i64 = load u64 %2 +0
  %4: i64 = registerOffset result
  %5: context = offsetPointer %0 %4
  %6: i64 = load u64 %5 +0
  %7: i64 = add %3 %6
  %8: i32 = truncate %7
  return %8
`);
  const loads = (machine: string) =>
    [...printIr(finishProgram('main', probe, {}, { machine })).matchAll(/load u64 %0 (\+\d+)/g)].map(
      (match) => match[1],
    );
  assert.deepEqual(loads('x64'), ['+104', '+80']);
  assert.deepEqual(loads('arm64'), ['+8', '+0']);
  assert.throws(() => loads('mips'), { code: 'NOT_SUPPORTED', message: /cannot probe functions on mips/ });
});
