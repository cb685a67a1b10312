/**
 * The numbers of the eBPF instruction set (RFC 9669): an opcode is a class (3 bits) and, for arithmetic and jumps, a source bit
 * and an operation (4 bits), for loads and stores a size (2 bits) and a mode (3 bits).
 */

export const Class = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, jmp32: 6, alu64: 7 } as const;

/** Where the second operand comes from: the immediate or the source register. */
export const Source = { immediate: 0x00, register: 0x08 } as const;

export const AluOperation = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
  end: 0xd0,
} as const;

export const JumpOperation = {
  always: 0x00,
  equal: 0x10,
  greater: 0x20,
  greaterOrEqual: 0x30,
  bitSet: 0x40,
  notEqual: 0x50,
  signedGreater: 0x60,
  signedGreaterOrEqual: 0x70,
  call: 0x80,
  exit: 0x90,
  less: 0xa0,
  lessOrEqual: 0xb0,
  signedLess: 0xc0,
  signedLessOrEqual: 0xd0,
} as const;

/** How wide a memory access is; the names are those of the language's scalars. */
export const Size = { u32: 0x00, u16: 0x08, u8: 0x10, u64: 0x18 } as const;
export type Size = keyof typeof Size;

/** `absolute` and `indirect` read the packet of a socket buffer; they live on from classic BPF. */
export const Mode = {
  immediate: 0x00,
  absolute: 0x20,
  indirect: 0x40,
  memory: 0x60,
  memorySigned: 0x80,
  atomic: 0xc0,
} as const;

/** What an atomic instruction does, in its immediate; `fetch` leaves the old value in the source register. */
export const AtomicOperation = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  fetchAdd: 0x01,
  fetchOr: 0x41,
  fetchAnd: 0x51,
  fetchXor: 0xa1,
  exchange: 0xe1,
  compareExchange: 0xf1,
} as const;

/** What the source register of a 64-bit immediate load says about the immediate (RFC 9669, 5.4; linux/bpf.h BPF_PSEUDO_*). */
export const Pseudo = {
  none: 0,
  mapFd: 1,
  mapValue: 2,
  btfId: 3,
  function: 4,
  mapIndex: 5,
  mapIndexValue: 6,
} as const;

/** What the source register of a call says about the immediate. */
export const CallKind = { helper: 0, function: 1, kernelFunction: 2 } as const;
