/**
 * locked(): a body between taking and releasing the spin lock of a map's value. The verifier allows no calls there, so the
 * lowering refuses them where they stand.
 */
import type { KernelMemory, ProgramType, Type } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { Value } from '../ir/ir.ts';
import { spaceOf } from '../ir/type.ts';
import { expression } from './expressions.ts';
import { callbackArgument, inlineCallback } from './inline-callbacks.ts';
import type { Lowering } from './lowering.ts';
import { present } from './memory.ts';
import { describeOperand, type Operand } from './operand.ts';
import type { Call, Expression } from './syntax.ts';
import { RUNNING_ANYWHERE } from './tracing-types.ts';

/** Those that the verifier lets take no lock, for they may run while somebody else holds it. */
const WITHOUT_LOCKS: ReadonlySet<ProgramType> = new Set<ProgramType>([...RUNNING_ANYWHERE, 'socketFilter']);

/** Lowers `locked(value, () => { … })`. */
export function lockedCall(f: Lowering, node: Call): Operand {
  f.program.checkArguments(node, 'locked', 2);
  const { type } = f.program;
  if (WITHOUT_LOCKS.has(type)) f.fail('W502', node.place, { what: 'locked()', program: type, hint: '' });
  const [given = node, body] = node.args;
  const { field: lock } = kernelField(f, given, 'bpf_spin_lock', 'spinLock');
  const callback = callbackArgument(f, body, node.place, 'locked()');
  f.emit({ op: 'callHelper', helper: Helper.spinLock }, 'void', [lock]);
  const result = f.holding(() => inlineCallback(f, callback));
  if (f.builder.reachable) f.emit({ op: 'callHelper', helper: Helper.spinUnlock }, 'void', [lock]);
  return result;
}

/** The address of a field of the kernel in the value of a map, and the struct of that value. */
export function kernelField(
  f: Lowering,
  node: Expression,
  memory: KernelMemory['name'],
  name: string,
): { readonly struct: Type; readonly field: Value } {
  const value = present(f, expression(f, node), node);
  if (value.kind === 'pointer' && spaceOf(f.builder.typeOf(value.value)) === 'mapValue') {
    const { to } = value;
    const field = to.kind === 'struct' && to.kernelFields.find(({ type }) => type.name === memory);
    if (field) return { struct: to, field: f.addressOf({ ...value, offset: value.offset + field.offset }) };
    return f.fail('W507', node.place, { what: name, got: describeOperand(value) });
  }
  return f.fail('W507', node.place, { what: name, got: describeOperand(value) });
}
