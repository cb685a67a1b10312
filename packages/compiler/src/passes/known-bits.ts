/**
 * Removes what does nothing because of the bits that a value has: masks that clear what is clear already, sign extensions
 * of what is never negative, comparisons whose outcome is known. Signed operations on numbers without a sign become
 * unsigned ones, which every version of the instruction set has.
 *
 *     %2: i32 = load u8 %1 +0
 *     %3: i32 = const 255
 *     %4: i32 = and %2 %3              =>    (%2 in place of %4)
 */
import type { BinaryOperator, Comparison, IrInstruction, Terminator, Value } from '../ir/ir.ts';
import { isInteger } from '../ir/type.ts';
import { onesOf, widthOf } from './analysis/arithmetic.ts';
import { decide, KnownBits } from './analysis/bits.ts';
import { jumpTo } from './analysis/rewrite.ts';
import { type Scope, type Simpler, simplify } from './analysis/simplify.ts';
import { functionPass, type Pass } from './pass.ts';

/** Simplification by known bits. */
export const knownBits: Pass = functionPass('knownBits', (fn) => {
  const bits = new KnownBits(fn);
  return simplify(fn, {
    block: bits.learnParameters(fn),
    instruction: (instruction, scope) => {
      bits.learn(instruction);
      return simpler(instruction, scope, bits);
    },
    terminator: (terminator, scope) => decided(terminator, scope, bits),
  });
});

const unsigned: Partial<Record<BinaryOperator, BinaryOperator>> = {
  signedDiv: 'div',
  signedMod: 'mod',
  signedShiftRight: 'shiftRight',
};

const unsignedComparison: Partial<Record<Comparison, Comparison>> = {
  signedLess: 'less',
  signedLessOrEqual: 'lessOrEqual',
  signedGreater: 'greater',
  signedGreaterOrEqual: 'greaterOrEqual',
};

function simpler(instruction: IrInstruction, scope: Scope, bits: KnownBits): Value | Simpler | undefined {
  const { type, args } = instruction;
  const [left = 0, right = 0] = args;
  switch (instruction.op) {
    case 'store':
      return withoutMask(instruction, scope, bits);
    case 'compare':
      return compare(instruction.comparison, left, right, scope, bits);
    case 'and':
    case 'or':
    case 'xor':
    case 'shiftLeft':
    case 'shiftRight':
    case 'signedShiftRight':
    case 'truncate':
    case 'mod':
    case 'signedMod':
    case 'div':
    case 'signedDiv':
    case 'zeroExtend':
    case 'signExtend': {
      const { must, may } = bits.of(instruction.id);
      if (must === may) return { op: 'const', value: must, args: [] };
      break;
    }
    default:
      return undefined;
  }
  const first = bits.of(left);
  const second = bits.of(right);
  switch (instruction.op) {
    case 'and':
      if ((first.may & ~second.must) === 0n) return left;
      return (second.may & ~first.must) === 0n ? right : undefined;
    case 'or':
      if ((second.may & ~first.must) === 0n) return left;
      return (first.may & ~second.must) === 0n ? right : undefined;
    case 'mod':
      return first.may < second.must ? left : undefined;
    case 'div':
      return first.may < second.must ? { op: 'const', value: 0n, args: [] } : undefined;
    case 'signedDiv':
    case 'signedMod':
      return neverNegative(left, right, scope, bits)
        ? { op: unsigned[instruction.op] ?? instruction.op, args }
        : undefined;
    case 'signedShiftRight':
      return neverNegative(left, left, scope, bits) ? { op: 'shiftRight', args } : undefined;
    case 'zeroExtend': {
      const inner = scope.definition(left);
      const [wide = 0] = inner?.args ?? [];
      return inner?.op === 'truncate' && bits.of(wide).may <= onesOf(32) ? wide : undefined;
    }
    case 'signExtend': {
      if (first.may >> BigInt(instruction.bits - 1) !== 0n) return undefined;
      if (scope.type(left) === type) return left;
      return type === 'i64' ? { op: 'zeroExtend', args } : { op: 'truncate', args };
    }
    default:
      return undefined;
  }
}

/** A store of one byte needs no mask of eight bits. */
function withoutMask(
  instruction: IrInstruction & { op: 'store' },
  scope: Scope,
  bits: KnownBits,
): Simpler | undefined {
  const [pointer = 0, value = 0] = instruction.args;
  const inner = scope.definition(value);
  if (inner?.op !== 'and') return undefined;
  const [left = 0, right = 0] = inner.args;
  const written = (1n << BigInt(instruction.size * 8)) - 1n;
  if ((written & ~bits.of(right).must) !== 0n) return undefined;
  const { op, size, offset } = instruction;
  return { op, size, offset, args: [pointer, left] };
}

function compare(
  comparison: Comparison,
  left: Value,
  right: Value,
  scope: Scope,
  bits: KnownBits,
): Value | Simpler | undefined {
  const type = scope.type(left);
  if (!isInteger(type)) return undefined;
  const outcome = decide(comparison, bits.of(left), bits.of(right));
  if (outcome !== undefined) return { op: 'const', value: outcome ? 1n : 0n, args: [] };
  // What is 0 or 1 is its own comparison with them.
  if (type === 'i32' && bits.of(left).may === 1n) {
    const asked = scope.constant(right);
    if ((comparison === 'notEqual' && asked === 0n) || (comparison === 'equal' && asked === 1n)) return left;
  }
  const cheaper = unsignedComparison[comparison];
  if (cheaper === undefined || !neverNegative(left, right, scope, bits)) return undefined;
  return { op: 'compare', comparison: cheaper, args: [left, right] };
}

function neverNegative(left: Value, right: Value, scope: Scope, bits: KnownBits): boolean {
  const sign = BigInt(widthOf(scope.type(left)) - 1);
  return bits.of(left).may >> sign === 0n && bits.of(right).may >> sign === 0n;
}

function decided(terminator: Terminator, scope: Scope, bits: KnownBits): Terminator | undefined {
  if (terminator.op !== 'branch' || !isInteger(scope.type(terminator.left))) return undefined;
  const { comparison, left, right, then, otherwise } = terminator;
  const outcome = decide(comparison, bits.of(left), bits.of(right));
  if (outcome !== undefined) return jumpTo(outcome ? then : otherwise, terminator);
  const cheaper = unsignedComparison[comparison];
  if (cheaper === undefined || !neverNegative(left, right, scope, bits)) return undefined;
  return { ...terminator, comparison: cheaper };
}
