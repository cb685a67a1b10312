/**
 * Test vectors for every instruction of RFC 9669 and the edges of its semantics: programs as text with the r0 they end
 * with. The interpreter runs them in its own test, the kernel in an end-to-end test; both must agree with the table.
 */

/** A program and its result. */
export interface InstructionVector {
  readonly name: string;
  readonly text: string;
  readonly result: bigint;
  /** Bytes at r1; r2 is their number. */
  readonly memory: readonly number[];
  /** Why the kernel's verifier refuses the program although the standard defines it. */
  readonly refused: string | undefined;
}

interface Rest {
  readonly memory?: readonly number[];
  readonly refused?: string;
}

const MEMORY = [0x11, 0x22, 0x33, 0x44, 0x85, 0x96, 0xa7, 0xb8];

/** `lines` and `exit`. */
const vector = (lines: string, result: bigint, rest: Rest = {}): InstructionVector => ({
  name: lines
    .trim()
    .split(/\s*\n\s*/)
    .join(' · '),
  text: `${lines}\nexit`,
  result: BigInt.asUintN(64, result),
  memory: rest.memory ?? [],
  refused: rest.refused,
});

/** `r0 = left; r0 operation right` with an immediate and with a register. */
const both = (
  operation: string,
  left: bigint,
  right: number,
  result: bigint,
  rest: Rest = {},
): InstructionVector[] => [
  vector(`lddw r0, ${left}\n${operation} r0, ${right}`, result, rest),
  vector(`lddw r0, ${left}\nmov r3, ${right}\n${operation} r0, r3`, result),
];

/** The same with a register alone, for operands that need 64 bits, or immediates that the verifier refuses. */
const registers = (operation: string, left: bigint, right: bigint, result: bigint): InstructionVector =>
  vector(`lddw r0, ${left}\nlddw r3, ${right}\n${operation} r0, r3`, result);

/** `r0 = 1` if the jump is taken. */
const taken = (mnemonic: string, left: bigint, right: bigint, isTaken: boolean): InstructionVector[] => {
  const program = (load: string, operand: string) =>
    `lddw r1, ${left}\n${load}\nmov r0, 1\n${mnemonic} r1, ${operand}, +1\nmov r0, 0`;
  const result = isTaken ? 1n : 0n;
  const fits = right >= -0x8000_0000n && right < 0x8000_0000n;
  return [
    vector(program(`lddw r3, ${right}`, 'r3'), result),
    ...(fits ? [vector(program('mov r3, 0', String(right)), result)] : []),
  ];
};

const ALL = 0xffff_ffff_ffff_ffffn;
const MOST_NEGATIVE = 0x8000_0000_0000_0000n;
const TOO_FAR = { refused: 'shifts by as many bits as there are, or more' };
const BY_ZERO = { refused: 'divides by the immediate 0' };

