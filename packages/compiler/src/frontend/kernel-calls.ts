/** Calls of functions of the kernel (kfuncs), by their declaration with `kernelFunction()`. */
import {
  type KernelFunctionSpec,
  type KernelParameter,
  type KernelStruct,
  kernelTypeName,
  u64,
} from '@waggle/bpf';
import type { Value } from '../ir/ir.ts';
import { spaceOf } from '../ir/type.ts';
import { expression } from './expressions.ts';
import { contextArgument, memoryArgument } from './helper-calls.ts';
import { argumentAs, needsGpl } from './kernel-structs.ts';
import type { Lowering } from './lowering.ts';
import { sameType } from './lowering.ts';
import { present } from './memory.ts';
import { describeOperand, type Operand } from './operand.ts';
import { convert, scalarOf } from './scalars.ts';
import type { Call, Expression } from './syntax.ts';

/** Lowers a call of a function of the kernel. */
export function callKernelFunction(f: Lowering, spec: KernelFunctionSpec, node: Call): Operand {
  const { name, parameters, result, movesPacket } = spec;
  needsGpl(f, node.place, `calls ${name}()`);
  f.program.checkArguments(node, name, parameters.length);
  f.program.kernelFunctions.set(name, spec);
  const args = parameters.flatMap((parameter, index) => argument(f, parameter, node.args[index] ?? node));
  const kills = movesPacket ? ({ kills: 'packet' } as const) : {};
  const operation = { op: 'callKernel', function: name, ...kills } as const;
  if (result === undefined) {
    f.emit(operation, 'void', args);
    return { kind: 'void' };
  }
  if (result.kind === 'kernelStruct') {
    return { kind: 'pointer', to: result, value: f.emit(operation, 'kernel?', args), offset: 0 };
  }
  // What is above the bits of the result, nobody promises.
  return argumentAs(f, result, scalarOf(u64, f.emit(operation, 'i64', args)), node.place);
}

function argument(f: Lowering, parameter: KernelParameter, node: Expression): readonly Value[] {
  switch (parameter.kind) {
    case 'context':
      return [contextArgument(f, node)];
    case 'scalar':
      return [convert(f, expression(f, node, parameter), parameter, node.place)];
    case 'struct':
      return [f.addressOf(memoryArgument(f, [parameter], node))];
    case 'sized': {
      const pointer = memoryArgument(f, parameter.types, node);
      return [f.addressOf(pointer), f.constant('i32', BigInt(pointer.to.size))];
    }
    case 'kernelStruct':
      return [kernelArgument(f, parameter, node)];
  }
}

/** A pointer that the verifier knows to be one to that struct. */
function kernelArgument(f: Lowering, type: KernelStruct, node: Expression): Value {
  const pointer = present(f, expression(f, node), node);
  if (pointer.kind !== 'pointer' || !sameType(pointer.to, type)) {
    return f.fail('W201', node.place, {
      expected: `a ${kernelTypeName(type)}`,
      got: describeOperand(pointer),
      cast: 'kernelStruct',
    });
  }
  if (spaceOf(f.builder.typeOf(pointer.value)) !== 'kernel') {
    f.fail('W311', node.place, { what: 'memory whose type the verifier does not know' });
  }
  return f.addressOf(pointer);
}
