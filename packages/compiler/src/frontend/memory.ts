/**
 * Structs and arrays in memory: fields and elements by name and index, reading and writing scalars, copying, and literals on
 * the stack. A pointer is followed only where it is known not to be null, and an index is known to be inside.
 */
import { bool, isType, type KernelFieldType, kernelTypeName, type Type, typeName, u8 } from '@waggle/bpf';
import type { AccessSize, Value } from '../ir/ir.ts';
import { nonNull, spaceOf } from '../ir/type.ts';
import { expression } from './expressions.ts';
import { copied, followed, isAddress, kernelStructField } from './kernel-structs.ts';
import { irType, type Lowering, sameType } from './lowering.ts';
import { spaceName } from './merge.ts';
import { unknownWord } from './names.ts';
import { describeOperand, type Operand, type Pointer } from './operand.ts';
import { fullRange } from './range.ts';
import { convert, isNonZero, scalarOf } from './scalars.ts';
import type { Expression, ObjectLiteral, Place } from './syntax.ts';

/** The pointer, known not to be null; `what` is its source for the message. */
export function present(f: Lowering, operand: Operand, what: Expression): Operand {
  if (operand.kind === 'null') {
    return f.fail('W301', what.place, { what: sourceName(what), name: sourceName(what) });
  }
  const nullable = operand.kind === 'pointer' || operand.kind === 'map';
  if (operand.kind === 'optional' || (nullable && !f.builder.isNonNull(operand.value))) {
    if (nullable) f.builder.forgiveNull(operand.value);
    f.fail('W301', what.place, { what: sourceName(what), name: sourceName(what) });
  }
  return operand;
}

/** What to call an expression in a message. */
export function sourceName(node: Expression): string {
  if (node.kind === 'identifier') return node.name;
  if (node.kind === 'member') return `${sourceName(node.object)}.${node.name}`;
  if (node.kind === 'call') return `${sourceName(node.callee)}(…)`;
  return 'it';
}

/** The place of a field. */
export function fieldOf(f: Lowering, pointer: Pointer, name: string, place: Place): Pointer {
  const { to } = pointer;
  if (to.kind === 'kernelStruct') return kernelStructField(f, { ...pointer, to }, name, place);
  if (to.kind !== 'struct') {
    return f.fail('W216', place, { type: kernelTypeName(to), field: name, hint: 'It is no struct' });
  }
  const field = to.fields.find((candidate) => candidate.name === name);
  if (!field) {
    const names = to.fields.map((candidate) => candidate.name);
    return f.fail('W216', place, { type: to.name, field: name, hint: unknownWord(name, names, 'fields') });
  }
  return { ...pointer, to: field.type, offset: pointer.offset + field.offset };
}

/** What an array or bytes consist of, and of how many. */
export function elementsOf(type: KernelFieldType): { element: Type; length: number } | undefined {
  if (type.kind === 'array') return { element: type.element, length: type.length };
  if (type.kind === 'bytes' || type.kind === 'chars') return { element: u8, length: type.length };
  return undefined;
}

/**
 * What the caller knows of an index: that it was tested, or that it counts the turns of a loop, so that the verifier knows it
 * exactly.
 */
export type IndexFact = 'tested' | 'counted';

/** The place of an element. Its index is known to be inside. */
export function elementOf(
  f: Lowering,
  pointer: Pointer,
  index: Operand,
  place: Place,
  fact?: IndexFact,
): Pointer {
  const elements = elementsOf(pointer.to);
  if (!elements) {
    return f.fail('W208', place, { operator: '[ ]', got: describeOperand(pointer) });
  }
  const { element, length } = elements;
  if (index.kind === 'literal' && index.of !== 'boolean') {
    if (index.value < 0n || index.value >= BigInt(length)) {
      f.fail('W303', place, { index: index.value, length });
    }
    return { ...pointer, to: element, offset: pointer.offset + Number(index.value) * element.size };
  }
  if (
    index.kind !== 'scalar' ||
    index.type.signed ||
    index.type.byteOrder === 'network' ||
    index.type === bool
  ) {
    return f.fail('W201', place, { expected: 'u32', got: describeOperand(index), cast: 'u32' });
  }
  // The verifier knows the fields of these by their offsets.
  if (wordsOnly(f, pointer)) f.fail('W504', place, { what: 'The index of an array there' });
  // It forgets how far the packet reaches when something that it does not know exactly is added to a pointer into it.
  const forgets = spaceOf(f.builder.typeOf(pointer.value)) === 'packet';
  if (forgets && fact !== 'counted') f.fail('W313', place);
  const { maximum } = f.knownOf(index.value, index.type).seen;
  if (fact === undefined && maximum >= BigInt(length)) f.fail('W302', place, { maximum, length });
  const array =
    inKernel(f, pointer) && isType(pointer.to) ? copied(f, { ...pointer, to: pointer.to }) : pointer;
  const wide =
    irType(index.type) === 'i64' ? index.value : f.emit({ op: 'zeroExtend' }, 'i64', [index.value]);
  const bytes =
    element.size === 1 ? wide : f.emit({ op: 'mul' }, 'i64', [wide, f.constant('i64', BigInt(element.size))]);
  const value = f.emit({ op: 'offsetPointer' }, nonNull(f.builder.typeOf(array.value)), [array.value, bytes]);
  return { ...array, to: element, value };
}