const arithmetic64: readonly InstructionVector[] = [
  ...both('mov', 5n, -1, ALL),
  ...both('add', 5n, -7, -2n),
  ...both('add', ALL, 1, 0n),
  registers('add', 0x7fff_ffff_ffff_ffffn, 1n, MOST_NEGATIVE),
  ...both('sub', 0n, 1, ALL),
  registers('sub', MOST_NEGATIVE, 1n, 0x7fff_ffff_ffff_ffffn),
  ...both('mul', 0x1_0000_0001n, -3, -0x3_0000_0003n),
  registers('mul', 0x8000_0000_0000_0001n, 0x1_0000_0002n, 0x1_0000_0002n),
  ...both('div', 100n, 7, 14n),
  ...both('div', ALL, -1, 1n),
  ...both('div', 5n, 0, 0n, BY_ZERO),
  registers('div', ALL, 0x1_0000_0000n, 0xffff_ffffn),
  ...both('mod', 100n, 7, 2n),
  ...both('mod', 0x1234_5678_9abc_def0n, 0, 0x1234_5678_9abc_def0n, BY_ZERO),
  ...both('mod', ALL, -2, 1n),
  ...both('sdiv', -100n, 7, -14n),
  ...both('sdiv', -100n, -7, 14n),
  ...both('sdiv', 5n, 0, 0n, BY_ZERO),
  ...both('sdiv', MOST_NEGATIVE, -1, MOST_NEGATIVE),
  ...both('smod', -100n, 7, -2n),
  ...both('smod', 100n, -7, 2n),
  ...both('smod', -5n, 0, -5n, BY_ZERO),
  ...both('smod', MOST_NEGATIVE, -1, 0n),
  ...both('or', 0xf0n, 0x0f, 0xffn),
  ...both('or', 0n, -1, ALL),
  ...both('and', 0xffn, 0x3c, 0x3cn),
  ...both('and', ALL, -2, 0xffff_ffff_ffff_fffen),
  ...both('xor', ALL, 1, 0xffff_ffff_ffff_fffen),
  ...both('xor', 0n, -1, ALL),
  ...both('lsh', 1n, 63, MOST_NEGATIVE),
  ...both('lsh', 0x11n, 4, 0x110n),
  ...both('lsh', 1n, 68, 16n, TOO_FAR),
  ...both('lsh', 1n, -60, 16n, TOO_FAR),
  ...both('rsh', MOST_NEGATIVE, 63, 1n),
  ...both('rsh', ALL, 64, ALL, TOO_FAR),
  ...both('arsh', MOST_NEGATIVE, 63, ALL),
  ...both('arsh', 0x4000_0000_0000_0000n, 62, 1n),
  ...both('arsh', MOST_NEGATIVE, 65, 0xc000_0000_0000_0000n, TOO_FAR),
  vector('mov r0, 1\nneg r0', ALL),
  vector(`lddw r0, ${MOST_NEGATIVE}\nneg r0`, MOST_NEGATIVE),
  vector('mov r3, 0x80\nmovsx864 r0, r3', -0x80n),
  vector('mov r3, 0x17f\nmovsx864 r0, r3', 0x7fn),
  vector('mov r3, 0x18001\nmovsx1664 r0, r3', -0x7fffn),
  vector('lddw r3, 0x180000001\nmovsx3264 r0, r3', -0x7fff_ffffn),
];

const arithmetic32: readonly InstructionVector[] = [
  ...both('mov32', ALL, -1, 0xffff_ffffn),
  registers('mov32', 0n, 0x1_2345_6789n, 0x2345_6789n),
  ...both('add32', 0xffff_ffffn, 1, 0n),
  ...both('add32', 0xf_0000_0005n, -7, 0xffff_fffen),
  ...both('sub32', 0n, 1, 0xffff_ffffn),
  ...both('mul32', 0x1_0001_0001n, 0x10001, 0x2_0001n),
  ...both('mul32', 0xffff_ffffn, -1, 1n),
  ...both('div32', 0x7_0000_0064n, 7, 14n),
  ...both('div32', 0xffff_fffen, -1, 0n),
  ...both('div32', 5n, 0, 0n, BY_ZERO),
  registers('div32', 100n, 0x1_0000_0000n, 0n),
  ...both('mod32', 0x1_0000_0003n, 3, 0n),
  ...both('mod32', 0xa_8000_0005n, 0, 0x8000_0005n, BY_ZERO),
  registers('mod32', 0x1_0000_0007n, 0x5_0000_0000n, 7n),
  ...both('sdiv32', 0xffff_ff9cn, 7, 0xffff_fff2n),
  ...both('sdiv32', 0x8000_0000n, -1, 0x8000_0000n),
  ...both('sdiv32', 0xfn, 0, 0n, BY_ZERO),
  ...both('smod32', 0xffff_ff9cn, 7, 0xffff_fffen),
  ...both('smod32', 0x8000_0000n, -1, 0n),
  ...both('smod32', 0x1_ffff_fffbn, 0, 0xffff_fffbn, BY_ZERO),
  ...both('or32', 0xf_0000_00f0n, 0x0f, 0xffn),
  ...both('and32', 0xf_ffff_ffffn, -2, 0xffff_fffen),
  ...both('xor32', 0xf_ffff_ffffn, 1, 0xffff_fffen),
  ...both('lsh32', 1n, 31, 0x8000_0000n),
  ...both('lsh32', 0x11n, 60, 0x1000_0000n, TOO_FAR),
  ...both('lsh32', 0x11n, -4, 0x1000_0000n, TOO_FAR),
  ...both('rsh32', 0xf_8000_0000n, 31, 1n),
  ...both('rsh32', 0xf_8000_0000n, 32, 0x8000_0000n, TOO_FAR),
  ...both('arsh32', 0xf_8000_0000n, 31, 0xffff_ffffn),
  ...both('arsh32', 0x4000_0000n, 30, 1n),
  ...both('arsh32', 0x8000_0000n, 33, 0xc000_0000n, TOO_FAR),
  vector('mov r0, 1\nneg32 r0', 0xffff_ffffn),
  vector('lddw r0, 0x180000000\nneg32 r0', 0x8000_0000n),
  vector('mov r3, 0x80\nmovsx832 r0, r3', 0xffff_ff80n),
  vector('mov r3, 0x18001\nmovsx1632 r0, r3', 0xffff_8001n),
  vector('mov r3, 0x7f\nmovsx832 r0, r3', 0x7fn),
];

