/**
 * Scalars in expressions. A literal takes the type of what it meets; everything else keeps its own, and only widens by
 * itself: what C and JavaScript would do differently, or silently, is a diagnostic.
 */
import { bool, i32, i64, rangeOf as limitsOf, type Scalar, typeName, u16, u32, u64 } from '@waggle/bpf';
import type { Value } from '../ir/ir.ts';
import { irType, type Lowering, registerOf } from './lowering.ts';
import { describeOperand, type Literal, type Operand, type ScalarOperand } from './operand.ts';
import { contains, fullRange, type Known } from './range.ts';
import type { Place } from './syntax.ts';

/** A scalar operand, made from a value. */
export const scalarOf = (type: Scalar, value: Value): ScalarOperand => ({ kind: 'scalar', type, value });

/** The type of a literal that meets nothing: u32 or i32, u64 or i64 for bigints, bool. */
export function naturalType({ of, value }: Literal): Scalar {
  if (of === 'boolean') return bool;
  if (of === 'bigint') return value < 0n ? i64 : u64;
  return value < 0n ? i32 : u32;
}

/** A literal as a value of a type, which it has to fit. */
export function adapt(f: Lowering, literal: Literal, type: Scalar, place: Place): ScalarOperand {
  const kind = type === bool ? 'boolean' : type.bits === 64 ? 'bigint' : 'number';
  if (literal.of !== kind) {
    f.fail('W201', place, {
      expected: type.name,
      got: describeOperand(literal),
      cast: type.name,
      ...(kind === 'bigint' && literal.of === 'number' ? { hint: `Write ${literal.value}n` } : {}),
      ...(kind === 'number' && literal.of === 'bigint' ? { hint: `Write ${literal.value}` } : {}),
    });
  }
  const [minimum, maximum] = limitsOf(type);
  if (literal.value < minimum || literal.value > maximum) {
    f.fail('W204', place, { value: literal.value, type: type.name, minimum, maximum });
  }
  return scalarOf(type, f.constantOf(type, literal.value));
}

/** An operand as a scalar of its own type; a literal gets its natural one. */
export function scalar(f: Lowering, operand: Operand, place: Place): ScalarOperand {
  if (operand.kind === 'scalar') return operand;
  if (operand.kind === 'literal') return adapt(f, operand, naturalType(operand), place);
  if (operand.kind === 'optional') return f.fail('W301', place, { what: 'what was looked up', name: 'it' });
  return f.fail('W208', place, { operator: 'This', got: describeOperand(operand) });
}

/**
 * The value of an operand as one of `type`, where nothing may be lost: an assignment, an argument, a result. Widens, and
 * narrows only what is known to fit.
 */
export function convert(f: Lowering, operand: Operand, type: Scalar, place: Place): Value {
  if (operand.kind === 'literal') return adapt(f, operand, type, place).value;
  if (operand.kind === 'optional') return f.fail('W301', place, { what: 'what was looked up', name: 'it' });
  if (operand.kind !== 'scalar') {
    return f.fail('W201', place, { expected: type.name, got: describeOperand(operand), cast: type.name });
  }
  if (operand.type === type) return operand.value;
  const { type: from, value } = operand;
  const alike =
    from !== bool &&
    type !== bool &&
    from.signed === type.signed &&
    from.byteOrder === 'native' &&
    type.byteOrder === 'native' &&
    irType(from) === irType(type);
  if (!alike)
    return f.fail('W201', place, {
      expected: type.name,
      got: describeOperand(operand),
      cast: castTo(from, type),
    });
  if (contains(fullRange(type), f.rangeOf(value, from))) return value;
  return f.fail('W203', place, {
    maximum: f.rangeOf(value, from).maximum,
    type: type.name,
    mask: `0x${(fullRange(type).maximum).toString(16)}`,
  });
}

/** The cast of C, which may lose bits. */
export function cast(f: Lowering, operand: Operand, type: Scalar, place: Place): Operand {
  if (operand.kind === 'literal') {
    return scalarOf(type, f.constantOf(type, castOf(type, operand.value)));
  }
  if (operand.kind !== 'scalar') {
    return f.fail('W208', place, { operator: `${type.name}()`, got: describeOperand(operand) });
  }
  if (operand.type === type) return operand;
  if (type === bool) return scalarOf(bool, isNonZero(f, operand));
  const known = f.knownOf(operand.value, operand.type);
  const native = toNative(f, operand);
  const integer = toWidth(f, native, type);
  const value = type.byteOrder === 'native' ? integer : swap(f, integer, type.bits);
  if (value !== operand.value) f.builder.setKnown(value, afterCast(operand.type, type, known));
  return scalarOf(type, value);
}

