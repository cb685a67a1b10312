/** Expressions, by the kind of their syntax. `expected` is the type that a struct literal is for, where one is known. */
import { isConfig, isKernelStruct, isMapSpec, isType, type KernelFieldType } from '@waggle/bpf';
import { spaceOf } from '../ir/type.ts';
import { arithmetic, unary } from './arithmetic.ts';
import { call } from './calls.ts';
import { conditionValue } from './conditions.ts';
import { configField } from './config.ts';
import { contextMember, contextPlace } from './context.ts';
import type { Lowering } from './lowering.ts';
import {
  assign,
  elementOf,
  elementsOf,
  fieldOf,
  inSlot,
  present,
  read,
  sizeOf,
  sourceName,
} from './memory.ts';
import { choose, orElse } from './merge.ts';
import { named, operandOf, staticOperand, unknownWord } from './names.ts';
import { describeOperand, type Operand, type Pointer } from './operand.ts';
import { convert, scalarOf } from './scalars.ts';
import { refuseMethodAsValue } from './struct-methods.ts';
import type { Assignment, Element, Expression, Member } from './syntax.ts';
import { assignPointer } from './variables.ts';

/** Lowers an expression and says what it is. */
export function expression(f: Lowering, node: Expression, expected?: KernelFieldType): Operand {
  return f.at(node.place, () => {
    const operand = lower(f, node, expected);
    const known = operand.kind === 'optional' && f.builder.isNonNull(operand.pointer);
    return known ? scalarOf(operand.type, operand.value) : operand;
  });
}

function lower(f: Lowering, node: Expression, expected: KernelFieldType | undefined): Operand {
  switch (node.kind) {
    case 'constant':
      return { kind: 'literal', of: node.of, value: node.value };
    case 'null':
      return { kind: 'null' };
    case 'identifier':
      return named(f, node);
    case 'member':
      return member(f, node);
    case 'element':
      return element(f, node);
    case 'call':
      return call(f, node);
    case 'unary':
      if (node.operator === '!') return conditionValue(f, node);
      return unary(f, node.operator, expression(f, node.operand), node.place);
    case 'arithmetic': {
      const left = expression(f, node.left);
      const right = expression(f, node.right);
      return arithmetic(f, node.operator, left, right, [node.left.place, node.right.place, node.place]);
    }
    case 'comparison':
      return conditionValue(f, node);
    case 'logical':
      return node.operator === '??' ? orElse(f, node, expected) : conditionValue(f, node);
    case 'conditional':
      return choose(f, node, expected);
    case 'assignment':
      return assignment(f, node);
    case 'update': {
      const value = { kind: 'constant', place: node.place, of: 'number', value: 1n } as const;
      const { place, operator, target } = node;
      return assignment(f, { kind: 'assignment', place, operator, target, value }, node.prefix);
    }
    case 'object':
    case 'array':
      if (expected === undefined) return f.fail('W214', node.place);
      return inSlot(f, expected, node);
    case 'nonNull': {
      const operand = expression(f, node.operand, expected);
      if (
        operand.kind === 'optional' ||
        (operand.kind === 'pointer' && !f.builder.isNonNull(operand.value))
      ) {
        f.fail('W312', node.place, { name: sourceName(node.operand) });
      }
      return operand;
    }
    case 'function':
      return f.fail('W107', node.place);
    case 'unsupported':
      return f.fail(node.code, node.place, { what: node.what });
  }
}

function member(f: Lowering, node: Member): Operand {
  if (node.object.kind === 'identifier' && f.lookup(node.object.name) === undefined) {
    const meaning = f.program.modules.member(f.module, node.object.name, node.name);
    if (meaning.kind !== 'nothing') return operandOf(f, meaning, node.name, node.place);
  }
  return memberOf(f, present(f, expression(f, node.object), node.object), node);
}

/** A member of an object that is known to be there. */
export function memberOf(f: Lowering, object: Operand, node: Member): Operand {
  switch (object.kind) {
    case 'context':
      return contextMember(f, object, node);
    case 'pointer':
      refuseMethodAsValue(f, object, node);
      return lengthOf(object, node.name) ?? read(f, fieldOf(f, object, node.name, node.place));
    case 'static':
      return staticMember(f, object, node);
    default:
      return f.fail('W208', node.place, { operator: `.${node.name}`, got: describeOperand(object) });
  }
}

/** `.length` of an array is a constant. */
function lengthOf({ to }: Pointer, name: string): Operand | undefined {
  const length = name === 'length' ? elementsOf(to)?.length : undefined;
  return length === undefined ? undefined : { kind: 'literal', of: 'number', value: BigInt(length) };
}

function staticMember(
  f: Lowering,
  { value, name }: Extract<Operand, { kind: 'static' }>,
  node: Member,
): Operand {
  if (isConfig(value)) return configField(f, value, name, node);
  if (!isType(value) && !isKernelStruct(value) && !isMapSpec(value) && !isPlain(value)) {
    return f.fail('W402', node.place, { name, what: describeOperand({ kind: 'static', value, name }) });
  }
  if (!(node.name in value)) {
    const known = Object.keys(value);
    return f.fail('W216', node.place, {
      type: name,
      field: node.name,
      hint: unknownWord(node.name, known, 'members'),
    });
  }
  const found: unknown = Reflect.get(value, node.name);
  return staticOperand(found, node.name);
}

