/**
 * Moves that happen all at once, one after another: the values that an edge gives to a block, the arguments of a call. A move
 * is due when nobody else needs what is in its target; what is left then goes round in circles, which a spare register breaks.
 */
import { alu64, type Instruction, load, type Register, r10, store } from './instruction.ts';
import type { Recomputable } from './machine.ts';

/** A register or 8 bytes of the frame, by their offset from r10. */
export type Location = { readonly register: number } | { readonly frame: number };

export interface Move {
  readonly to: Location;
  readonly from: Location | { readonly value: Recomputable };
}

/** What moves need from whoever emits them. */
export interface MoveContext {
  /** A register that holds nothing, if there is one. */
  readonly spare: number | undefined;
  /** 8 bytes of the frame that hold nothing, by their offset from r10: one for circles, one for a register that is lent. */
  emergency(use: 'circle' | 'lent'): number;
  /** The instructions that compute a value into a register. */
  compute(register: number, value: Recomputable): Instruction[];
}

/** Immediates have 32 bits, the last of which is their sign. */
const fitsImmediate = (bits: number): boolean => bits < 32;

const operand = (register: number) => ({ register: register as Register });

const isSame = (left: Location, right: Move['from']): boolean =>
  'register' in left
    ? 'register' in right && right.register === left.register
    : 'frame' in right && right.frame === left.frame;

/** Puts moves into an order in which none overwrites what another needs. */
export function sequence(moves: readonly Move[], context: MoveContext): Instruction[] {
  let pending = moves.filter(({ to, from }) => !isSame(to, from));
  const written: Instruction[] = [];
  while (pending.length > 0) {
    const due = pending.find(
      (move) => !pending.some((other) => other !== move && isSame(move.to, other.from)),
    );
    if (due) {
      written.push(...one(due, context, pending));
      pending = pending.filter((move) => move !== due);
      continue;
    }
    // Every target is still needed: keep what one of them holds elsewhere.
    const [first] = pending;
    if (!first) break;
    const keep: Location =
      context.spare === undefined ? { frame: context.emergency('circle') } : { register: context.spare };
    written.push(...one({ to: keep, from: first.to }, context, pending));
    pending = pending.map((move) => (isSame(first.to, move.from) ? { to: move.to, from: keep } : move));
  }
  return written;
}

function one({ to, from }: Move, context: MoveContext, pending: readonly Move[]): Instruction[] {
  if ('register' in to) {
    if ('value' in from) return context.compute(to.register, from.value);
    if ('frame' in from) return [load('u64', operand(to.register), r10, from.frame)];
    return [alu64.mov(operand(to.register), operand(from.register))];
  }
  if ('register' in from) return [store('u64', r10, to.frame, operand(from.register))];
  if ('value' in from && from.value.kind === 'constant') {
    const signed = BigInt.asIntN(64, from.value.value);
    if (signed === BigInt.asIntN(32, signed)) return [store('u64', r10, to.frame, Number(signed))];
  }
  if ('value' in from && from.value.kind === 'late' && fitsImmediate(from.value.bits)) {
    return [{ ...store('u64', r10, to.frame, 0), late: from.value.number }];
  }
  // From memory to memory a register is needed on the way; a spare one that keeps a circle open is none.
  const isTaken = (register: number): boolean => pending.some((move) => isSame({ register }, move.from));
  if (context.spare !== undefined && !isTaken(context.spare)) {
    const way = { register: context.spare };
    return [...one({ to: way, from }, context, pending), ...one({ to, from: way }, context, pending)];
  }
  const lent = { register: 0 };
  const home = { frame: context.emergency('lent') };
  return [
    ...one({ to: home, from: lent }, context, pending),
    ...one({ to: lent, from }, context, pending),
    ...one({ to, from: lent }, context, pending),
    ...one({ to: lent, from: home }, context, pending),
  ];
}