/** What is known of a value after a cast, given what was known before. */
function afterCast(from: Scalar, to: Scalar, known: Known): Known {
  const all = fullRange(to);
  const range = contains(all, known.range) ? known.range : all;
  // The verifier does not follow the order of bytes, nor the sign of few bits.
  const followed = from.byteOrder === 'native' && to.byteOrder === 'native' && !from.signed && !to.signed;
  if (!followed) return { range, seen: fullRange(registerOf(to)) };
  return { range, seen: contains(all, known.seen) ? known.seen : all };
}

/** The number that a literal becomes by a cast. */
function castOf(type: Scalar, value: bigint): bigint {
  const cast = type(value);
  return typeof cast === 'bigint' ? cast : BigInt(Number(cast));
}

/** 1 if the operand is not zero, else 0. */
export function isNonZero(f: Lowering, { type, value }: ScalarOperand): Value {
  if (type === bool) return value;
  const zero = f.constant(irType(type), 0n);
  return f.emit({ op: 'compare', comparison: 'notEqual' }, 'i32', [value, zero]);
}

function toNative(f: Lowering, operand: ScalarOperand): ScalarOperand {
  const { type, value } = operand;
  if (type.byteOrder === 'native') return operand;
  const native = type.bits === 16 ? u16 : type.bits === 32 ? u32 : u64;
  return scalarOf(native, swap(f, value, type.bits));
}

/** The low bits of a native integer, extended as `type` says. */
function toWidth(f: Lowering, { type: from, value }: ScalarOperand, type: Scalar): Value {
  const wide = irType(type) === 'i64';
  let result = value;
  if (wide && irType(from) === 'i32') {
    result = from.signed
      ? f.emit({ op: 'signExtend', bits: 32 }, 'i64', [f.emit({ op: 'zeroExtend' }, 'i64', [value])])
      : f.emit({ op: 'zeroExtend' }, 'i64', [value]);
  } else if (!wide && irType(from) === 'i64') result = f.emit({ op: 'truncate' }, 'i32', [value]);
  const { bits } = type;
  if (bits === 64 || bits === 32) return result;
  if (contains(fullRange(type), f.rangeOf(value, from))) return result;
  if (type.signed) return f.emit({ op: 'signExtend', bits }, 'i32', [result]);
  return f.emit({ op: 'and' }, 'i32', [result, f.constant('i32', (1n << BigInt(bits)) - 1n)]);
}

/** Exchanges the order of the bytes of a value of that many bits. */
export function swap(f: Lowering, value: Value, bits: number): Value {
  const width = bits === 16 ? 16 : bits === 32 ? 32 : 64;
  return f.emit({ op: 'swapBytes', bits: width }, width === 64 ? 'i64' : 'i32', [value]);
}

/** The type in which two operands are computed, and both as scalars of their own types. */
export function unify(
  f: Lowering,
  left: Operand,
  right: Operand,
  operator: string,
  places: readonly [Place, Place],
): { type: Scalar; left: ScalarOperand; right: ScalarOperand } {
  if (left.kind === 'literal' && right.kind === 'scalar') {
    const type = computedIn(right.type);
    return { type, left: adapt(f, left, type, places[0]), right };
  }
  const first = scalar(f, left, places[0]);
  const type = computedIn(first.type);
  if (right.kind === 'literal') return { type, left: first, right: adapt(f, right, type, places[1]) };
  const second = scalar(f, right, places[1]);
  if (type !== computedIn(second.type)) {
    f.fail('W202', places[1], {
      left: first.type.name,
      right: second.type.name,
      operator,
      cast: castTo(second.type, first.type),
    });
  }
  return { type, left: first, right: second };
}

/** Integers of fewer than 32 bits are computed with 32; network order and bool stay what they are. */
export function computedIn(type: Scalar): Scalar {
  if (type === bool || type.byteOrder === 'network' || type.bits === 64) return type;
  return type.signed ? i32 : u32;
}

/** What to write to make a `from` a `to`: `ntoh16` rather than `u16` for what is in network order. */
function castTo(from: Scalar, to: Scalar): string {
  if (from.byteOrder === 'network' && to.byteOrder === 'native') return `ntoh${from.bits}`;
  if (to.byteOrder === 'network' && from.byteOrder === 'native') return `hton${to.bits}`;
  return typeName(to);
}
