/** The operators of the IR as lists, and what is known about them without looking at values. */
import type { AtomicOperator, BinaryOperator, Comparison } from './ir.ts';

export const binaryOperators: readonly BinaryOperator[] = [
  'add',
  'sub',
  'mul',
  'div',
  'mod',
  'signedDiv',
  'signedMod',
  'and',
  'or',
  'xor',
  'shiftLeft',
  'shiftRight',
  'signedShiftRight',
];

export const comparisons: readonly Comparison[] = [
  'equal',
  'notEqual',
  'less',
  'lessOrEqual',
  'greater',
  'greaterOrEqual',
  'signedLess',
  'signedLessOrEqual',
  'signedGreater',
  'signedGreaterOrEqual',
  'bitSet',
];

export const atomicOperators: readonly AtomicOperator[] = [
  'add',
  'and',
  'or',
  'xor',
  'fetchAdd',
  'fetchAnd',
  'fetchOr',
  'fetchXor',
  'exchange',
  'compareExchange',
];

/** The comparison that holds where the given one does not; `bitSet` has none. */
export const negations: Readonly<Record<Exclude<Comparison, 'bitSet'>, Exclude<Comparison, 'bitSet'>>> = {
  equal: 'notEqual',
  notEqual: 'equal',
  less: 'greaterOrEqual',
  lessOrEqual: 'greater',
  greater: 'lessOrEqual',
  greaterOrEqual: 'less',
  signedLess: 'signedGreaterOrEqual',
  signedLessOrEqual: 'signedGreater',
  signedGreater: 'signedLessOrEqual',
  signedGreaterOrEqual: 'signedLess',
};

/** The comparison that says the same of `right, left`. */
export const mirrored: Readonly<Record<Comparison, Comparison>> = {
  equal: 'equal',
  notEqual: 'notEqual',
  less: 'greater',
  lessOrEqual: 'greaterOrEqual',
  greater: 'less',
  greaterOrEqual: 'lessOrEqual',
  signedLess: 'signedGreater',
  signedLessOrEqual: 'signedGreaterOrEqual',
  signedGreater: 'signedLess',
  signedGreaterOrEqual: 'signedLessOrEqual',
  bitSet: 'bitSet',
};

/** Operators whose operands may change places. */
export const isCommutative = (operator: BinaryOperator): boolean =>
  ['add', 'mul', 'and', 'or', 'xor'].includes(operator);
