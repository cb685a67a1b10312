/** Calls of helper functions of the kernel, by their description in `@waggle/bpf`. */
import { type HelperParameter, type HelperSpec, isMapSpec, type Struct, type Type, u32 } from '@waggle/bpf';
import type { Value } from '../ir/ir.ts';
import { spaceOf } from '../ir/type.ts';
import { expression } from './expressions.ts';
import { irType, type Lowering } from './lowering.ts';
import { inSlot, passable, present } from './memory.ts';
import { describeOperand, type Operand, type Pointer } from './operand.ts';
import { convert, scalarOf } from './scalars.ts';
import { mapArgument } from './static-arguments.ts';
import type { Call, Expression, ObjectLiteral } from './syntax.ts';

/** Lowers a call of a helper. */
export function callHelper(f: Lowering, spec: HelperSpec, node: Call): Operand {
  const count = spec.parameters.length;
  const partly = spec.parameters.some((parameter) => parameter.kind === 'sized' && parameter.partly);
  f.program.checkArguments(node, spec.name, count, partly ? count + 1 : count);
  const args = spec.parameters.flatMap((parameter, index) =>
    argument(f, parameter, node.args[index] ?? node, node.args[count]),
  );
  return helperResult(f, spec, args);
}

function helperResult(f: Lowering, spec: HelperSpec, args: readonly Value[]): Operand {
  const { result, number: helper } = spec;
  const kills = spec.movesPacket ? ({ kills: 'packet' } as const) : {};
  const operation = { op: 'callHelper', helper, ...kills } as const;
  switch (result.kind) {
    case 'void':
      f.emit(operation, 'void', args);
      return { kind: 'void' };
    case 'socket':
      return { kind: 'pointer', to: result.type, value: f.emit(operation, 'socket?', args), offset: 0 };
    case 'scalar': {
      // A helper returns 64 bits; those of an int are its sign.
      const wide = f.emit(operation, 'i64', args);
      const value = irType(result.type) === 'i64' ? wide : f.emit({ op: 'truncate' }, 'i32', [wide]);
      return scalarOf(result.type, value);
    }
  }
}

/** @param length - How many bytes of what is passed partly count. */
function argument(f: Lowering, parameter: HelperParameter, node: Expression, length?: Expression): Value[] {
  switch (parameter.kind) {
    case 'context':
      return [contextArgument(f, node)];
    case 'scalar':
      return [convert(f, expression(f, node, parameter.type), parameter.type, node.place)];
    case 'map': {
      const { spec, name } = mapArgument(f, node);
      if (!isMapSpec(spec) || !parameter.types.includes(spec.type)) {
        f.fail('W501', node.place, { type: spec.type, method: 'this helper' });
      }
      return [f.mapReference(spec, name)];
    }
    case 'socket':
      return [socketArgument(f, node)];
    case 'memory':
      return [f.addressOf(memoryArgument(f, parameter.types, node))];
    case 'sized': {
      if (parameter.nullable && node.kind === 'null') {
        return [f.emit({ op: 'const', value: 0n }, 'stack?'), f.constant('i32', 0n)];
      }
      const pointer = memoryArgument(f, parameter.types, node);
      const size =
        parameter.partly && length
          ? convert(f, expression(f, length, u32), u32, length.place)
          : f.constant('i32', BigInt(pointer.to.size));
      return [f.addressOf(pointer), size];
    }
  }
}

/** The context of the program. */
export function contextArgument(f: Lowering, node: Expression): Value {
  const operand = expression(f, node);
  if (operand.kind === 'context') return operand.value;
  return f.fail('W201', node.place, {
    expected: 'the context',
    got: describeOperand(operand),
    cast: 'ctx',
  });
}

/** A struct in memory. A literal is of the first of the types that has its fields. */
export function memoryArgument(f: Lowering, types: readonly Struct[], node: Expression): Pointer<Type> {
  if (node.kind === 'object') {
    const type = types.find((candidate) => hasFields(candidate, node)) ?? types[0];
    if (!type) return f.fail('W214', node.place);
    return inSlot(f, type, node);
  }
  const [only, ...others] = types;
  return passable(f, expression(f, node), others.length === 0 ? only : undefined, node);
}

const hasFields = ({ fields }: Struct, { properties }: ObjectLiteral): boolean =>
  properties.every(({ name, value }) =>
    fields.some((field) => {
      if (field.name !== name) return false;
      return (
        value.kind !== 'array' || (field.type.kind === 'array' && field.type.length === value.elements.length)
      );
    }),
  );

/** A socket that is there, or null where the kernel takes it. */
export function socketArgument(f: Lowering, node: Expression): Value {
  const operand = expression(f, node);
  if (operand.kind === 'null') return f.emit({ op: 'const', value: 0n }, 'socket?');
  const pointer = present(f, operand, node);
  if (pointer.kind === 'pointer' && spaceOf(f.builder.typeOf(pointer.value)) === 'socket')
    return pointer.value;
  return f.fail('W201', node.place, {
    expected: 'a socket',
    got: describeOperand(operand),
    cast: 'skLookupTcp',
  });
}
