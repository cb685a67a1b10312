import assert from 'node:assert/strict';
import { test } from 'node:test';
import { i32, u32, u64 } from '@waggle/bpf';
import fc from 'fast-check';
import {
  contains,
  exactly,
  fullRange,
  mirrored,
  opposite,
  outcomeIn,
  type Range,
  rangeOfResult,
  rangeWhere,
} from './range.ts';
import type { ArithmeticOperator, ComparisonOperator } from './syntax.ts';

const operators: ArithmeticOperator[] = ['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>>'];
const comparisons: ComparisonOperator[] = ['===', '!==', '<', '<=', '>', '>='];

/** A range of u32 and a number in it. */
const within = fc
  .tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(1000), fc.nat(1000))
  .map(([middle, below, above]): { range: Range; value: bigint } => {
    const value = BigInt(middle);
    const minimum = value - BigInt(below);
    const maximum = value + BigInt(above);
    return {
      range: {
        minimum: minimum < 0n ? 0n : minimum,
        maximum: maximum > 0xffff_ffffn ? 0xffff_ffffn : maximum,
      },
      value,
    };
  });
const small = fc.nat(40).map((value) => ({ range: { minimum: 0n, maximum: 40n }, value: BigInt(value) }));

/** What the machine computes, in 32 bits. */
function compute(operator: ArithmeticOperator, left: bigint, right: bigint): bigint {
  const [a, b] = [Number(left), Number(right)];
  switch (operator) {
    case '+':
      return BigInt.asUintN(32, left + right);
    case '-':
      return BigInt.asUintN(32, left - right);
    case '*':
      return BigInt.asUintN(32, left * right);
    case '/':
      return right === 0n ? 0n : left / right;
    case '%':
      return right === 0n ? left : left % right;
    case '<<':
      return BigInt((a << b) >>> 0);
    case '&':
      return BigInt((a & b) >>> 0);
    case '|':
      return BigInt((a | b) >>> 0);
    case '^':
      return BigInt((a ^ b) >>> 0);
    default:
      return BigInt(a >>> b);
  }
}

test('the result of an operator is in the range that is told', () => {
  fc.assert(
    fc.property(fc.constantFrom(...operators), within, fc.oneof(within, small), (operator, left, right) => {
      const range = rangeOfResult(operator, u32, left.range, right.range);
      const result = compute(operator, left.value, right.value);
      assert.ok(contains(range, exactly(result)), `${left.value} ${operator} ${right.value} = ${result}`);
    }),
  );
});

test('a shift by more than the width counts modulo the width', () => {
  const left = exactly(1n);
  assert.deepEqual(rangeOfResult('>>>', u32, left, exactly(32n)), fullRange(u32));
  assert.deepEqual(rangeOfResult('<<', u32, left, { minimum: 0n, maximum: 33n }), fullRange(u32));
  assert.deepEqual(rangeOfResult('<<', u64, left, exactly(33n)), exactly(1n << 33n));
});

test('what wraps may be anything', () => {
  const one = exactly(1n);
  assert.deepEqual(rangeOfResult('-', u32, { minimum: 0n, maximum: 5n }, one), fullRange(u32));
  assert.deepEqual(rangeOfResult('-', i32, { minimum: 0n, maximum: 5n }, one), { minimum: -1n, maximum: 4n });
});

test('a comparison that holds narrows both sides without losing them', () => {
  const holds = (operator: ComparisonOperator, left: bigint, right: bigint): boolean =>
    ({
      '===': left === right,
      '!==': left !== right,
      '<': left < right,
      '<=': left <= right,
      '>': left > right,
      '>=': left >= right,
    })[operator];
  fc.assert(
    fc.property(fc.constantFrom(...comparisons), within, within, (comparison, left, right) => {
      const outcome = holds(comparison, left.value, right.value);
      const true_ = outcome ? comparison : opposite[comparison];
      const first = rangeWhere(true_, left.range, right.range);
      const second = rangeWhere(mirrored[true_], right.range, left.range);
      assert.ok(contains(first, exactly(left.value)));
      assert.ok(contains(second, exactly(right.value)));
    }),
  );
});

test('a comparison that is decided by ranges holds for all numbers in them', () => {
  fc.assert(
    fc.property(fc.constantFrom(...comparisons), within, within, (operator, left, right) => {
      const outcome = outcomeIn(operator, left.range, right.range);
      if (outcome === undefined) return;
      const told = rangeWhere(
        outcome ? operator : opposite[operator],
        exactly(left.value),
        exactly(right.value),
      );
      assert.deepEqual(told, exactly(left.value));
    }),
  );
  assert.equal(outcomeIn('<=', exactly(3n), { minimum: 3n, maximum: 9n }), true);
  assert.equal(outcomeIn('===', exactly(3n), exactly(3n)), true);
  assert.equal(outcomeIn('!==', exactly(3n), { minimum: 3n, maximum: 9n }), undefined);
});
