import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyCode } from '../testing/random-code.ts';
import { assemble } from './assemble.ts';
import { disassemble, instructionText } from './disassemble.ts';
import * as i from './instruction.ts';
import { assembleText } from './text-assembler.ts';

const { alu32, alu64, atomic, endian, jump, jump32, r0, r1, r2, r3, r10 } = i;

/** Instructions and their text; those of cpu v4, which LLVM 14 does not know, apart. */
const table: readonly (readonly [i.Instruction, string])[] = [
  [alu64.mov(r0, -1), 'r0 = -1'],
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
  [alu32.mov(r2, r3), 'w2 = w3'],
  [alu32.add(r2, 5), 'w2 += 5'],
  [alu32.arsh(r2, r3), 'w2 s>>= w3'],
  [alu32.neg(r2), 'w2 = -w2'],
  [endian.toBig(16, r1), 'r1 = be16 r1'],
  [endian.toLittle(64, r1), 'r1 = le64 r1'],
  [i.load('u8', r0, r1, 3), 'r0 = *(u8 *)(r1 +3)'],
  [i.load('u64', r0, r10, -512), 'r0 = *(u64 *)(r10 -512)'],
  [i.store('u8', r10, -1, r2), '*(u8 *)(r10 -1) = r2'],
  [i.store('u32', r1, 0, r2), '*(u32 *)(r1 +0) = r2'],
  [atomic('add', 'u64', r0, 0, r1), 'lock *(u64 *)(r0 +0) += r1'],
  [atomic('or', 'u64', r0, 8, r1), 'lock *(u64 *)(r0 +8) |= r1'],
  [i.loadImmediate64(r1, 0x1122_3344_5566_7788n), 'r1 = 0x1122334455667788 ll'],
  [i.exit(), 'exit'],
];

const newer: readonly (readonly [i.Instruction, string])[] = [
  [alu64.signedDiv(r1, r2), 'r1 s/= r2'],
  [alu32.signedMod(r1, 3), 'w1 s%= 3'],
  [alu64.mod(r1, 3), 'r1 %= 3'],
  [alu64.movSigned(32, r1, r2), 'r1 = (s32)r2'],
  [alu32.movSigned(8, r1, r2), 'w1 = (s8)w2'],
  [endian.swap(32, r1), 'r1 = bswap32 r1'],
  [i.loadSigned('u16', r1, r2, 4), 'r1 = *(s16 *)(r2 +4)'],
  [i.store('u32', r10, -4, 9), '*(u32 *)(r10 -4) = 9'],
  [atomic('fetchAdd', 'u64', r2, 0, r1), 'r1 = atomic64_fetch_add((u64 *)(r2 +0), r1)'],
  [atomic('fetchXor', 'u32', r2, 8, r1), 'r1 = atomic_fetch_xor((u32 *)(r2 +8), r1)'],
  [atomic('exchange', 'u64', r2, 0, r1), 'r1 = atomic64_xchg((u64 *)(r2 +0), r1)'],
  [atomic('compareExchange', 'u32', r2, 0, r1), 'r0 = atomic_cmpxchg((u32 *)(r2 +0), r0, r1)'],
  [jump.signedGreater(r1, -1, 'there'), 'if r1 s> 0xffffffff goto there'],
  [jump32.bitSet(r1, r2, 'there'), 'if w1 & w2 goto there'],
  [i.goto('there'), 'goto there'],
  [i.gotoLong('there'), 'gotol there'],
  [i.callHelper(1), 'call map_lookup_elem#1'],
  [i.callHelper(7), 'call get_prandom_u32#7'],
  [i.callHelper(9999), 'call helper#9999'],
  [i.callFunction('work'), 'call work'],
  [i.callKernelFunction(77), 'call kernel_function#77'],
  [i.loadMap(r1, 'counters'), 'r1 = map[counters] ll'],
  [i.loadMapValue(r1, 'settings', 8), 'r1 = map[settings][0]+8 ll'],
  [i.loadFunction(r2, 'callback'), 'r2 = subprog[callback] ll'],
  [i.loadAbsolute('u16', 12), 'r0 = *(u16 *)skb[12]'],
  [i.loadIndirect('u8', r3, -1), 'r0 = *(u8 *)skb[r3 -1]'],
];

