/**
 * Declarations. A `const` is another name for what its value is; a `let` is a variable of a type that does not change. A
 * variable for pointers also keeps to one kind of memory, which its first pointer decides.
 */
import { type KernelFieldType, kernelTypeName } from '@waggle/bpf';
import { type IrType, isNullable, nonNull, type Space } from '../ir/type.ts';
import { contextMember } from './context.ts';
import { declaredType } from './declared-types.ts';
import { expression } from './expressions.ts';
import { type Binding, irType, type Lowering, sameType } from './lowering.ts';
import { elementOf, fieldOf, inSlot, present, read } from './memory.ts';
import { spaceName } from './merge.ts';
import { type DeclaredType, describeOperand, type Operand } from './operand.ts';
import { convert, naturalType, scalar, scalarOf } from './scalars.ts';
import type { Variable } from './ssa.ts';
import type { Declaration, Expression, Pattern, Place } from './syntax.ts';

/** Lowers one declaration; a faulty one still declares its names, so that they are not reported again. */
export function declare(f: Lowering, declaration: Declaration, mutable: boolean): void {
  try {
    f.at(declaration.place, () => declareValue(f, declaration, mutable));
  } catch (error) {
    for (const name of namesOf(declaration.pattern)) f.declare(name, { kind: 'faulty' });
    throw error;
  }
}

function declareValue(f: Lowering, { pattern, type, value, place }: Declaration, mutable: boolean): void {
  const declared = type && declaredType(f, type);
  if (pattern.kind === 'unsupported') f.fail(pattern.code, pattern.place, { what: pattern.what });
  if (value === undefined) {
    declareEmpty(f, pattern, declared, place);
    return;
  }
  if (pattern.kind !== 'identifier') {
    const whole = present(f, expression(f, value), value);
    destructure(f, pattern, whole, mutable);
    return;
  }
  const operand = initialValue(f, declared, value);
  const nullable = declared?.kind === 'pointer' ? declared.nullable : undefined;
  bind(
    f,
    pattern.name,
    operand,
    mutable,
    value.place,
    declared?.kind === 'pointer' ? declared.to : undefined,
    nullable,
  );
}

/** The initial value, of the declared type where there is one. */
function initialValue(f: Lowering, declared: DeclaredType | undefined, value: Expression): Operand {
  switch (declared?.kind) {
    case 'scalar': {
      const { type } = declared;
      return scalarOf(type, convert(f, expression(f, value, type), type, value.place));
    }
    case 'pointer': {
      if (value.kind === 'object' || value.kind === 'array') return inSlot(f, declared.to, value);
      const operand = expression(f, value, declared.to);
      checkPointer(f, operand, declared.to, value.place);
      return declared.nullable ? operand : present(f, operand, value);
    }
    default:
      return expression(f, value);
  }
}

function checkPointer(f: Lowering, operand: Operand, to: KernelFieldType, place: Place): void {
  const fits = operand.kind === 'null' || (operand.kind === 'pointer' && sameType(operand.to, to));
  if (fits) return;
  f.fail('W201', place, {
    expected: `a ${kernelTypeName(to)}`,
    got: describeOperand(operand),
    cast: kernelTypeName(to),
  });
}

/** `let name: type;` is zero until it is assigned. */
function declareEmpty(f: Lowering, pattern: Pattern, declared: DeclaredType | undefined, place: Place): void {
  if (pattern.kind !== 'identifier' || declared?.kind !== 'scalar') f.fail('W214', place);
  const { type } = declared;
  bind(f, pattern.name, scalarOf(type, f.constantOf(type, 0n)), true, place);
}

/** Gives a value a name. */
export function bind(
  f: Lowering,
  name: string,
  operand: Operand,
  mutable: boolean,
  place: Place,
  to?: KernelFieldType,
  nullable?: boolean,
): void {
  if (operand.kind === 'void') f.fail('W208', place, { operator: '=', got: 'nothing' });
  f.declare(name, mutable ? variable(f, name, operand, place, to, nullable) : { kind: 'const', operand });
}

