/** Timers of map values: startTimer() and its like, each a helper or three of the kernel. */
import { cancelTimer, i32, type MapSpec, restartTimer, startTimer, typeName, u64 } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { Value } from '../ir/ir.ts';
import { type CallbackShape, entryOperands, lowerLater } from './callbacks.ts';
import { kernelField } from './critical-section.ts';
import { expression } from './expressions.ts';
import { type Lowering, sameType } from './lowering.ts';
import type { Operand } from './operand.ts';
import { convert, scalarOf } from './scalars.ts';
import { mapArgument } from './static-arguments.ts';
import type { Call, Expression } from './syntax.ts';
import { RUNNING_ANYWHERE } from './tracing-types.ts';

type Lower = (f: Lowering, node: Call) => Operand;

/** CLOCK_MONOTONIC, the clock of ktimeGetNs(). */
const MONOTONIC = 1n;

const CALLS: ReadonlyMap<unknown, Lower> = new Map<unknown, Lower>([
  [startTimer, start],
  [
    restartTimer,
    (f, node) => {
      f.program.checkArguments(node, 'restartTimer', 2);
      return run(f, timerOf(f, node, 0), node, 1);
    },
  ],
  [
    cancelTimer,
    (f, node) => {
      f.program.checkArguments(node, 'cancelTimer', 1);
      return status(f, Helper.timerCancel, [timerOf(f, node, 0)]);
    },
  ],
]);

export const isTimerCall = (value: unknown): boolean => CALLS.has(value);

/** Lowers a call of one of these functions. */
export function timerCall(f: Lowering, value: unknown, node: Call): Operand {
  const { type } = f.program;
  if (RUNNING_ANYWHERE.includes(type))
    f.fail('W502', node.place, { what: 'A timer', program: type, hint: '' });
  return (CALLS.get(value) ?? start)(f, node);
}

function start(f: Lowering, node: Call): Operand {
  f.program.checkArguments(node, 'startTimer', 4);
  const [mapNode = node, , , expire] = node.args;
  const { spec, name } = mapArgument(f, mapNode);
  const timer = timerOf(f, node, 1, spec);
  const callback = lowerLater(f, expire, node, shapeOf(f, spec, mapNode));
  // An initialised timer stays as it is, and says so, which is no fault.
  const clock = f.constant('i64', MONOTONIC);
  f.emit({ op: 'callHelper', helper: Helper.timerInit }, 'i64', [timer, f.mapReference(spec, name), clock]);
  const reference = f.emit({ op: 'functionReference', function: callback }, 'function');
  f.emit({ op: 'callHelper', helper: Helper.timerSetCallback }, 'i64', [timer, reference]);
  return run(f, timer, node, 2);
}

function shapeOf(f: Lowering, { key, value, type }: MapSpec, { place }: Expression): CallbackShape {
  if (!key || !value) return f.fail('W501', place, { type, method: 'startTimer' });
  return {
    name: 'startTimer',
    parameters: ['map', 'mapKey', 'mapValue'],
    bind: (callback, values) => entryOperands(callback, key, value, values),
  };
}

/** The address of the timer of a value, which is one of the map's, where that is given. */
function timerOf(f: Lowering, node: Call, index: number, spec?: MapSpec): Value {
  const given = node.args[index] ?? node;
  const { struct, field } = kernelField(f, given, 'bpf_timer', 'timer');
  if (spec?.value && !sameType(struct, spec.value)) {
    const [expected, got] = [`a ${typeName(spec.value)}`, `a ${typeName(struct)}`];
    f.fail('W201', given.place, { expected, got, cast: 'lookup' });
  }
  return field;
}

function run(f: Lowering, timer: Value, node: Call, index: number): Operand {
  const given = node.args[index] ?? node;
  const nanoseconds = convert(f, expression(f, given, u64), u64, given.place);
  return status(f, Helper.timerStart, [timer, nanoseconds, f.constant('i64', 0n)]);
}

function status(f: Lowering, helper: number, args: readonly Value[]): Operand {
  const answer = f.emit({ op: 'callHelper', helper }, 'i64', args);
  return scalarOf(i32, f.emit({ op: 'truncate' }, 'i32', [answer]));
}