const BYTES = 'lddw r0, 0x1122334455667788\n';

const byteOrder: readonly InstructionVector[] = [
  vector(`${BYTES}be16 r0`, 0x8877n),
  vector(`${BYTES}be32 r0`, 0x8877_6655n),
  vector(`${BYTES}be64 r0`, 0x8877_6655_4433_2211n),
  vector(`${BYTES}le16 r0`, 0x7788n),
  vector(`${BYTES}le32 r0`, 0x5566_7788n),
  vector(`${BYTES}le64 r0`, 0x1122_3344_5566_7788n),
  vector(`${BYTES}swap16 r0`, 0x8877n),
  vector(`${BYTES}swap32 r0`, 0x8877_6655n),
  vector(`${BYTES}bswap64 r0`, 0x8877_6655_4433_2211n),
];

const jumps: readonly InstructionVector[] = [
  vector('mov r0, 1\nja +2\nadd r0, 8\nja +2\nadd r0, 2\nja -4', 11n),
  vector('mov r0, 1\nja32 over\nback: add r0, 8\nja32 end\nover: add r0, 2\nja32 back\nend:', 11n),
  vector('mov r0, 0\nmov r3, 5\nagain:\nadd r0, r3\nsub r3, 1\njne r3, 0, again', 15n),
  ...[
    ['jeq', 5n, 5n, true],
    ['jeq', 0x1_0000_0005n, 5n, false],
    ['jeq', -1n, -1n, true],
    ['jne', 0x1_0000_0005n, 5n, true],
    ['jne', 5n, 5n, false],
    ['jgt', 6n, 5n, true],
    ['jgt', 5n, 5n, false],
    ['jgt', 5n, -1n, false],
    ['jgt', -1n, 5n, true],
    ['jge', 5n, 5n, true],
    ['jge', 4n, 5n, false],
    ['jlt', 5n, -1n, true],
    ['jlt', 5n, 5n, false],
    ['jle', 5n, 5n, true],
    ['jle', -1n, 5n, false],
    ['jset', 6n, 2n, true],
    ['jset', 5n, 2n, false],
    ['jset', 0x8000_0000_0000_0000n, -0x8000_0000n, true],
    ['jsgt', 5n, -1n, true],
    ['jsgt', -1n, -1n, false],
    ['jsge', -1n, -1n, true],
    ['jsge', -2n, -1n, false],
    ['jslt', -1n, 5n, true],
    ['jslt', 5n, -1n, false],
    ['jsle', -1n, -1n, true],
    ['jsle', 5n, -1n, false],
    ['jsgt', 0n, 0x8000_0000_0000_0000n, true],
  ].flatMap(([mnemonic, left, right, isTaken]) =>
    taken(String(mnemonic), BigInt(left ?? 0), BigInt(right ?? 0), isTaken === true),
  ),
  ...[
    ['jeq32', 0x1_0000_0005n, 5n, true],
    ['jeq32', 6n, 5n, false],
    ['jne32', 0x1_0000_0005n, 5n, false],
    ['jgt32', 0x1_0000_0004n, 5n, false],
    ['jgt32', 0xffff_ffffn, 5n, true],
    ['jge32', 0x1_0000_0004n, 5n, false],
    ['jge32', 5n, 5n, true],
    ['jlt32', 0x1_0000_0004n, 5n, true],
    ['jlt32', 4n, -1n, true],
    ['jle32', 0x1_0000_0005n, 5n, true],
    ['jset32', 0x1_0000_0000n, -1n, false],
    ['jset32', 0x8000_0000n, -0x8000_0000n, true],
    ['jsgt32', 0x7fff_ffffn, -1n, true],
    ['jsgt32', 0xffff_ffffn, 0n, false],
    ['jsge32', 0x1_ffff_ffffn, -1n, true],
    ['jslt32', 0x8000_0000n, 0n, true],
    ['jsle32', 0x1_0000_0001n, 0n, false],
    ['jsle32', 0x8000_0000n, 0n, true],
  ].flatMap(([mnemonic, left, right, isTaken]) =>
    taken(String(mnemonic), BigInt(left ?? 0), BigInt(right ?? 0), isTaken === true),
  ),
];

