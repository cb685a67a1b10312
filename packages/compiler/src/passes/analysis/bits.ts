/**
 * Which bits of an integer are certain: every value lies between `must`, the bits that are surely set, and `may`, those
 * that can be. Only what the verifier of the kernel finds out as well counts as known. A mask after `x % 10` or after a
 * swap of bytes may be needless, but it is there because the verifier knows no bounds of either, and has to stay.
 */
import type { BinaryOperator, Comparison, IrFunction, IrInstruction, Value } from '../../ir/ir.ts';
import { type IrType, isInteger } from '../../ir/type.ts';
import { normalize, onesOf, widthOf } from './arithmetic.ts';
import { flowOf, incomingEdges } from './flow.ts';

/** As numbers the two are the least and the greatest that the value can be. */
export interface Bits {
  readonly must: bigint;
  readonly may: bigint;
}

const any32: Bits = { must: 0n, may: onesOf(32) };
const any64: Bits = { must: 0n, may: onesOf(64) };
const truth: Bits = { must: 0n, may: 1n };
const unknown = (type: IrType): Bits => (type === 'i32' ? any32 : any64);
const upTo = (greatest: bigint): Bits => ({ must: 0n, may: fill(greatest) });

const half = (ones: bigint): bigint => ones >> (ones === any32.may ? 16n : 32n);

/** All bits up to the highest that is set. */
const fill = (value: bigint): bigint => (value === 0n ? 0n : (1n << BigInt(value.toString(2).length)) - 1n);

/** The known bits of the integers of a function, found out in the order in which blocks come before others. */
export class KnownBits {
  readonly #known: (Bits | undefined)[] = [];
  readonly #width: (IrType | undefined)[] = [];

  constructor(fn: IrFunction) {
    for (const { params, instructions } of fn.blocks) {
      for (const { id, type } of params) this.#width[id] = type;
      for (const { id, type } of instructions) this.#width[id] = type;
    }
  }

  /** What is known of a value: everything is possible for one that was not looked at yet. */
  of(value: Value): Bits {
    return this.#known[value] ?? unknown(this.#width[value] ?? 'i64');
  }

  /** Notes what is known of the result of an instruction. */
  learn(instruction: IrInstruction): void {
    if (isInteger(instruction.type)) this.#known[instruction.id] = this.#after(instruction);
  }

  /** Notes what is known of the parameters of all blocks, once their predecessors were looked at. */
  learnParameters(fn: IrFunction): (node: number) => void {
    const incoming = incomingEdges(flowOf(fn));
    return (node) => {
      for (const [index, { id, type }] of (fn.blocks[node]?.params ?? []).entries()) {
        const edges = incoming[node] ?? [];
        // The parameters of the entry come from the caller.
        if (!isInteger(type) || node === 0) continue;
        const given = edges.map(({ edge }) => this.of(edge.args[index] ?? id));
        this.#known[id] = given.reduce((left, right) => ({
          must: left.must & right.must,
          may: left.may | right.may,
        }));
      }
    };
  }

  #after(instruction: IrInstruction): Bits {
    const { type, args } = instruction;
    const [left = 0, right = 0] = args;
    switch (instruction.op) {
      case 'const': {
        const value = normalize(type, instruction.value);
        return { must: value, may: value };
      }
      case 'load':
        return instruction.size === 8 ? any64 : upTo((1n << BigInt(instruction.size * 8)) - 1n);
      case 'compare':
        return truth;
      case 'zeroExtend':
        return this.of(left);
      case 'truncate': {
        const { must, may } = this.of(left);
        return { must: must & any32.may, may: may & any32.may };
      }
      case 'signExtend': {
        const low = (1n << BigInt(instruction.bits)) - 1n;
        const { must, may } = this.of(left);
        const negative = (may >> BigInt(instruction.bits - 1)) & 1n;
        return negative ? unknown(type) : { must: must & low, may: may & low };
      }
      case 'add':
      case 'mul':
      case 'and':
      case 'or':
      case 'xor':
      case 'shiftLeft':
      case 'shiftRight':
      case 'signedShiftRight':
        return combine(instruction.op, type, this.of(left), this.of(right));
      default:
        return unknown(type);
    }
  }
}

function combine(operator: BinaryOperator, type: IrType, left: Bits, right: Bits): Bits {
  const ones = unknown(type).may;
  switch (operator) {
    case 'and':
      return { must: left.must & right.must, may: left.may & right.may };
    case 'or':
      return { must: left.must | right.must, may: left.may | right.may };
    case 'xor':
      return {
        must: (left.must & ~right.may) | (right.must & ~left.may),
        may: (left.may | right.may) & ~(left.must & right.must),
      };
    case 'add':
      return left.may + right.may <= ones ? upTo(left.may + right.may) : unknown(type);
    case 'mul':
      // The verifier multiplies bounds of at most half the bits of the result.
      if (left.may > half(ones) || right.may > half(ones)) return unknown(type);
      return upTo(left.may * right.may);
    default:
      return left.may === 0n || right.must !== right.may
        ? unknown(type)
        : shift(operator, type, left, right.may);
  }
}

function shift(operator: BinaryOperator, type: IrType, { must, may }: Bits, by: bigint): Bits {
  const width = widthOf(type);
  const amount = by & BigInt(width - 1);
  if (operator === 'shiftLeft') {
    return { must: BigInt.asUintN(width, must << amount), may: BigInt.asUintN(width, may << amount) };
  }
  const negative = operator === 'signedShiftRight' && may >> BigInt(width - 1) !== 0n;
  return negative ? unknown(type) : { must: must >> amount, may: may >> amount };
}

/** Whether a comparison of values of which that is known holds; undefined if it depends. */
export function decide(comparison: Comparison, left: Bits, right: Bits): boolean | undefined {
  const settle = (always: boolean, never: boolean): boolean | undefined =>
    always ? true : never ? false : undefined;
  switch (comparison) {
    case 'equal':
    case 'notEqual': {
      const differ = (left.must & ~right.may) !== 0n || (right.must & ~left.may) !== 0n;
      const same = left.must === left.may && right.must === right.may && left.may === right.may;
      return comparison === 'equal' ? settle(same, differ) : settle(differ, same);
    }
    case 'less':
      return settle(left.may < right.must, left.must >= right.may);
    case 'lessOrEqual':
      return settle(left.may <= right.must, left.must > right.may);
    case 'greater':
      return settle(left.must > right.may, left.may <= right.must);
    case 'greaterOrEqual':
      return settle(left.must >= right.may, left.may < right.must);
    case 'bitSet':
      return settle((left.must & right.must) !== 0n, (left.may & right.may) === 0n);
    default:
      return undefined;
  }
}
