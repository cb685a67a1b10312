/**
 * What is known of an integer while a program is lowered: the smallest and the largest number that it may be, both inclusive.
 * It decides whether a value fits a narrower field and an index its array. Arithmetic that may leave the range of its type
 * yields that whole range, for it wraps.
 *
 * The verifier follows ranges too, but not through every operator. What it knows is kept apart, for it decides where memory is
 * accessed: an index that only we know to be inside would be refused when the program is loaded.
 */
import { rangeOf, type Scalar } from '@waggle/bpf';
import type { ArithmeticOperator, ComparisonOperator } from './syntax.ts';

export interface Range {
  readonly minimum: bigint;
  readonly maximum: bigint;
}

/** What is known of a value: by us, and by the verifier. */
export interface Known {
  readonly range: Range;
  readonly seen: Range;
}

/** Whether the verifier follows the operator: not divisions, and shifts only by constants. */
export const isSeen = (operator: ArithmeticOperator, right: Range): boolean =>
  operator !== '/' &&
  operator !== '%' &&
  ((operator !== '<<' && operator !== '>>' && operator !== '>>>') || right.minimum === right.maximum);

/** All values of a type. */
export function fullRange(type: Scalar): Range {
  const [minimum, maximum] = rangeOf(type);
  return { minimum, maximum };
}

export const exactly = (value: bigint): Range => ({ minimum: value, maximum: value });

export const contains = (outer: Range, inner: Range): boolean =>
  outer.minimum <= inner.minimum && inner.maximum <= outer.maximum;

/** The smallest range that holds both. */
export const hull = (left: Range, right: Range): Range => ({
  minimum: left.minimum < right.minimum ? left.minimum : right.minimum,
  maximum: left.maximum > right.maximum ? left.maximum : right.maximum,
});

/**
 * What both say. If they contradict each other, which only code that never runs does, the number that `right` allows and that is
 * closest to `left`.
 */
export function intersection(left: Range, right: Range): Range {
  const minimum = left.minimum > right.minimum ? left.minimum : right.minimum;
  const maximum = left.maximum < right.maximum ? left.maximum : right.maximum;
  if (minimum <= maximum) return { minimum, maximum };
  return exactly(right.maximum < left.minimum ? right.maximum : right.minimum);
}

/** The range of the result of an operator whose result is of that type. */
export function rangeOfResult(operator: ArithmeticOperator, type: Scalar, left: Range, right: Range): Range {
  const all = fullRange(type);
  // Counts are taken modulo the width.
  const shifts = operator === '<<' || operator === '>>' || operator === '>>>';
  if (shifts && right.maximum >= BigInt(widthOf(type))) return all;
  const result = unbounded(operator, left, right);
  return result !== undefined && contains(all, result) ? result : all;
}

const widthOf = (type: Scalar): number => (type.bits === 64 ? 64 : 32);

function unbounded(operator: ArithmeticOperator, left: Range, right: Range): Range | undefined {
  const { minimum: a, maximum: b } = left;
  const { minimum: c, maximum: d } = right;
  const natural = a >= 0n && c >= 0n;
  switch (operator) {
    case '+':
      return { minimum: a + c, maximum: b + d };
    case '-':
      return { minimum: a - d, maximum: b - c };
    case '*':
      return natural ? { minimum: a * c, maximum: b * d } : undefined;
    case '/':
      // Division by zero is zero.
      return natural ? { minimum: 0n, maximum: c === 0n ? b : b / c } : undefined;
    case '%':
      // The remainder of a division by zero is the dividend.
      if (!natural) return undefined;
      return { minimum: 0n, maximum: c === 0n || b < d - 1n ? b : d - 1n };
    case '&':
      return natural ? { minimum: 0n, maximum: b < d ? b : d } : undefined;
    case '|':
    case '^':
      return natural ? { minimum: 0n, maximum: allOnes(b > d ? b : d) } : undefined;
    case '<<':
      return natural ? { minimum: a << c, maximum: b << d } : undefined;
    case '>>':
    case '>>>':
      return natural ? { minimum: a >> d, maximum: b >> c } : undefined;
  }
}

/** The largest number with as many bits as `value`. */
function allOnes(value: bigint): bigint {
  return value === 0n ? 0n : (1n << BigInt(value.toString(2).length)) - 1n;
}

/** What `value <operator> bound` says of the value, when it holds. */
export function rangeWhere(operator: ComparisonOperator, value: Range, bound: Range): Range {
  switch (operator) {
    case '===':
      return intersection(value, bound);
    case '!==':
      if (bound.minimum !== bound.maximum) return value;
      if (bound.minimum === value.minimum)
        return intersection(value, { ...value, minimum: value.minimum + 1n });
      if (bound.minimum === value.maximum)
        return intersection(value, { ...value, maximum: value.maximum - 1n });
      return value;
    case '<':
      return intersection(value, { minimum: value.minimum, maximum: bound.maximum - 1n });
    case '<=':
      return intersection(value, { minimum: value.minimum, maximum: bound.maximum });
    case '>':
      return intersection(value, { minimum: bound.minimum + 1n, maximum: value.maximum });
    case '>=':
      return intersection(value, { minimum: bound.minimum, maximum: value.maximum });
  }
}

/** Whether a comparison of values in these ranges holds; undefined if it depends. */
export function outcomeIn(operator: ComparisonOperator, left: Range, right: Range): boolean | undefined {
  switch (operator) {
    case '===':
      if (left.maximum < right.minimum || left.minimum > right.maximum) return false;
      return left.minimum === right.maximum && left.maximum === right.minimum ? true : undefined;
    case '<':
      if (left.maximum < right.minimum) return true;
      return left.minimum >= right.maximum ? false : undefined;
    case '>':
      return outcomeIn('<', right, left);
    default: {
      const otherwise = outcomeIn(opposite[operator], left, right);
      return otherwise === undefined ? undefined : !otherwise;
    }
  }
}

/** The comparison that holds when this one does not. */
export const opposite: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '===': '!==',
  '!==': '===',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};

/** The comparison with its sides exchanged. */
export const mirrored: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '===': '===',
  '!==': '!==',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};