const inMemory = { memory: MEMORY };

const memory: readonly InstructionVector[] = [
  vector('ldxb r0, [r1+4]', 0x85n, inMemory),
  vector('ldxh r0, [r1+4]', 0x9685n, inMemory),
  vector('ldxw r0, [r1+4]', 0xb8a7_9685n, inMemory),
  vector('ldxdw r0, [r1]', 0xb8a7_9685_4433_2211n, inMemory),
  vector('ldxsb r0, [r1+4]', 0xffff_ffff_ffff_ff85n, inMemory),
  vector('ldxsh r0, [r1+4]', 0xffff_ffff_ffff_9685n, inMemory),
  vector('ldxsw r0, [r1+4]', 0xffff_ffff_b8a7_9685n, inMemory),
  vector('ldxsw r0, [r1]', 0x4433_2211n, inMemory),
  vector('add r1, 8\nldxb r0, [r1-1]', 0xb8n, inMemory),
  vector('mov r0, r2', 8n, inMemory),
  vector('stb [r1+1], 0xff\nldxw r0, [r1]', 0x4433_ff11n, inMemory),
  vector('sth [r1+2], 0x8001\nldxw r0, [r1]', 0x8001_2211n, inMemory),
  vector('stw [r1], -2\nldxdw r0, [r1]', 0xb8a7_9685_ffff_fffen, inMemory),
  vector('stdw [r1], -2\nldxdw r0, [r1]', 0xffff_ffff_ffff_fffen, inMemory),
  vector('mov r3, -2\nstxb [r1], r3\nldxdw r0, [r1]', 0xb8a7_9685_4433_22fen, inMemory),
  vector('mov r3, -2\nstxh [r1], r3\nldxdw r0, [r1]', 0xb8a7_9685_4433_fffen, inMemory),
  vector('mov r3, -2\nstxw [r1+4], r3\nldxdw r0, [r1]', 0xffff_fffe_4433_2211n, inMemory),
  vector('lddw r3, 0x123456789abcdef0\nstxdw [r10-8], r3\nldxdw r0, [r10-8]', 0x1234_5678_9abc_def0n),
  vector('lddw r0, 0xffffffff00000000', 0xffff_ffff_0000_0000n),
  vector('lddw r0, 1', 1n),
];

/** The stack holds 0x0f0f0f0f_f0f0f0f0, r3 another number; `read` says what ends up in r0. */
const atomic = (
  operation: string,
  operand: bigint,
  inMemoryAfter: bigint,
  fetched: bigint,
): InstructionVector[] => {
  const start = `lddw r0, 0x0f0f0f0ff0f0f0f0\nstxdw [r10-8], r0\nlddw r3, ${operand}\nlock ${operation} [r10-8], r3\n`;
  return [vector(`${start}ldxdw r0, [r10-8]`, inMemoryAfter), vector(`${start}mov r0, r3`, fetched)];
};
const OLD = 0x0f0f_0f0f_f0f0_f0f0n;
const UPPER = 0x0f0f_0f0f_0000_0000n;
const LOWER = 0xf0f0_f0f0n;

