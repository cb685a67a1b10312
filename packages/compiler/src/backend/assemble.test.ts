import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import { assemble } from './assemble.ts';
import {
  alu32,
  alu64,
  at,
  atomic,
  callFunction,
  callHelper,
  callKernelFunction,
  endian,
  exit,
  goto,
  gotoLong,
  type Instruction,
  jump,
  jump32,
  label,
  load,
  loadFunction,
  loadImmediate64,
  loadMap,
  loadMapValue,
  loadSigned,
  r0,
  r1,
  r2,
  r3,
  r10,
  store,
} from './instruction.ts';

const hex = (...program: Parameters<typeof assemble>[0]) =>
  Buffer.from(assemble(program).bytes).toString('hex');

/** Instructions beside their text in the syntax of LLVM's assembler, which serves as a witness. */
const table: readonly (readonly [Instruction, string])[] = [
  [alu64.mov(r0, 2), 'r0 = 2'],
  [alu64.mov(r1, -1), 'r1 = -1'],
  [alu64.mov(r1, r10), 'r1 = r10'],
  [alu64.add(r1, r2), 'r1 += r2'],
  [alu64.sub(r1, 7), 'r1 -= 7'],
  [alu64.mul(r1, r2), 'r1 *= r2'],
  [alu64.div(r1, 3), 'r1 /= 3'],
  [alu64.or(r1, 15), 'r1 |= 15'],
  [alu64.and(r1, r2), 'r1 &= r2'],
  [alu64.xor(r1, -8), 'r1 ^= -8'],
  [alu64.lsh(r1, 32), 'r1 <<= 32'],
  [alu64.rsh(r1, r2), 'r1 >>= r2'],
  [alu64.arsh(r1, 63), 'r1 s>>= 63'],
  [alu64.neg(r1), 'r1 = -r1'],
  [alu32.mov(r2, 5), 'w2 = 5'],
  [alu32.add(r2, r3), 'w2 += w3'],
  [alu32.arsh(r2, 4), 'w2 s>>= 4'],
  [alu32.neg(r2), 'w2 = -w2'],
  [endian.toBig(16, r1), 'r1 = be16 r1'],
  [endian.toBig(64, r1), 'r1 = be64 r1'],
  [endian.toLittle(32, r1), 'r1 = le32 r1'],
  [load('u8', r0, r1, 3), 'r0 = *(u8 *)(r1 + 3)'],
  [load('u16', r0, r1, -2), 'r0 = *(u16 *)(r1 - 2)'],
  [load('u32', r0, r1, 4), 'r0 = *(u32 *)(r1 + 4)'],
  [load('u64', r0, r10, -512), 'r0 = *(u64 *)(r10 - 512)'],
  [store('u8', r10, -1, r2), '*(u8 *)(r10 - 1) = r2'],
  [store('u64', r10, -8, r2), '*(u64 *)(r10 - 8) = r2'],
  [atomic('add', 'u64', r0, 0, r1), 'lock *(u64 *)(r0 + 0) += r1'],
  [atomic('add', 'u32', r0, 8, r1), 'lock *(u32 *)(r0 + 8) += r1'],
  [loadImmediate64(r1, 0x1122_3344_5566_7788n), 'r1 = 1234605616436508552 ll'],
  [loadImmediate64(r1, -1n), 'r1 = -1 ll'],
  [callHelper(1), 'call 1'],
  [exit(), 'exit'],
];

