/**
 * Operators on integers. They compute with 32 bits, or 64 when the operands have them, and wrap; `/` and `%` are those of
 * integers. Where JavaScript and C differ in what the bits mean (`>>` on unsigned, order in network order), they are refused.
 */
import { bool, i32, i64, type Scalar, u32, u64 } from '@waggle/bpf';
import type { BinaryOperator } from '../ir/ir.ts';
import { irType, type Lowering } from './lowering.ts';
import { describeOperand, type Literal, type Operand, type ScalarOperand } from './operand.ts';
import { fullRange, isSeen, rangeOfResult } from './range.ts';
import { adapt, computedIn, naturalType, scalar, scalarOf, unify } from './scalars.ts';
import type { ArithmeticOperator, Place } from './syntax.ts';

const OPERATORS: Readonly<
  Record<ArithmeticOperator, readonly [unsigned: BinaryOperator, signed: BinaryOperator]>
> = {
  '+': ['add', 'add'],
  '-': ['sub', 'sub'],
  '*': ['mul', 'mul'],
  '/': ['div', 'signedDiv'],
  '%': ['mod', 'signedMod'],
  '&': ['and', 'and'],
  '|': ['or', 'or'],
  '^': ['xor', 'xor'],
  '<<': ['shiftLeft', 'shiftLeft'],
  '>>': ['shiftRight', 'signedShiftRight'],
  '>>>': ['shiftRight', 'signedShiftRight'],
};

const isShift = (operator: ArithmeticOperator): boolean => operator === '<<' || operator.startsWith('>>');
const isBitwise = (operator: ArithmeticOperator): boolean => '&|^'.includes(operator);

/** `left operator right`. */
export function arithmetic(
  f: Lowering,
  operator: ArithmeticOperator,
  left: Operand,
  right: Operand,
  places: readonly [left: Place, right: Place, whole: Place],
): Operand {
  if (left.kind === 'literal' && right.kind === 'literal') {
    return fold(f, operator, left, right, places[2]);
  }
  for (const [index, operand] of [left, right].entries()) {
    if (operand.kind === 'scalar' && operand.type !== bool) continue;
    if (operand.kind === 'literal' && operand.of !== 'boolean') continue;
    const place = places[index] ?? places[2];
    if (operand.kind === 'optional') scalar(f, operand, place);
    f.fail('W208', place, { operator, got: describeOperand(operand) });
  }
  if (isShift(operator)) return shift(f, operator, left, right, places);
  const common = unify(f, left, right, operator, [places[0], places[1]]);
  if (common.type.byteOrder === 'network' && !isBitwise(operator)) {
    f.fail('W207', places[2], { operator, type: common.type.name });
  }
  if (operator === '/' || operator === '%') {
    if (right.kind === 'literal' && right.value === 0n) f.fail('W212', places[1]);
    const cheaper = byPowerOfTwo(operator, common.type, right);
    if (cheaper) {
      const [same, literal] = cheaper;
      const value = adapt(f, literal, common.type, places[1]);
      return compute(f, same, common.type, common.left, value);
    }
  }
  return compute(f, operator, common.type, common.left, common.right);
}

/** A division by a power of two is a shift, its remainder a mask: the verifier follows these. */
function byPowerOfTwo(
  operator: '/' | '%',
  type: Scalar,
  right: Operand,
): readonly [ArithmeticOperator, Literal] | undefined {
  if (type.signed || right.kind !== 'literal' || (right.value & (right.value - 1n)) !== 0n) return undefined;
  if (operator === '%') return ['&', { ...right, value: right.value - 1n }];
  return ['>>>', { ...right, value: BigInt(right.value.toString(2).length - 1) }];
}

