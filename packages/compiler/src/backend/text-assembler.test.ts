import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import fc from 'fast-check';
import { assemble } from './assemble.ts';
import * as i from './instruction.ts';
import { assembleText, parseText } from './text-assembler.ts';

const { alu32, alu64, atomic, endian, jump, jump32, r0, r1, r2, r3, r10 } = i;

/** The text of ubpf and bpf_conformance, and what it means. */
const table: readonly (readonly [string, i.Instruction])[] = [
  ['mov %r0, 0', alu64.mov(r0, 0)],
  ['mov r0, r1', alu64.mov(r0, r1)],
  ['mov32 %r1, -1', alu32.mov(r1, -1)],
  ['mov32 %r1, 0xffffffff', alu32.mov(r1, -1)],
  ['add64 %r1, %r2', alu64.add(r1, r2)],
  ['sdiv %r1, -3', alu64.signedDiv(r1, -3)],
  ['smod32 %r1, %r2', alu32.signedMod(r1, r2)],
  ['arsh32 %r1, 4', alu32.arsh(r1, 4)],
  ['neg32 %r3', alu32.neg(r3)],
  ['be16 %r0', endian.toBig(16, r0)],
  ['le64 %r0', endian.toLittle(64, r0)],
  ['swap32 %r0', endian.swap(32, r0)],
  ['bswap16 %r0', endian.swap(16, r0)],
  ['movsx832 %r0, %r1', alu32.movSigned(8, r0, r1)],
  ['movsx3264 %r0, %r1', alu64.movSigned(32, r0, r1)],
  ['lddw %r0, 0x1122334455667788', i.loadImmediate64(r0, 0x1122_3344_5566_7788n)],
  ['lddw %r0, -1', i.loadImmediate64(r0, -1n)],
  ['lddw r1, map_by_fd(counters)', i.loadMap(r1, 'counters')],
  ['lddw r1, map_val(map_by_fd(settings)) + 8', i.loadMapValue(r1, 'settings', 8)],
  ['ldxw %r0, [%r1+4]', i.load('u32', r0, r1, 4)],
  ['ldxdw %r0, [%r1]', i.load('u64', r0, r1, 0)],
  ['ldxsb %r0, [%r1 - 3]', i.loadSigned('u8', r0, r1, -3)],
  ['stxh [%r1-2], %r2', i.store('u16', r1, -2, r2)],
  ['stw [%r10-0x10], 7', i.store('u32', r10, -16, 7)],
  ['ldabsh 12', i.loadAbsolute('u16', 12)],
  ['ldindb %r2, -1', i.loadIndirect('u8', r2, -1)],
  ['lock add [%r1], %r2', atomic('add', 'u64', r1, 0, r2)],
  ['lock xor32 [%r1+4], %r2', atomic('xor', 'u32', r1, 4, r2)],
  ['lock fetch add [%r1], %r2', atomic('fetchAdd', 'u64', r1, 0, r2)],
  ['lock fetch and32 [%r1], %r2', atomic('fetchAnd', 'u32', r1, 0, r2)],
  ['lock xchg [%r1], %r2', atomic('exchange', 'u64', r1, 0, r2)],
  ['lock fetch xchg32 [%r1], %r2', atomic('exchange', 'u32', r1, 0, r2)],
  ['lock cmpxchg32 [%r1], %r2', atomic('compareExchange', 'u32', r1, 0, r2)],
  ['jeq %r0, 1, end', jump.equal(r0, 1, 'end')],
  ['jsgt32 %r0, %r1, end', jump32.signedGreater(r0, r1, 'end')],
  ['jset %r0, 0x80000000, end', jump.bitSet(r0, -0x8000_0000, 'end')],
  ['ja end', i.goto('end')],
  ['ja32 end', i.gotoLong('end')],
  ['call 5', i.callHelper(5)],
  ['call helper 5', i.callHelper(5)],
  ['call ktime_get_ns', i.callHelper(5)],
  ['call bpf_ktime_get_ns', i.callHelper(5)],
  ['call runtime 0x2a', i.callKernelFunction(42)],
  ['call local end', i.callFunction('end')],
  ['call end', i.callFunction('end')],
];

/** Other people's pseudo-C, where it differs from ours. */
const dialects: readonly (readonly [string, i.Instruction])[] = [
  ['if r1 == 0 goto end', jump.equal(r1, 0, 'end')],
  ['if w1 s< -5 goto end', jump32.signedLess(r1, -5, 'end')],
  ['r0 = *(u32 *)(r1 + 4)', i.load('u32', r0, r1, 4)],
  ['w0 = *(u32 *)(r1 + 4)', i.load('u32', r0, r1, 4)],
  ['*(u8 *)(r10 - 1) = w2', i.store('u8', r10, -1, r2)],
  ['lock *(u32 *)(r2 + 0) &= w3', atomic('and', 'u32', r2, 0, r3)],
  ['r1 = 1234605616436508552 ll', i.loadImmediate64(r1, 1234605616436508552n)],
  ['r3 = atomic_fetch_add((u64 *)(r1 + 0), r3)', atomic('fetchAdd', 'u64', r1, 0, r3)],
  ['w1 = atomic_fetch_or((u32 *)(r2 + 0), w1)', atomic('fetchOr', 'u32', r2, 0, r1)],
  ['r3 = xchg_64(r1 + 8, r3)', atomic('exchange', 'u64', r1, 8, r3)],
  ['w3 = xchg32_32(r1 + 0, w3)', atomic('exchange', 'u32', r1, 0, r3)],
  ['r0 = cmpxchg_64(r1 + 0, r0, r3)', atomic('compareExchange', 'u64', r1, 0, r3)],
  ['w0 = cmpxchg32_32(r1 + 0, w0, w3)', atomic('compareExchange', 'u32', r1, 0, r3)],
];

