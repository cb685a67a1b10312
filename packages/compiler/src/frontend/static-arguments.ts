/** Arguments that are known when the program is compiled: types and maps. */
import { isKernelStruct, isMapSpec, isType, type KernelStruct, type MapSpec, type Type } from '@waggle/bpf';
import { expression } from './expressions.ts';
import type { Lowering } from './lowering.ts';
import { describeOperand } from './operand.ts';
import type { Call, Expression, Place } from './syntax.ts';

/** The type that is given as an argument. */
export function typeArgument(f: Lowering, node: Call, index: number): Type {
  const given = node.args[index];
  const operand = given && expression(f, given);
  if (operand?.kind === 'static' && isType(operand.value)) return operand.value;
  return f.fail('W201', given?.place ?? node.place, {
    expected: 'a struct or another type',
    got: operand ? describeOperand(operand) : 'nothing',
    cast: 'struct',
  });
}

/** The type, or struct of the kernel, that is given as an argument. */
export function typeOrKernelStruct(f: Lowering, node: Call, index: number): Type | KernelStruct {
  const given = node.args[index];
  const operand = given && expression(f, given);
  if (operand?.kind === 'static' && isKernelStruct(operand.value)) return operand.value;
  return typeArgument(f, node, index);
}

/** The declared map that is given as an argument, and its name. */
export function mapArgument(f: Lowering, node: Expression): { spec: MapSpec; name: string } {
  const operand = expression(f, node);
  if (operand.kind === 'static' && isMapSpec(operand.value)) {
    return { spec: operand.value, name: operand.name };
  }
  return f.fail('W201', node.place, { expected: 'a map', got: describeOperand(operand), cast: 'hashMap' });
}

/** The struct of the kernel that is given as an argument. */
export function kernelStructArgument(f: Lowering, node: Call, index: number): KernelStruct {
  const given = node.args[index];
  const operand = given && expression(f, given);
  if (operand?.kind === 'static' && isKernelStruct(operand.value)) return operand.value;
  return f.fail('W201', given?.place ?? node.place, {
    expected: 'a struct of the kernel',
    got: operand ? describeOperand(operand) : 'nothing',
    cast: 'kernelStruct',
  });
}

/** The name of a field, given as an argument. It is text for TypeScript; the parser keeps its text. */
export function fieldArgument(f: Lowering, node: Call, index: number): { name: string; place: Place } {
  const given = node.args[index] ?? node;
  const { place } = given;
  if (given.kind === 'unsupported' && given.code === 'W108') return { name: given.what.slice(1, -1), place };
  return f.fail('W504', place, { what: 'The name of a field' });
}
