/**
 * Conditions become jumps: `&&`, `||` and `!` are only a matter of where to. Each jump also notes what it tells of the values
 * that were compared: a pointer is not null, a number is in a range.
 */
import { bool } from '@waggle/bpf';
import type { Comparison, Value } from '../ir/ir.ts';
import type { IrType } from '../ir/type.ts';
import { expression } from './expressions.ts';
import type { Fact } from './facts.ts';
import type { Lowering } from './lowering.ts';
import { describeOperand, type Operand, type ScalarOperand } from './operand.ts';
import { followChain, isOptionalChain } from './optional-chains.ts';
import { type Known, mirrored, opposite, outcomeIn, rangeWhere } from './range.ts';
import { scalar, scalarOf, unify } from './scalars.ts';
import type { BuildingBlock } from './ssa.ts';
import type { ComparisonOperator, Expression, Place } from './syntax.ts';

const UNSIGNED: Readonly<Record<ComparisonOperator, Comparison>> = {
  '===': 'equal',
  '!==': 'notEqual',
  '<': 'less',
  '<=': 'lessOrEqual',
  '>': 'greater',
  '>=': 'greaterOrEqual',
};
const SIGNED: Readonly<Record<ComparisonOperator, Comparison>> = {
  '===': 'equal',
  '!==': 'notEqual',
  '<': 'signedLess',
  '<=': 'signedLessOrEqual',
  '>': 'signedGreater',
  '>=': 'signedGreaterOrEqual',
};

type ComparisonNode = Extract<Expression, { kind: 'comparison' }>;

/** A comparison that the machine can do, and what each outcome tells. */
interface Test {
  readonly comparison: Comparison;
  readonly left: Value;
  readonly right: Value;
  readonly whenTrue: readonly (readonly [Value, Fact])[];
  readonly whenFalse: readonly (readonly [Value, Fact])[];
}

/**
 * Ends the block: goes to `then` if the condition holds, else to `otherwise`. When the outcome is used as a value
 * (`strict`), both sides of `&&` and `||` have to be booleans, for JavaScript would yield one of the sides.
 */
export function condition(
  f: Lowering,
  node: Expression,
  then: BuildingBlock,
  otherwise: BuildingBlock,
  strict = false,
): void {
  if (node.kind === 'unary' && node.operator === '!') condition(f, node.operand, otherwise, then);
  else if (node.kind === 'logical' && node.operator !== '??') {
    const second = f.builder.block();
    if (node.operator === '&&') condition(f, node.left, second, otherwise, strict);
    else condition(f, node.left, then, second, strict);
    f.builder.enter(second);
    // Known already: the right side may even be meaningless, such as a field of null.
    if (f.builder.reachable) condition(f, node.right, then, otherwise, strict);
  } else if (asksThroughNull(node)) f.at(node.place, () => compareThroughNull(f, node, then, otherwise));
  else if (!strict && isOptionalChain(node)) {
    // What is read through null is undefined, and so false.
    const found = followChain(f, node, otherwise);
    if (found) f.at(node.place, () => decideTruth(f, found, node.place, then, otherwise));
  } else f.at(node.place, () => decide(f, outcomeOf(f, node, strict), then, otherwise));
}

const asksThroughNull = (node: Expression): node is ComparisonNode =>
  node.kind === 'comparison' &&
  (node.operator === '===' || node.operator === '!==') &&
  (isOptionalChain(node.left) || isOptionalChain(node.right));

/**
 * `pointer?.field === value`, or `!==`, in either order. What is read through null is undefined, and so equal to no value. The
 * other side is computed all the same, as in JavaScript.
 */
function compareThroughNull(
  f: Lowering,
  { operator, left, right }: ComparisonNode,
  then: BuildingBlock,
  otherwise: BuildingBlock,
): void {
  const missing = f.builder.block();
  const chainFirst = isOptionalChain(left);
  const before = chainFirst ? undefined : expression(f, left);
  const field = followChain(f, chainFirst ? left : right, missing);
  if (field) {
    const [first, second] = before ? [before, field] : [field, expression(f, right)];
    decide(f, compareOperands(f, operator, first, second, [left.place, right.place]), then, otherwise);
  }
  f.builder.enter(missing);
  if (!f.builder.reachable) return;
  if (!before) expression(f, right);
  f.builder.jump(operator === '===' ? otherwise : then, f.origin);
}