/** Whether something is an object of constants: no class, nothing that changes behind the program's back. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
}

const element = (f: Lowering, node: Element): Operand =>
  elementIn(f, present(f, expression(f, node.object), node.object), node);

/** An element of an array that is known to be there. */
export function elementIn(f: Lowering, object: Operand, node: Element): Operand {
  const index = expression(f, node.index);
  if (object.kind === 'pointer') return read(f, elementOf(f, object, index, node.index.place));
  if (object.kind === 'static' && Array.isArray(object.value) && index.kind === 'literal') {
    const { value, name } = object;
    if (index.value < 0n || index.value >= BigInt(value.length)) {
      f.fail('W303', node.index.place, { index: index.value, length: value.length });
    }
    return staticOperand(value[Number(index.value)], name);
  }
  if (object.kind === 'static' && index.kind !== 'literal') {
    return f.fail('W504', node.index.place, { what: 'The index of an array of user space' });
  }
  return f.fail('W208', node.place, { operator: '[ ]', got: describeOperand(object) });
}

/** The place in memory that is assigned; undefined for a variable. */
function placeOf(f: Lowering, node: Expression): Pointer {
  if (node.kind === 'nonNull') return placeOf(f, node.operand);
  if (node.kind === 'member') {
    const object = present(f, expression(f, node.object), node.object);
    if (object.kind === 'context') return contextPlace(f, object, node);
    if (object.kind === 'pointer') {
      return writable(f, fieldOf(f, object, node.name, node.place), node);
    }
    return f.fail('W310', node.place, { what: describeOperand(object) });
  }
  if (node.kind === 'element') {
    const object = present(f, expression(f, node.object), node.object);
    if (object.kind === 'pointer') {
      return writable(f, elementOf(f, object, expression(f, node.index), node.index.place), node);
    }
    return f.fail('W310', node.place, { what: describeOperand(object) });
  }
  if (node.kind === 'unsupported') return f.fail(node.code, node.place, { what: node.what });
  return f.fail('W208', node.place, { operator: '=', got: 'this' });
}

function writable(f: Lowering, place: Pointer, node: Expression): Pointer {
  const space = spaceOf(f.builder.typeOf(place.value));
  if (place.member || space === 'kernel' || space === 'address') {
    f.fail('W310', node.place, { what: 'Memory of the kernel' });
  }
  if (space === 'socket') f.fail('W310', node.place, { what: `A field of a ${space}` });
  if (space === 'mapKey') f.fail('W310', node.place, { what: 'The key of an entry' });
  return place;
}

/** `target = value`, `target += value`; the result is the new value, or the old one of `target++`. */
function assignment(f: Lowering, node: Assignment, prefix = true): Operand {
  const { target, operator, value, place } = node;
  if (target.kind === 'identifier') return assignVariable(f, node, target.name, prefix);
  const destination = placeOf(f, target);
  if (operator === undefined) {
    assign(f, destination, value);
    return { kind: 'void' };
  }
  const before = read(f, destination);
  if (destination.to.kind !== 'scalar' || before.kind !== 'scalar') {
    return f.fail('W208', place, { operator, got: describeOperand(before) });
  }
  const right = operandFor(before, expression(f, value), node);
  const after = arithmetic(f, operator, before, right, [target.place, value.place, place]);
  const stored = convert(f, after, destination.to, place);
  f.store(destination, sizeOf(destination.to.size), stored);
  return prefix ? scalarOf(destination.to, stored) : before;
}

/** The 1 of `++` is a bigint for those. */
function operandFor(before: Operand, right: Operand, node: Assignment): Operand {
  const one = node.place === node.value.place && right.kind === 'literal';
  const wide = before.kind === 'scalar' && before.type.bits === 64;
  return one && wide ? { kind: 'literal', of: 'bigint', value: 1n } : right;
}

function assignVariable(f: Lowering, node: Assignment, name: string, prefix: boolean): Operand {
  const binding = f.lookup(name);
  const { place, operator, value, target } = node;
  if (binding === undefined) {
    const operand = named(f, { kind: 'identifier', place: target.place, name });
    return f.fail('W407', target.place, { name, what: describeOperand(operand) });
  }
  if (binding.kind === 'const') return f.fail('W407', target.place, { name });
  if (binding.kind === 'faulty') return named(f, { kind: 'identifier', place: target.place, name });
  const { variable, type } = binding;
  if (type.kind === 'pointer') {
    if (operator !== undefined) return f.fail('W208', place, { operator, got: 'a pointer' });
    return assignPointer(f, variable, type.to, expression(f, value, type.to), value.place);
  }
  const before = scalarOf(type.type, f.builder.read(variable));
  const right = operandFor(before, expression(f, value), node);
  const result =
    operator === undefined
      ? right
      : arithmetic(f, operator, before, right, [target.place, value.place, place]);
  const stored = convert(f, result, type.type, operator === undefined ? value.place : place);
  f.builder.write(variable, stored);
  return prefix ? scalarOf(type.type, stored) : before;
}
