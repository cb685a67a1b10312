/**
 * Calls, by what is called: a method of the context or of a map, a cast, a conversion of byte order, a helper of the kernel,
 * or a function of the program's own.
 */
import {
  be16,
  be32,
  be64,
  currentTask,
  fieldExists,
  filled,
  helperSpec,
  hton16,
  hton32,
  hton64,
  isMapSpec,
  isType,
  kernelAt,
  kernelFunctionSpec,
  locked,
  loop,
  ntoh16,
  ntoh32,
  ntoh64,
  type Scalar,
  u16,
  u32,
  u64,
  zeroed,
} from '@waggle/bpf';
import { atomicCall, isAtomic } from './atomics.ts';
import { loopCall } from './callbacks.ts';
import { contextCall } from './context.ts';
import { lockedCall } from './critical-section.ts';
import { expression } from './expressions.ts';
import { callFunction } from './functions.ts';
import { callHelper } from './helper-calls.ts';
import { callKernelFunction } from './kernel-calls.ts';
import { currentTaskCall, fieldExistsCall, kernelAtCall } from './kernel-structs.ts';
import type { Lowering } from './lowering.ts';
import { mapCall } from './map-calls.ts';
import { inSlot, present, zeroedSlot } from './memory.ts';
import { describeOperand, type Operand } from './operand.ts';
import { cast, convert, scalarOf } from './scalars.ts';
import { typeArgument } from './static-arguments.ts';
import { structMethodCall } from './struct-methods.ts';
import type { Call, Member } from './syntax.ts';
import { isTimerCall, timerCall } from './timers.ts';

/** From which type to which a conversion of byte order goes. */
const BYTE_ORDER: ReadonlyMap<unknown, readonly [from: Scalar, to: Scalar]> = new Map<
  unknown,
  readonly [Scalar, Scalar]
>([
  [hton16, [u16, be16]],
  [hton32, [u32, be32]],
  [hton64, [u64, be64]],
  [ntoh16, [be16, u16]],
  [ntoh32, [be32, u32]],
  [ntoh64, [be64, u64]],
]);

/** Lowers a call; the result is void where the callee gives nothing. */
export function call(f: Lowering, node: Call): Operand {
  const { callee } = node;
  if (callee.kind === 'member') {
    const method = methodCall(f, node, callee);
    if (method) return method;
  }
  const target = expression(f, callee);
  if (target.kind === 'function') return callFunction(f, target, node);
  if (target.kind === 'static') {
    const called = intrinsic(f, target.value, node);
    if (called) return called;
  }
  return f.fail('W408', callee.place, { got: describeOperand(target) });
}

function methodCall(f: Lowering, node: Call, callee: Member): Operand | undefined {
  const { object, name } = callee;
  if (object.kind === 'identifier' && f.lookup(object.name) === undefined) {
    // A function of an imported namespace is no method.
    if (f.program.modules.member(f.module, object.name, name).kind !== 'nothing') return undefined;
  }
  return methodOf(f, expression(f, object), node, callee);
}

/** A method of what was found to be before the dot; undefined if that has none. */
export function methodOf(f: Lowering, receiver: Operand, node: Call, callee: Member): Operand | undefined {
  const { object, name } = callee;
  if (receiver.kind === 'context') return contextCall(f, receiver, node, name);
  if (receiver.kind === 'map') {
    present(f, receiver, object);
    return mapCall(f, { spec: receiver.spec, reference: () => receiver.value, name: 'the map' }, node, name);
  }
  if (receiver.kind === 'static' && isMapSpec(receiver.value)) {
    const spec = receiver.value;
    const reference = () => f.mapReference(spec, receiver.name);
    return mapCall(f, { spec, reference, name: receiver.name }, node, name);
  }
  if (receiver.kind === 'pointer') {
    present(f, receiver, object);
    return structMethodCall(f, receiver, node, callee);
  }
  return undefined;
}

function intrinsic(f: Lowering, value: unknown, node: Call): Operand | undefined {
  const order = BYTE_ORDER.get(value);
  if (order) {
    const [from, to] = order;
    f.program.checkArguments(node, `${from.byteOrder === 'native' ? 'hton' : 'ntoh'}${to.bits}`, 1);
    const [argument = node] = node.args;
    const operand = expression(f, argument);
    if (operand.kind === 'literal' && operand.of === (to.bits === 64 ? 'bigint' : 'number')) {
      return scalarOf(to, f.constantOf(to, operand.value));
    }
    return cast(f, scalarOf(from, convert(f, operand, from, argument.place)), to, node.place);
  }
  if (isType(value) && value.kind === 'scalar') {
    f.program.checkArguments(node, value.name, 1);
    const [argument = node] = node.args;
    return cast(f, expression(f, argument), value, argument.place);
  }
  if (value === zeroed) {
    f.program.checkArguments(node, 'zeroed', 1);
    return zeroedSlot(f, typeArgument(f, node, 0));
  }
  if (value === filled) {
    f.program.checkArguments(node, 'filled', 2);
    const [, data = node] = node.args;
    return inSlot(f, typeArgument(f, node, 0), data);
  }
  if (isAtomic(value)) return atomicCall(f, value, node);
  if (value === locked) return lockedCall(f, node);
  if (value === loop) return loopCall(f, node);
  if (isTimerCall(value)) return timerCall(f, value, node);
  if (value === kernelAt) return kernelAtCall(f, node);
  if (value === currentTask) return currentTaskCall(f, node);
  if (value === fieldExists) return fieldExistsCall(f, node);
  const kernelFunction = kernelFunctionSpec(value);
  if (kernelFunction) return callKernelFunction(f, kernelFunction, node);
  const helper = helperSpec(value);
  return helper && callHelper(f, helper, node);
}
