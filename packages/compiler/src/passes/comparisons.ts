/**
 * What is known of a comparison without running it, and simpler comparisons that say the same. `compare` instructions and
 * branches share it.
 */
import type { Comparison, Value } from '../ir/ir.ts';
import { mirrored } from '../ir/operators.ts';
import { isInteger, isNullable } from '../ir/type.ts';
import { holds, holdsForEqual, onesOf, opposite, swapBytes, widthOf } from './analysis/arithmetic.ts';
import type { Scope } from './analysis/simplify.ts';

export interface Condition {
  readonly comparison: Comparison;
  readonly left: Value;
  readonly right: Value;
}

/** The outcome of a condition, or a simpler one; undefined if there is none. */
export function simplifyCondition(condition: Condition, scope: Scope): boolean | Condition | undefined {
  const { comparison, left, right } = condition;
  const type = scope.type(left);
  const width = widthOf(type);
  const first = scope.constant(left);
  const second = scope.constant(right);
  if (first !== undefined && second !== undefined) return holds(comparison, width, first, second);
  if (left === right) {
    const outcome = holdsForEqual(comparison);
    if (outcome !== undefined) return outcome;
  }
  if (first !== undefined) return { comparison: mirrored[comparison], left: right, right: left };
  if (second === undefined) return undefined;
  if (!isInteger(type)) return isNullable(type) || second !== 0n ? undefined : comparison === 'notEqual';
  return againstConstant(condition, second, scope);
}

function againstConstant(
  condition: Condition,
  constant: bigint,
  scope: Scope,
): boolean | Condition | undefined {
  const { comparison, left } = condition;
  const ones = onesOf(widthOf(scope.type(left)));
  const withZero = (with0: Comparison): Condition => ({
    comparison: with0,
    left,
    right: constant === 0n ? condition.right : scope.number(scope.type(left), 0n),
  });
  switch (comparison) {
    case 'less':
      if (constant === 0n) return false;
      return constant === 1n ? withZero('equal') : throughConversion(condition, constant, scope);
    case 'greaterOrEqual':
      if (constant === 0n) return true;
      return constant === 1n ? withZero('notEqual') : throughConversion(condition, constant, scope);
    case 'greater':
      if (constant === ones) return false;
      return constant === 0n ? withZero('notEqual') : throughConversion(condition, constant, scope);
    case 'lessOrEqual':
      if (constant === ones) return true;
      return constant === 0n ? withZero('equal') : throughConversion(condition, constant, scope);
    case 'bitSet':
      if (constant === 0n) return false;
      return constant === ones ? withZero('notEqual') : undefined;
    case 'equal':
    case 'notEqual':
      return throughComparison(condition, constant, scope) ?? throughConversion(condition, constant, scope);
    default:
      return undefined;
  }
}

/** `(a < b) !== 0` is `a < b`. */
function throughComparison(
  condition: Condition,
  constant: bigint,
  scope: Scope,
): boolean | Condition | undefined {
  const inner = scope.definition(condition.left);
  if (inner?.op !== 'compare') return undefined;
  const asked = condition.comparison === 'equal';
  if (constant > 1n) return !asked;
  const [left = 0, right = 0] = inner.args;
  const comparison = asked === (constant === 1n) ? inner.comparison : opposite(inner.comparison);
  return comparison === undefined ? undefined : { comparison, left, right };
}

/**
 * A comparison of a widened value is one of the value, and a value whose bytes were swapped equals a constant if the value
 * equals the swapped constant. Only for what nothing else uses: the verifier learns about the value that is compared, and
 * must not learn less about one that is used afterwards.
 */
function throughConversion(
  condition: Condition,
  constant: bigint,
  scope: Scope,
): boolean | Condition | undefined {
  const { comparison, left } = condition;
  const inner = scope.definition(left);
  const argument = inner?.args[0];
  if (inner === undefined || argument === undefined || !scope.usedOnce(left)) return undefined;
  if (inner.op === 'zeroExtend') {
    if (constant > onesOf(32)) return comparison === 'notEqual' || comparison.startsWith('less');
    return { comparison, left: argument, right: scope.number('i32', constant) };
  }
  if (inner.op !== 'swapBytes' || (comparison !== 'equal' && comparison !== 'notEqual')) return undefined;
  if (constant >> BigInt(inner.bits) !== 0n) return comparison === 'notEqual';
  const type = scope.type(argument);
  if (inner.bits !== widthOf(type) && !isLoadOf(argument, inner.bits, scope)) return undefined;
  return { comparison, left: argument, right: scope.number(type, swapBytes(inner.bits, constant)) };
}

const isLoadOf = (value: Value, bits: number, scope: Scope): boolean => {
  const definition = scope.definition(value);
  return definition?.op === 'load' && definition.size * 8 <= bits;
};