test('every form has its text', () => {
  for (const [instruction, text] of [...table, ...newer]) assert.equal(instructionText(instruction), text);
});

test('every text is read back as the same instruction', () => {
  for (const [instruction, text] of [...table, ...newer]) {
    const places = ['there', 'work', 'callback'].map((name) => `${name}: exit`).join('\n');
    const labels = ['there', 'work', 'callback'].flatMap((name) => [i.label(name), i.exit()]);
    assert.deepEqual(assembleText(`${text}\n${places}`), assemble([instruction, ...labels]), text);
  }
});

const objdump = ['llvm-objdump', 'llvm-objdump-14', 'llvm-objdump-16', 'llvm-objdump-19'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

test('LLVM prints the same but for spaces', { skip: !objdump && 'needs llvm-objdump' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-disassemble-'));
  try {
    const copy = (objdump ?? '').replace('objdump', 'objcopy');
    const code = assemble(table.map(([instruction]) => instruction));
    writeFileSync(join(folder, 'text'), code.bytes);
    writeFileSync(join(folder, 'empty.s'), '');
    const run = (command: string, words: string[]): string => {
      const { status, stdout, stderr } = spawnSync(command, words, { cwd: folder, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      return stdout;
    };
    run((objdump ?? '').replace('objdump', 'mc'), [
      '-triple=bpfel',
      '-filetype=obj',
      '-o',
      'empty',
      'empty.s',
    ]);
    run(copy, ['--add-section=waggle=text', '--set-section-flags=waggle=code', 'empty', 'object']);
    const words = ['-D', '--section=waggle', '--no-show-raw-insn', 'object'];
    const theirs = run(objdump ?? '', words)
      .split('\n')
      .flatMap((line) => /^ *[\da-f]+:\s+(.*)$/.exec(line)?.[1] ?? []);
    const normal = (text: string) =>
      text.replace(/0x[\da-f]+/, (hex) => String(BigInt.asIntN(64, BigInt(hex)))).replaceAll(' ', '');
    assert.deepEqual(
      theirs.map(normal),
      table.map(([, text]) => normal(text)),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('labels, functions and source lines make it readable', () => {
  const origin = { file: 'count.bpf.ts', source: '  return count(packet);', line: 7, column: 3 };
  const code = assemble([
    i.at(i.load('u32', r2, r1, 0), origin),
    i.at(jump.equal(r2, 0, 'done'), { ...origin, column: 10 }),
    i.callFunction('count'),
    i.label('done'),
    i.at(i.exit(), origin),
    i.label('count'),
    i.at(alu64.mov(r0, 1), { ...origin, source: 'return 1;', line: 8 }),
    i.exit(),
  ]);
  const source = '; return count(packet); @ count.bpf.ts:7';
  assert.equal(
    disassemble(code),
    `${source}
  r2 = *(u32 *)(r1 +0)
  if r2 == 0x0 goto L3
  call count
L3:
${source}
  exit
count:
; return 1; @ count.bpf.ts:8
  r0 = 1
  exit
`,
  );
  assert.equal(
    disassemble(code, { labels: false, lines: false, slots: true }),
    `    0: r2 = *(u32 *)(r1 +0)
    1: if r2 == 0x0 goto +1
    2: call pc+1
    3: exit
    4: r0 = 1
    5: exit
`,
  );
});

test('the text of any program assembles to the program', () => {
  fc.assert(
    fc.property(anyCode, (code) => {
      assert.deepEqual(assembleText(disassemble(code)), { ...code, lines: [] });
      const numeric = disassemble(code, { labels: false, lines: false, slots: true });
      assert.deepEqual(assembleText(numeric).bytes, code.bytes);
    }),
  );
});
