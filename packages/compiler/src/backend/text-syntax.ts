/**
 * The words and signs of the kernel's pseudo-C (`r0 = *(u32 *)(r1 +4)`, `if w1 s> w2 goto L7`), shared by the
 * disassembler and the text assembler, so that what one writes the other reads.
 */

import { Helper } from './helper.ts';
import { AluOperation, AtomicOperation, JumpOperation } from './opcode.ts';

/** `r1 += r2`: the sign of an arithmetic operation between two operands. */
export const assignmentSigns = {
  '=': AluOperation.mov,
  '+=': AluOperation.add,
  '-=': AluOperation.sub,
  '*=': AluOperation.mul,
  '/=': AluOperation.div,
  '%=': AluOperation.mod,
  '|=': AluOperation.or,
  '&=': AluOperation.and,
  '^=': AluOperation.xor,
  '<<=': AluOperation.lsh,
  '>>=': AluOperation.rsh,
  's>>=': AluOperation.arsh,
} as const;

/** `if r1 s> r2`: the sign of a comparison. */
export const comparisonSigns = {
  '==': JumpOperation.equal,
  '!=': JumpOperation.notEqual,
  '>': JumpOperation.greater,
  '>=': JumpOperation.greaterOrEqual,
  '<': JumpOperation.less,
  '<=': JumpOperation.lessOrEqual,
  's>': JumpOperation.signedGreater,
  's>=': JumpOperation.signedGreaterOrEqual,
  's<': JumpOperation.signedLess,
  's<=': JumpOperation.signedLessOrEqual,
  '&': JumpOperation.bitSet,
} as const;

/** `lock *(u64 *)(r1 +0) += r2`: atomic operations that leave the old value nowhere. */
export const lockSigns = {
  '+=': AtomicOperation.add,
  '|=': AtomicOperation.or,
  '&=': AtomicOperation.and,
  '^=': AtomicOperation.xor,
} as const;

/** `r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)`: those that fetch it. */
export const fetchNames = {
  fetch_add: AtomicOperation.fetchAdd,
  fetch_or: AtomicOperation.fetchOr,
  fetch_and: AtomicOperation.fetchAnd,
  fetch_xor: AtomicOperation.fetchXor,
  xchg: AtomicOperation.exchange,
  cmpxchg: AtomicOperation.compareExchange,
} as const;

/** The key of an entry with this value. */
export function keyOf<Key extends string>(
  table: Readonly<Record<Key, number>>,
  value: number,
): Key | undefined {
  return (Object.keys(table) as Key[]).find((key) => table[key] === value);
}

/** `mapLookupElem` -> `map_lookup_elem`, as the kernel writes it after `bpf_`. */
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The helpers' numbers by their names in the kernel, without `bpf_`. */
export const helperNumbers: ReadonlyMap<string, number> = new Map(
  Object.entries(Helper).map(([name, number]) => [snakeCase(name), number]),
);

const helperNames: ReadonlyMap<number, string> = new Map(
  [...helperNumbers].map(([name, number]) => [number, name]),
);

/** A helper's name in the kernel, without `bpf_`; undefined for a number that no helper has. */
export const helperName = (number: number): string | undefined => helperNames.get(number);