const atomics: readonly InstructionVector[] = [
  ...atomic('add', 0x10n, OLD + 0x10n, 0x10n),
  ...atomic('or', 0xfn, OLD | 0xfn, 0xfn),
  ...atomic('and', 0xffff_0000n, 0xf0f0_0000n, 0xffff_0000n),
  ...atomic('xor', ALL, OLD ^ ALL, ALL),
  ...atomic('fetch add', ALL, OLD - 1n, OLD),
  ...atomic('fetch or', 0xfn, OLD | 0xfn, OLD),
  ...atomic('fetch and', 0xffff_0000n, 0xf0f0_0000n, OLD),
  ...atomic('fetch xor', OLD, 0n, OLD),
  ...atomic('xchg', 0x77n, 0x77n, OLD),
  ...atomic('add32', 0x1_2000_0000n, UPPER | 0x10f0_f0f0n, 0x1_2000_0000n),
  ...atomic('or32', 0x1_0000_000fn, UPPER | 0xf0f0_f0ffn, 0x1_0000_000fn),
  ...atomic('and32', 0xffff_0000n, UPPER | 0xf0f0_0000n, 0xffff_0000n),
  ...atomic('xor32', 0xffff_ffffn, UPPER | 0x0f0f_0f0fn, 0xffff_ffffn),
  ...atomic('fetch add32', ALL, UPPER | 0xf0f0_f0efn, LOWER),
  ...atomic('fetch or32', ALL, UPPER | 0xffff_ffffn, LOWER),
  ...atomic('fetch and32', 0xffff_0000n, UPPER | 0xf0f0_0000n, LOWER),
  ...atomic('fetch xor32', LOWER, UPPER, LOWER),
  ...atomic('xchg32', 0x5_0000_0077n, UPPER | 0x77n, LOWER),
];

/** Compares with r0, which is 0x0f0f0f0f_f0f0f0f0 where it must match. */
const compareExchange = (
  mnemonic: string,
  expected: bigint,
  isRead: boolean,
  result: bigint,
): InstructionVector =>
  vector(
    `lddw r0, ${OLD}\nstxdw [r10-8], r0\nlddw r0, ${expected}\nlddw r3, 0x5500000077\nlock ${mnemonic} [r10-8], r3` +
      (isRead ? '\nldxdw r0, [r10-8]' : ''),
    result,
  );

const exchanges: readonly InstructionVector[] = [
  compareExchange('cmpxchg', OLD, true, 0x55_0000_0077n),
  compareExchange('cmpxchg', OLD, false, OLD),
  compareExchange('cmpxchg', 1n, true, OLD),
  compareExchange('cmpxchg', 1n, false, OLD),
  compareExchange('cmpxchg32', 0x9_f0f0_f0f0n, true, UPPER | 0x77n),
  compareExchange('cmpxchg32', 0x9_f0f0_f0f0n, false, LOWER),
  compareExchange('cmpxchg32', 0x9_f0f0_f0f1n, true, OLD),
  compareExchange('cmpxchg32', 0x9_f0f0_f0f1n, false, LOWER),
];

/** The caller's r6 and stack survive, the callee's stack is another one, arguments arrive. */
const calls: readonly InstructionVector[] = [
  vector(
    `mov r6, 1
     stdw [r10-8], 2
     mov r1, 30
     mov r2, 400
     call local sum
     add r0, r6
     ldxdw r3, [r10-8]
     add r0, r3
     exit
     sum:
     mov r6, 7
     stdw [r10-8], 5000
     mov r0, r1
     add r0, r2
     ldxdw r3, [r10-8]
     add r0, r3`,
    5433n,
  ),
  vector(
    `mov r1, r10
     add r1, -8
     stdw [r10-8], 1
     call local store
     ldxdw r0, [r10-8]
     exit
     store:
     stdw [r1], 99
     mov r0, 0`,
    99n,
  ),
  vector('mov r0, 1\nmov r1, 2\ncall local twice\nexit\ntwice:\nmov r0, r1\nadd r0, r1', 4n),
];

/** All of them. */
export const instructionVectors: readonly InstructionVector[] = [
  ...arithmetic64,
  ...arithmetic32,
  ...byteOrder,
  ...jumps,
  ...memory,
  ...atomics,
  ...exchanges,
  ...calls,
];