/** A shift has the type of its left side; only its count comes from the right. */
function shift(
  f: Lowering,
  operator: ArithmeticOperator,
  left: Operand,
  right: Operand,
  places: readonly [Place, Place, Place],
): Operand {
  const subject = scalar(f, left, places[0]);
  const { type: own } = subject;
  if (own.byteOrder === 'network') f.fail('W207', places[2], { operator, type: own.name });
  const type = computedIn(own);
  // JavaScript has no >>> on bigints; >> on one that is not negative is the same.
  if (operator === '>>' && type === u32) f.fail('W205', places[2], { type: own.name });
  if (operator === '>>>' && own.signed) f.fail('W206', places[2], { type: own.name });
  const width = type.bits === 64 ? 64n : 32n;
  if (right.kind === 'literal') {
    if (right.value < 0n || right.value >= width) {
      f.fail('W211', places[1], { count: right.value, bits: width, type: type.name });
    }
    return compute(f, operator, type, subject, adapt(f, right, width === 64n ? u64 : u32, places[1]));
  }
  const count = scalar(f, right, places[1]);
  if (count.type.signed || irType(count.type) !== irType(type) || count.type.byteOrder === 'network') {
    f.fail('W202', places[1], {
      left: own.name,
      right: count.type.name,
      operator,
      cast: width === 64n ? 'u64' : 'u32',
    });
  }
  return compute(f, operator, type, subject, count);
}

function compute(
  f: Lowering,
  operator: ArithmeticOperator,
  type: Scalar,
  left: ScalarOperand,
  right: ScalarOperand,
): Operand {
  const op = OPERATORS[operator][type.signed ? 1 : 0];
  const value = f.emit({ op }, irType(type), [left.value, right.value]);
  if (type.byteOrder === 'native') {
    const [first, second] = [f.knownOf(left.value, left.type), f.knownOf(right.value, right.type)];
    const seen = isSeen(operator, second.seen)
      ? rangeOfResult(operator, type, first.seen, second.seen)
      : fullRange(type);
    f.builder.setKnown(value, { range: rangeOfResult(operator, type, first.range, second.range), seen });
  }
  return scalarOf(type, value);
}

/** Literals are numbers without a width until they meet a type. */
function fold(
  f: Lowering,
  operator: ArithmeticOperator,
  left: Literal,
  right: Literal,
  place: Place,
): Operand {
  if (left.of !== right.of || left.of === 'boolean') {
    f.fail('W202', place, {
      left: describeOperand(left),
      right: describeOperand(right),
      operator,
      cast: naturalType(left).name,
    });
  }
  if ((operator === '/' || operator === '%') && right.value === 0n) f.fail('W212', place);
  if (isShift(operator) && (right.value < 0n || right.value > 63n)) {
    f.fail('W211', place, { count: right.value, bits: 64, type: 'a literal' });
  }
  return { ...left, value: ofLiterals(operator, left.value, right.value) };
}

function ofLiterals(operator: ArithmeticOperator, left: bigint, right: bigint): bigint {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '<<':
      return left << right;
    default:
      return left >> right;
  }
}

/** `-operand` and `~operand`. */
export function unary(f: Lowering, operator: '-' | '~', operand: Operand, place: Place): Operand {
  if (operand.kind === 'literal' && operand.of !== 'boolean') {
    if (operator === '-') return { ...operand, value: -operand.value };
    // All bits of a type: ~0 is 0xffffffff, as in C.
    const type = operand.of === 'bigint' ? u64 : u32;
    return { ...operand, value: BigInt.asUintN(type.bits, ~operand.value) };
  }
  if (operand.kind !== 'scalar' || operand.type === bool) {
    return f.fail('W208', place, { operator, got: describeOperand(operand) });
  }
  const { type, value } = operand;
  if (operator === '~') {
    const computed = computedIn(type);
    const ones = f.constant(
      irType(type),
      type.byteOrder === 'network' ? (1n << BigInt(type.bits)) - 1n : -1n,
    );
    return scalarOf(computed, f.emit({ op: 'xor' }, irType(type), [value, ones]));
  }
  if (type.byteOrder === 'network') f.fail('W207', place, { operator, type: type.name });
  if (!type.signed) f.fail('W210', place, { type: type.name, cast: type.bits === 64 ? 'i64' : 'i32' });
  const computed = type.bits === 64 ? i64 : i32;
  return scalarOf(computed, f.emit({ op: 'sub' }, irType(type), [f.constant(irType(type), 0n), value]));
}