function variable(
  f: Lowering,
  name: string,
  operand: Operand,
  place: Place,
  to: KernelFieldType | undefined,
  nullable: boolean | undefined,
): Binding {
  if (operand.kind === 'pointer' || (operand.kind === 'null' && to)) {
    const target = operand.kind === 'pointer' ? operand.to : to;
    if (target === undefined) return f.fail('W214', place);
    const key = `${f.name}/${place.line}:${place.column}`;
    const own = operand.kind === 'pointer' ? f.builder.typeOf(operand.value) : f.program.guessSpace(key);
    const type: IrType = nullable === false ? nonNull(own) : nullable ? `${nonNull(own) as Space}?` : own;
    const created: Variable = { name, type, key };
    assignPointer(f, created, target, operand, place);
    return { kind: 'let', variable: created, type: { kind: 'pointer', to: target } };
  }
  if (operand.kind !== 'scalar' && operand.kind !== 'literal') {
    return f.fail('W218', place, {
      type: describeOperand(operand),
      what: 'a variable holds integers and pointers',
    });
  }
  const type = operand.kind === 'literal' ? naturalType(operand) : operand.type;
  const created: Variable = { name, type: irType(type) };
  f.builder.write(created, scalar(f, operand, place).value);
  return { kind: 'let', variable: created, type: { kind: 'scalar', type } };
}

/** `variable = pointer`. */
export function assignPointer(
  f: Lowering,
  target: Variable,
  to: KernelFieldType,
  operand: Operand,
  place: Place,
): Operand {
  checkPointer(f, operand, to, place);
  if (operand.kind === 'null') {
    if (!isNullable(target.type)) {
      f.fail('W201', place, { expected: `a ${kernelTypeName(to)}`, got: 'null', cast: kernelTypeName(to) });
    }
    f.builder.write(target, f.emit({ op: 'const', value: 0n }, target.type));
  } else if (operand.kind === 'pointer') {
    const own = f.builder.typeOf(operand.value);
    if (nonNull(own) !== nonNull(target.type)) {
      if (target.key !== undefined) f.program.learnSpace(target.key, own);
      f.fail('W308', place, { left: spaceName(target.type), right: spaceName(own) });
    }
    if (!isNullable(target.type) && !f.builder.isNonNull(operand.value)) {
      f.fail('W301', place, { what: target.name, name: target.name });
    }
    f.builder.write(target, f.addressOf(operand));
  }
  return operand;
}

/** Binds the names of a pattern to a value and its parts. */
export function destructure(f: Lowering, pattern: Pattern, whole: Operand, mutable: boolean): void {
  if (pattern.kind === 'identifier') {
    bind(f, pattern.name, whole, mutable, pattern.place);
    return;
  }
  if (pattern.kind === 'unsupported') f.fail(pattern.code, pattern.place, { what: pattern.what });
  if (whole.kind === 'context' && pattern.kind === 'objectPattern') {
    for (const { name, target, place } of pattern.properties) {
      f.at(place, () => destructure(f, target, contextMember(f, whole, { name, place }), mutable));
    }
    return;
  }
  if (whole.kind !== 'pointer') {
    f.fail('W208', pattern.place, { operator: 'Destructuring', got: describeOperand(whole) });
  }
  if (pattern.kind === 'arrayPattern') {
    for (const [index, element] of pattern.elements.entries()) {
      if (!element) continue;
      const at = { kind: 'literal', of: 'number', value: BigInt(index) } as const;
      destructure(f, element, read(f, elementOf(f, whole, at, element.place)), mutable);
    }
    return;
  }
  for (const { name, target, place } of pattern.properties) {
    f.at(place, () => destructure(f, target, read(f, fieldOf(f, whole, name, place)), mutable));
  }
}

function namesOf(pattern: Pattern): readonly string[] {
  switch (pattern.kind) {
    case 'identifier':
      return [pattern.name];
    case 'objectPattern':
      return pattern.properties.flatMap(({ target }) => namesOf(target));
    case 'arrayPattern':
      return pattern.elements.flatMap((element) => (element ? namesOf(element) : []));
    case 'unsupported':
      return [];
  }
}