const llvm = ['llvm-mc', 'llvm-mc-14', 'llvm-mc-16', 'llvm-mc-19'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

test('instructions are encoded as LLVM encodes them', { skip: !llvm && 'needs llvm-mc' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-assemble-'));
  const run = (command: string, words: string[], input = '') => {
    const { status, stderr } = spawnSync(command, words, { cwd: folder, input, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };
  try {
    const flags = ['-triple=bpfel', '-mcpu=v3', '-mattr=+alu32', '-filetype=obj', '-o', 'object'];
    run(llvm ?? '', flags, table.map(([, text]) => `${text}\n`).join(''));
    run((llvm ?? '').replace('mc', 'objcopy'), ['-O', 'binary', '--only-section=.text', 'object', 'text']);
    const expected = readFileSync(join(folder, 'text'));
    let offset = 0;
    for (const [instruction, text] of table) {
      const { bytes } = assemble([instruction]);
      const witness = expected.subarray(offset, offset + bytes.length).toString('hex');
      assert.equal(Buffer.from(bytes).toString('hex'), witness, text);
      offset += bytes.length;
    }
    assert.equal(offset, expected.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('jumps count slots from the next instruction, wide loads for two', () => {
  const program = [
    jump.equal(r1, 0, 'end'),
    loadImmediate64(r0, 1n),
    label('end'),
    goto('end'),
    jump32.signedLess(r1, r2, 'end'),
    exit(),
  ];
  const bytes = Buffer.from(assemble(program).bytes);
  assert.equal(bytes.length, 6 * 8);
  assert.equal(bytes.subarray(0, 8).toString('hex'), '1501020000000000');
  assert.equal(bytes.subarray(24, 32).toString('hex'), '0500ffff00000000');
  assert.equal(bytes.subarray(32, 40).toString('hex'), 'ce21feff00000000');
});

test('what LLVM 14 cannot write: remainders, fetching atomics and cpu v4, by RFC 9669', () => {
  assert.equal(hex(alu64.mod(r1, r3)), '9f31000000000000');
  assert.equal(hex(alu32.mod(r1, 7)), '9401000007000000');
  assert.equal(hex(atomic('fetchAdd', 'u64', r2, 0, r1)), 'db12000001000000');
  assert.equal(hex(atomic('fetchAnd', 'u32', r2, 8, r1)), 'c312080051000000');
  assert.equal(hex(atomic('fetchOr', 'u64', r2, 0, r1)), 'db12000041000000');
  assert.equal(hex(atomic('fetchXor', 'u64', r2, 0, r1)), 'db120000a1000000');
  assert.equal(hex(atomic('exchange', 'u64', r2, 0, r1)), 'db120000e1000000');
  assert.equal(hex(atomic('compareExchange', 'u64', r2, 0, r1)), 'db120000f1000000');
  assert.equal(hex(alu64.signedDiv(r1, r2)), '3f21010000000000');
  assert.equal(hex(alu32.signedMod(r1, 3)), '9401010003000000');
  assert.equal(hex(alu64.movSigned(8, r1, r2)), 'bf21080000000000');
  assert.equal(hex(endian.swap(16, r1)), 'd701000010000000');
  assert.equal(hex(loadSigned('u16', r1, r2, 4)), '8921040000000000');
  assert.equal(hex(store('u32', r10, -4, 9)), '620afcff09000000');
  assert.equal(hex(label('here'), gotoLong('here')), '06000000ffffffff');
});

test('references to maps, functions and source lines stand beside the bytes', () => {
  const origin = { file: 'a.ts', source: 'return 0;', line: 3, column: 1 };
  const code = assemble([
    loadMap(r1, 'counters'),
    loadMapValue(r2, 'settings', 8),
    loadFunction(r3, 'callback'),
    callFunction('helper'),
    at(exit(), origin),
    label('helper'),
    callKernelFunction(77),
    exit(),
    label('callback'),
    exit(),
  ]);
  assert.deepEqual(code.mapReferences, [
    { map: 'counters', slot: 0 },
    { map: 'settings', valueOffset: 8, slot: 2 },
  ]);
  assert.deepEqual(code.functions, [
    { name: 'helper', slot: 8 },
    { name: 'callback', slot: 10 },
  ]);
  assert.deepEqual(code.lines, [{ ...origin, slot: 7 }]);
  const bytes = Buffer.from(code.bytes);
  assert.equal(bytes.subarray(0, 8).toString('hex'), '1811000000000000', 'BPF_PSEUDO_MAP_FD');
  assert.equal(bytes.subarray(16, 24).toString('hex'), '1822000000000000', 'BPF_PSEUDO_MAP_VALUE');
  assert.equal(bytes.subarray(32, 40).toString('hex'), '1843000005000000', 'BPF_PSEUDO_FUNC');
  assert.equal(bytes.subarray(48, 56).toString('hex'), '8510000001000000', 'BPF_PSEUDO_CALL');
  assert.equal(bytes.subarray(64, 72).toString('hex'), '852000004d000000', 'BPF_PSEUDO_KFUNC_CALL');
});

test('mistakes are told', () => {
  const fails = (program: () => unknown, code: string, message: RegExp) =>
    assert.throws(program, (error: unknown) => {
      assert.ok(error instanceof WaggleError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  fails(() => assemble([goto('nowhere')]), 'BAD_DECLARATION', /no label "nowhere"/);
  fails(() => assemble([label('a'), label('a')]), 'BAD_DECLARATION', /"a" stands in two places/);
  fails(
    () => alu64.mov(r0, 2 ** 32),
    'OUT_OF_RANGE',
    /does not fit an immediate of 32 bits\. Use loadImmediate64/,
  );
  fails(() => alu64.mov(r0, 0.5), 'OUT_OF_RANGE', /0\.5 does not fit/);
  fails(() => load('u8', r0, r1, 40_000), 'OUT_OF_RANGE', /40000 does not fit an offset of 16 bits/);
  const far = [goto('far'), ...Array.from({ length: 40_000 }, () => exit()), label('far'), exit()];
  fails(() => assemble(far), 'OUT_OF_RANGE', /jump to "far" spans 40000 slots/);
});