/** What is at a place: a scalar is read, a struct or array stays where it is. */
export function read(f: Lowering, place: Pointer): Operand {
  const { to } = place;
  if (to.kind === 'kernelPointer') return followed(f, place, to.target());
  if (to.kind !== 'scalar') return place;
  const loaded = f.load(place, sizeOf(to.size), irType(to));
  if (to === bool) return scalarOf(bool, isNonZero(f, scalarOf(u8, loaded)));
  if (to.signed && to.bits < 32) {
    const bits = to.bits === 8 ? 8 : 16;
    return scalarOf(to, f.emit({ op: 'signExtend', bits }, 'i32', [loaded]));
  }
  // A load of fewer bytes than the register has says how large the value is.
  if (!to.signed && to.byteOrder === 'native') {
    f.builder.setKnown(loaded, { range: fullRange(to), seen: fullRange(to) });
  }
  return scalarOf(to, loaded);
}

/** What a lookup gives: a struct stays where it is; a scalar is read, if there is one. */
export function lookedUp(f: Lowering, to: Type, pointer: Value): Operand {
  if (to.kind !== 'scalar') return { kind: 'pointer', to, value: pointer, offset: 0 };
  const { builder, origin } = f;
  const [there, missing, end] = [builder.block(), builder.block(), builder.block()];
  const value = builder.param(end, irType(to));
  const nothing = f.emit({ op: 'const', value: 0n }, builder.typeOf(pointer));
  const present = [[pointer, { nonNull: true }]] as const;
  builder.branch(
    'notEqual',
    pointer,
    nothing,
    { block: there, facts: present },
    { block: missing, facts: [] },
    origin,
  );
  builder.enter(there);
  const loaded = read(f, { kind: 'pointer', to, value: pointer, offset: 0 });
  builder.jump(end, origin, loaded.kind === 'scalar' ? [loaded.value] : []);
  builder.enter(missing);
  builder.jump(end, origin, [f.constant(irType(to), 0n)]);
  builder.enter(end);
  return { kind: 'optional', type: to, value, pointer };
}

type Store = (at: number, size: AccessSize, value: Value) => void;

/** Writes what an expression yields to a place. Everything is read before anything is written. */
export function assign(f: Lowering, target: Pointer, value: Expression): void {
  const stores: { at: number; size: AccessSize; value: Value }[] = [];
  const { to } = target;
  if (!isType(to)) f.fail('W310', value.place, { what: `A ${kernelTypeName(to)}` });
  // Counted from where the pointer's memory begins: that is aligned, a field in it need not be.
  const { offset } = target;
  const whole = { ...target, offset: 0 };
  fill(f, to, offset, value, onStack(f, target), (at, size, stored) =>
    stores.push({ at, size, value: stored }),
  );
  f.at(value.place, () => {
    for (const { at, size, value: stored } of stores) f.store(whole, size, stored, at);
  });
}

/** A value in memory of its own on the stack, with its padding zeroed: a literal, or a copy. */
export function inSlot(f: Lowering, type: KernelFieldType, value: Expression): Pointer<Type> {
  if (!isType(type)) return f.fail('W310', value.place, { what: `A ${kernelTypeName(type)}` });
  const slot = f.at(value.place, () => f.slot(type));
  fill(f, type, 0, value, true, (at, size, stored) => f.store(slot, size, stored, at));
  return slot;
}

/** Memory of its own with a scalar in it. */
export function scalarInSlot(f: Lowering, type: Type, value: Value): Pointer<Type> {
  const slot = f.slot(type);
  f.store(slot, sizeOf(type.size), value);
  return slot;
}

/** A struct of zeros on the stack. */
export function zeroedSlot(f: Lowering, type: Type): Pointer {
  const slot = f.slot(type);
  zero(f, 0, type.size, (at, size, value) => f.store(slot, size, value, at));
  return slot;
}

/** A pointer to a value of `type` for the kernel to read: where it is already, or a copy on the stack. */
export function inMemory(f: Lowering, type: Type, value: Expression): Pointer<Type> {
  if (value.kind === 'object' || value.kind === 'array') return inSlot(f, type, value);
  const operand = expression(f, value, type);
  if (type.kind === 'scalar') {
    return f.at(value.place, () => scalarInSlot(f, type, convert(f, operand, type, value.place)));
  }
  return passable(f, operand, type, value);
}

/** The operand as a pointer to a `type` that helpers take. */
export function passable(
  f: Lowering,
  operand: Operand,
  type: Type | undefined,
  node: Expression,
): Pointer<Type> {
  const pointer = present(f, operand, node);
  if (pointer.kind !== 'pointer' || (type && !sameType(pointer.to, type))) {
    const expected = type ? `a ${typeName(type)}` : 'a struct';
    return f.fail('W201', node.place, {
      expected,
      got: describeOperand(operand),
      cast: type ? typeName(type) : 'a struct literal',
    });
  }
  const space = spaceOf(f.builder.typeOf(pointer.value));
  const { to } = pointer;
  if (!isType(to) || space === 'context' || space === 'socket' || inKernel(f, pointer)) {
    return f.fail('W311', node.place, { what: spaceName(space ?? 'stack') });
  }
  const [field] = to.kind === 'struct' ? to.kernelFields : [];
  if (field && space === 'mapValue') {
    f.fail('W508', node.place, { type: typeName(to), what: field.type.name });
  }
  return { ...pointer, to };
}

