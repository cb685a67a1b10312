/**
 * The laws of arithmetic: `x + 0` is `x`, `(x + 1) + 2` is `x + 3`, and what costs a multiplication or a division by a power
 * of two costs a shift. Nothing is computed around a value that the program compares, because the verifier keeps in mind
 * only what the comparison says of that value.
 */
import type { BinaryOperator, IrInstruction, Value } from '../ir/ir.ts';
import { isCommutative } from '../ir/operators.ts';
import type { Integer } from '../ir/type.ts';
import { compute, onesOf, opposite, widthOf } from './analysis/arithmetic.ts';
import type { Scope, Simpler } from './analysis/simplify.ts';

/** A simpler form of `left operator right`, both integers of the type, not both constant. */
export function simplifyBinary(
  operator: BinaryOperator,
  { args: [left = 0, right = 0] }: IrInstruction,
  type: Integer,
  scope: Scope,
): Value | Simpler | undefined {
  if (left === right) return ofEqual(operator, left);
  const first = scope.constant(left);
  const second = scope.constant(right);
  if (second !== undefined) {
    return withConstant(operator, left, second, type, scope) ?? grouped(operator, left, second, type, scope);
  }
  if (first === undefined) return undefined;
  if (isCommutative(operator)) return { op: operator, args: [right, left] };
  // Zero divided, or shifted, by anything; also by zero.
  return first === 0n && operator !== 'sub' ? left : undefined;
}

const zero: Simpler = { op: 'const', value: 0n, args: [] };

function ofEqual(operator: BinaryOperator, value: Value): Value | Simpler | undefined {
  switch (operator) {
    case 'and':
    case 'or':
      return value;
    case 'sub':
    case 'xor':
    case 'mod':
    case 'signedMod':
      return zero;
    default:
      return undefined;
  }
}

function withConstant(
  operator: BinaryOperator,
  left: Value,
  right: bigint,
  type: Integer,
  scope: Scope,
): Value | Simpler | undefined {
  const width = widthOf(type);
  const ones = onesOf(width);
  const exponent = powerOfTwo(right);
  const cheaper = (op: BinaryOperator, operand: bigint | undefined): Simpler | undefined =>
    operand === undefined ? undefined : { op, args: [left, scope.number(type, operand)] };
  switch (operator) {
    case 'add':
    case 'sub':
    case 'or':
      if (right === 0n) return left;
      return operator === 'or' && right === ones ? { op: 'const', value: ones, args: [] } : undefined;
    case 'xor':
      return right === 0n ? left : negatedComparison(left, right, scope);
    case 'and':
      if (right === 0n) return zero;
      if (right === ones) return left;
      // As a number this mask takes a register of its own; as a move of the low half it takes one instruction.
      if (type === 'i64' && right === onesOf(32)) {
        return { op: 'zeroExtend', args: [scope.insert('i32', { op: 'truncate', args: [left] })] };
      }
      return undefined;
    case 'mul':
      if (right === 0n) return zero;
      if (right === 1n) return left;
      return cheaper('shiftLeft', exponent);
    case 'div':
      if (right === 0n) return zero;
      if (right === 1n) return left;
      return cheaper('shiftRight', exponent);
    case 'mod':
      if (right === 0n) return left;
      if (right === 1n) return zero;
      return cheaper('and', exponent && right - 1n);
    case 'signedDiv':
      if (right === 0n) return zero;
      return right === 1n ? left : undefined;
    case 'signedMod':
      if (right === 0n) return left;
      return right === 1n || right === ones ? zero : undefined;
    default: {
      const amount = right & BigInt(width - 1);
      if (amount === 0n) return left;
      return amount === right ? undefined : cheaper(operator, amount);
    }
  }
}

/** The exponent of 2, 4, 8 …; undefined for every other number. */
const powerOfTwo = (value: bigint): bigint | undefined =>
  value > 1n && (value & (value - 1n)) === 0n ? BigInt(value.toString(2).length - 1) : undefined;

/** `(a < b) ^ 1` is `a >= b`. */
function negatedComparison(left: Value, right: bigint, scope: Scope): Simpler | undefined {
  const inner = scope.definition(left);
  if (inner?.op !== 'compare' || right !== 1n) return undefined;
  const comparison = opposite(inner.comparison);
  return comparison && { op: 'compare', comparison, args: inner.args };
}

/** `(x + 1) + 2`. */
function grouped(
  operator: BinaryOperator,
  left: Value,
  outer: bigint,
  type: Integer,
  scope: Scope,
): Simpler | undefined {
  const definition = scope.definition(left);
  const [base, operand] = definition?.args ?? [];
  if (definition === undefined || base === undefined || operand === undefined || scope.compared(left)) {
    return undefined;
  }
  const inner = scope.constant(operand);
  if (inner === undefined) return undefined;
  const width = widthOf(type);
  const additive = (name: string): boolean => name === 'add' || name === 'sub';
  if (additive(operator) && additive(definition.op)) {
    const negative = (operator === 'sub' ? -outer : outer) + (definition.op === 'sub' ? -inner : inner);
    const sum = BigInt.asIntN(width, negative);
    return sum < 0n
      ? { op: 'sub', args: [base, scope.number(type, -sum)] }
      : { op: 'add', args: [base, scope.number(type, sum)] };
  }
  if (definition.op !== operator) return undefined;
  if (isCommutative(operator)) {
    return { op: operator, args: [base, scope.number(type, compute(operator, width, inner, outer))] };
  }
  if (operator !== 'shiftLeft' && operator !== 'shiftRight') return undefined;
  const amount = (inner & BigInt(width - 1)) + (outer & BigInt(width - 1));
  return amount < width ? { op: operator, args: [base, scope.number(type, amount)] } : zero;
}