function outcomeOf(f: Lowering, node: Expression, strict: boolean): Test | boolean {
  if (node.kind === 'comparison') return compare(f, node);
  const operand = expression(f, node);
  if (strict && !isBoolean(operand)) f.fail('W219', node.place, { got: describeOperand(operand) });
  return truth(f, operand, node.place);
}

const isBoolean = (operand: Operand): boolean =>
  operand.kind === 'scalar' ? operand.type === bool : operand.kind === 'literal' && operand.of === 'boolean';

/** Ends the block by what is known of an operand: whether it is there, whether it is not zero. */
export function decideTruth(
  f: Lowering,
  operand: Operand,
  place: Place,
  then: BuildingBlock,
  otherwise: BuildingBlock,
): void {
  decide(f, truth(f, operand, place), then, otherwise);
}

/** Ends the block by whether a pointer is there. */
export function decideNull(f: Lowering, pointer: Value, there: BuildingBlock, missing: BuildingBlock): void {
  decide(f, notNull(f, pointer), there, missing);
}

/** A condition as a value. */
export function conditionValue(f: Lowering, node: Expression): Operand {
  if (node.kind === 'comparison' && !asksThroughNull(node)) {
    const outcome = compare(f, node);
    if (typeof outcome === 'boolean') return { kind: 'literal', of: 'boolean', value: outcome ? 1n : 0n };
    const { comparison, left, right } = outcome;
    return scalarOf(bool, f.emit({ op: 'compare', comparison }, 'i32', [left, right]));
  }
  const { builder, origin } = f;
  const [yes, no, end] = [builder.block(), builder.block(), builder.block()];
  const value = builder.param(end, 'i32');
  condition(f, node, yes, no, true);
  builder.enter(yes);
  builder.jump(end, origin, [f.constant('i32', 1n)]);
  builder.enter(no);
  builder.jump(end, origin, [f.constant('i32', 0n)]);
  builder.enter(end);
  return scalarOf(bool, value);
}

/** Jumps to `then` when a value of that type is equal to a constant. */
export function equals(
  f: Lowering,
  subject: Operand,
  constant: Operand,
  place: Place,
  then: BuildingBlock,
  otherwise: BuildingBlock,
): void {
  decide(f, compareOperands(f, '===', subject, constant, [place, place]), then, otherwise);
}

/** Jumps to `then` when an unsigned value is less than `bound`. */
export function lessThan(
  f: Lowering,
  subject: Operand,
  bound: bigint,
  place: Place,
  then: BuildingBlock,
  otherwise: BuildingBlock,
): void {
  const of = subject.kind === 'scalar' && subject.type.bits === 64 ? 'bigint' : 'number';
  const limit: Operand = { kind: 'literal', of, value: bound };
  decide(f, compareOperands(f, '<', subject, limit, [place, place]), then, otherwise);
}

function decide(f: Lowering, outcome: Test | boolean, then: BuildingBlock, otherwise: BuildingBlock): void {
  if (typeof outcome === 'boolean') {
    f.builder.jump(outcome ? then : otherwise, f.origin);
    return;
  }
  const { comparison, left, right, whenTrue, whenFalse } = outcome;
  f.builder.branch(
    comparison,
    left,
    right,
    { block: then, facts: whenTrue },
    { block: otherwise, facts: whenFalse },
    f.origin,
  );
}

function truth(f: Lowering, operand: Operand, place: Place): Test | boolean {
  switch (operand.kind) {
    case 'literal':
      return operand.value !== 0n;
    case 'null':
      return false;
    case 'pointer':
    case 'map':
      return notNull(f, operand.value);
    case 'optional': {
      // Null reads as 0, so that what is not 0 is there.
      const { type, value, pointer } = operand;
      const test = truth(f, scalarOf(type, value), place);
      if (typeof test === 'boolean') return test;
      return { ...test, whenTrue: [...test.whenTrue, [pointer, { nonNull: true }]] };
    }
    case 'scalar': {
      const { type, value } = operand;
      const zero: Operand = { kind: 'literal', of: type.bits === 64 ? 'bigint' : 'number', value: 0n };
      if (type !== bool) return compareOperands(f, '!==', operand, zero, [place, place]);
      const right = f.constant('i32', 0n);
      return { comparison: 'notEqual', left: value, right, whenTrue: [], whenFalse: [] };
    }
    default:
      return f.fail('W209', place, { got: describeOperand(operand) });
  }
}