/** Computes all parts of a value and hands them to `store`, with their places in the value. */
function fill(
  f: Lowering,
  type: Type,
  base: number,
  value: Expression,
  aligned: boolean,
  store: Store,
): void {
  if (type.kind === 'scalar') {
    const stored = convert(f, expression(f, value), type, value.place);
    f.at(value.place, () => store(base, sizeOf(type.size), stored));
  } else if (value.kind === 'object') fillStruct(f, type, base, value, aligned, store);
  else if (value.kind === 'array') {
    const elements = elementsOf(type);
    if (!elements || elements.length !== value.elements.length) {
      f.fail('W201', value.place, {
        expected: `a ${typeName(type)}`,
        got: `${value.elements.length} elements`,
        cast: typeName(type),
      });
    } else {
      for (const [index, element] of value.elements.entries()) {
        fill(f, elements.element, base + index * elements.element.size, element, aligned, store);
      }
    }
  } else {
    const source = present(f, expression(f, value, type), value);
    if (source.kind !== 'pointer' || !sameType(source.to, type)) {
      f.fail('W201', value.place, {
        expected: `a ${typeName(type)}`,
        got: describeOperand(source),
        cast: typeName(type),
      });
    }
    const from = isAddress(f, source) ? copied(f, { ...source, to: type }) : source;
    f.at(value.place, () => copy(f, from, base, type.size, aligned, store));
  }
}

function fillStruct(
  f: Lowering,
  type: Type,
  base: number,
  literal: ObjectLiteral,
  aligned: boolean,
  store: Store,
): void {
  if (type.kind !== 'struct') {
    f.fail('W201', literal.place, {
      expected: `a ${typeName(type)}`,
      got: 'an object',
      cast: typeName(type),
    });
  }
  const names = type.fields.map(({ name }) => name);
  for (const { name, place } of literal.properties) {
    if (names.includes(name)) continue;
    f.fail('W216', place, { type: type.name, field: name, hint: unknownWord(name, names, 'fields') });
  }
  const missing = names.find((name) => !literal.properties.some((property) => property.name === name));
  if (missing !== undefined) f.fail('W217', literal.place, { type: type.name, field: missing });
  // Padding is part of a key for the kernel, and stack memory that nobody wrote cannot be read.
  let end = 0;
  const gap = (to: number) => f.at(literal.place, () => zero(f, base + end, to - end, store));
  for (const field of type.fields) {
    gap(field.offset);
    end = field.offset + field.type.size;
    const property = literal.properties.findLast(({ name }) => name === field.name);
    if (property) fill(f, field.type, base + field.offset, property.value, aligned, store);
  }
  gap(type.size);
}

function zero(f: Lowering, from: number, size: number, store: Store): void {
  for (let at = from; at < from + size; ) {
    const chunk = chunkAt(at, from + size - at, true);
    store(at, chunk, f.constant(chunk === 8 ? 'i64' : 'i32', 0n));
    at += chunk;
  }
}

function copy(
  f: Lowering,
  source: Pointer,
  base: number,
  size: number,
  aligned: boolean,
  store: Store,
): void {
  const strict = onStack(f, source);
  const most = wordsOnly(f, source) ? 4 : 8;
  for (let at = 0; at < size; ) {
    const chunk = Math.min(
      most,
      chunkAt(base + at, size - at, aligned),
      chunkAt(source.offset + at, size - at, strict),
    );
    const width = sizeOf(chunk);
    store(base + at, width, f.load(source, width, width === 8 ? 'i64' : 'i32', at));
    at += width;
  }
}

/** The verifier wants accesses of the stack aligned; everywhere else the machine copes. */
const onStack = (f: Lowering, pointer: Pointer): boolean =>
  spaceOf(f.builder.typeOf(pointer.value)) === 'stack';

const inKernel = (f: Lowering, pointer: Pointer): boolean =>
  isAddress(f, pointer) || spaceOf(f.builder.typeOf(pointer.value)) === 'kernel';

/** Contexts and sockets are not memory: the verifier turns loads of their words into something else. */
function wordsOnly(f: Lowering, pointer: Pointer): boolean {
  const space = spaceOf(f.builder.typeOf(pointer.value));
  return space === 'context' || space === 'socket';
}

function chunkAt(offset: number, left: number, aligned: boolean): AccessSize {
  for (const size of [8, 4, 2] as const) {
    if (size <= left && (!aligned || offset % size === 0)) return size;
  }
  return 1;
}

export function sizeOf(bytes: number): AccessSize {
  return bytes === 8 ? 8 : bytes === 4 ? 4 : bytes === 2 ? 2 : 1;
}