test('every mnemonic and every dialect means its instruction', () => {
  for (const [text, instruction] of [...table, ...dialects]) {
    const expected = assemble([instruction, i.exit(), i.label('end'), i.exit()]);
    assert.deepEqual(assembleText(`${text}\nexit\nend:\nexit`), expected, text);
  }
});

test('labels, distances, slots and comments', () => {
  const text = `
    # counts down
    start: mov %r0, 3      # a label before an instruction
    5: again:              ; two of them, one a number
      sub r0, 1            // and three kinds of comments
      jne r0, 0, again
      jeq r0, 7, +1
      if r0 == 8 goto pc-4
      jeq r0, 9, exit      ; the first exit has that name
      call local +1
      exit
      exit`;
  const program = [
    alu64.mov(r0, 3),
    i.label('again'),
    alu64.sub(r0, 1),
    jump.notEqual(r0, 0, 'again'),
    jump.equal(r0, 7, 'L5'),
    jump.equal(r0, 8, 'again'),
    i.label('L5'),
    jump.equal(r0, 9, 'exit'),
    i.callFunction('L8'),
    i.label('exit'),
    i.exit(),
    i.label('L8'),
    i.exit(),
  ];
  assert.deepEqual(parseText(text), program);
});

test('mistakes are told with line, column and what was probably meant', () => {
  const fails = (text: string, message: RegExp) =>
    assert.throws(
      () => assembleText(`exit\n${text}`),
      (error: unknown) => {
        assert.ok(error instanceof WaggleError);
        assert.equal(error.code, 'MALFORMED');
        assert.match(error.message, message);
        return true;
      },
      text,
    );
  fails('mvo r1, 2', /^line 2, column 1: there is no instruction "mvo"\. Did you mean mov\?$/);
  fails('  mov r1 2', /^line 2, column 10: expected ",", found "2"$/);
  fails('mov r1,', /^line 2, column 8: expected a register or a number, found the end of the line$/);
  fails('mov r11, 1', /column 5: there is no register r11\. They are r0 to r10/);
  fails('mov r1, 0x1ffffffff', /column 9: 8589934591 does not fit an immediate of 32 bits/);
  fails('mov r1, 5 6', /column 11: expected the end of the line, found "6"/);
  fails('lddw r1, 0x1ffffffffffffffff', /does not fit 64 bits/);
  fails('ldxw r1, [r2+40000]', /column 13: 40000 does not fit an offset of 16 bits/);
  fails('ja nowhere', /column 11: there is no label "nowhere" to go to/);
  fails('start: ja stort', /there is no label "stort" to go to\. Did you mean start\?/);
  fails('ja +7', /there is no instruction in slot 9 to go to/);
  fails('lddw r1, 1\nja -2', /there is no instruction in slot 2 to go to/);
  fails('a: a: exit', /column 4: the label "a" stands in two places/);
  fails('call map_lokup_elem', /no helper "map_lokup_elem"\. Did you mean map_lookup_elem\?/);
  fails('call r2', /a call by register is no instruction of RFC 9669/);
  fails('lock nand [r1], r2', /column 6: there is no atomic operation "nand"/);
  fails('r1 = *(u33 *)(r1 +0)', /column 8: there is no type "u33"\. Use u8, u16, u32 or u64/);
  fails('r1 = *(s64 *)(r1 +0)', /no sign to extend/);
  fails('r1 = be16 r2', /column 11: works in place: both registers must be r1/);
  fails(
    'r1 = atomic_fetch_sub((u64 *)(r2 +0), r1)',
    /"atomic_fetch_sub" is no operand\. Did you mean atomic_fetch_/,
  );
  fails('if r1 ! 3 goto exit', /column 7: "!" is out of place/);
  fails('r1 = 0x100000000', /does not fit an immediate of 32 bits\. Write "ll" after it/);
  fails('lock *(u8 *)(r1 +0) += r2', /atomic operations are/);
});

test('any text assembles or is refused, but nothing else happens', () => {
  const words = fc.constantFrom(
    'mov',
    'r1',
    'w2',
    '%r10',
    'jeq',
    'lock',
    'fetch',
    'add',
    '[',
    ']',
    ',',
    '(',
    ')',
    '*',
    'u32',
    '=',
    '+=',
    's>>=',
    'if',
    'goto',
    'call',
    'local',
    'exit',
    ':',
    '#',
    ';',
    '+',
    '-',
    '5',
    '0x10',
    'll',
    'map',
    'subprog',
    'skb',
    'a',
    'constructor',
    '\n',
  );
  const text = fc.oneof(
    fc.array(words, { maxLength: 20 }).map((list) => list.join(' ')),
    fc.string(),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        assembleText(given);
      } catch (error) {
        if (!(error instanceof WaggleError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