function notNull(f: Lowering, pointer: Value): Test | boolean {
  if (f.builder.isNonNull(pointer)) return true;
  const type: IrType = f.builder.typeOf(pointer);
  const right = f.emit({ op: 'const', value: 0n }, type);
  return {
    comparison: 'notEqual',
    left: pointer,
    right,
    whenTrue: [[pointer, { nonNull: true }]],
    whenFalse: [],
  };
}

function compare(f: Lowering, node: ComparisonNode): Test | boolean {
  const left = expression(f, node.left);
  const right = expression(f, node.right);
  return compareOperands(f, node.operator, left, right, [node.left.place, node.right.place]);
}

function compareOperands(
  f: Lowering,
  operator: ComparisonOperator,
  left: Operand,
  right: Operand,
  places: readonly [Place, Place],
): Test | boolean {
  const equality = operator === '===' || operator === '!==';
  if (left.kind === 'null' || right.kind === 'null') {
    const other = left.kind === 'null' ? right : left;
    if (!equality) return f.fail('W208', places[0], { operator, got: 'null' });
    if (other.kind === 'null') return operator === '===';
    const tested = other.kind === 'optional' ? other.pointer : undefined;
    const nullable = other.kind === 'pointer' || other.kind === 'map' ? other.value : tested;
    if (nullable === undefined) {
      return f.fail('W202', places[1], {
        left: describeOperand(left),
        right: describeOperand(right),
        operator,
        cast: 'bool',
      });
    }
    return operator === '!==' ? notNull(f, nullable) : inverse(notNull(f, nullable));
  }
  if (left.kind === 'literal' && right.kind === 'literal')
    return ofLiterals(operator, left.value, right.value);
  for (const [index, operand] of [left, right].entries()) {
    if (operand.kind === 'scalar' || operand.kind === 'literal') continue;
    if (operand.kind === 'optional') scalar(f, operand, places[index] ?? places[0]);
    return f.fail('W208', places[index] ?? places[0], { operator, got: describeOperand(operand) });
  }
  const { type, left: first, right: second } = unify(f, left, right, operator, places);
  if (!equality && type.byteOrder === 'network') f.fail('W207', places[0], { operator, type: type.name });
  if (!equality && type === bool) f.fail('W208', places[0], { operator, got: 'a bool' });
  const outcome = decided(f, operator, first, second);
  if (outcome !== undefined) return outcome;
  return {
    comparison: (type.signed ? SIGNED : UNSIGNED)[operator],
    left: first.value,
    right: second.value,
    whenTrue: told(f, operator, first, second),
    whenFalse: told(f, opposite[operator], first, second),
  };
}

/** The outcome that the ranges of the operands leave, as far as the verifier sees them: what it does not see has to be tested. */
function decided(
  f: Lowering,
  operator: ComparisonOperator,
  left: ScalarOperand,
  right: ScalarOperand,
): boolean | undefined {
  if (left.type.byteOrder === 'network' || left.type === bool) return undefined;
  const [first, second] = [f.knownOf(left.value, left.type), f.knownOf(right.value, right.type)];
  return outcomeIn(operator, first.seen, second.seen);
}

function inverse(outcome: Test | boolean): Test | boolean {
  if (typeof outcome === 'boolean') return !outcome;
  const { whenTrue, whenFalse } = outcome;
  return { ...outcome, comparison: 'equal', whenTrue: whenFalse, whenFalse: whenTrue };
}

function told(
  f: Lowering,
  operator: ComparisonOperator,
  left: ScalarOperand,
  right: ScalarOperand,
): (readonly [Value, Fact])[] {
  if (left.type.byteOrder === 'network' || left.type === bool) return [];
  const [first, second] = [f.knownOf(left.value, left.type), f.knownOf(right.value, right.type)];
  const where = (by: ComparisonOperator, one: Known, other: Known): Known => ({
    range: rangeWhere(by, one.range, other.range),
    seen: rangeWhere(by, one.seen, other.seen),
  });
  return [
    [left.value, { known: where(operator, first, second) }],
    [right.value, { known: where(mirrored[operator], second, first) }],
  ];
}

function ofLiterals(operator: ComparisonOperator, left: bigint, right: bigint): boolean {
  switch (operator) {
    case '===':
      return left === right;
    case '!==':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}
