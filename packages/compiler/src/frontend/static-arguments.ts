/** Arguments that are known when the program is compiled: types and maps. */
import { isMapSpec, isType, type MapSpec, type Type } from '@waggle/bpf';
import { expression } from './expressions.ts';
import type { Lowering } from './lowering.ts';
import { describeOperand } from './operand.ts';
import type { Call, Expression } from './syntax.ts';

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

/** The declared map that is given as an argument, and its name. */
export function mapArgument(f: Lowering, node: Expression): { spec: MapSpec; name: string } {
  const operand = expression(f, node);
  if (operand.kind === 'static' && isMapSpec(operand.value)) {
    return { spec: operand.value, name: operand.name };
  }
  return f.fail('W201', node.place, { expected: 'a map', got: describeOperand(operand), cast: 'hashMap' });
}
