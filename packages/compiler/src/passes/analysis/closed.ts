/**
 * Which values of a function depend on nothing but the values of configs: those that are read, and what is computed from them
 * and from constants. They are numbers that are known before the program runs, whatever else it does.
 */
import type { IrFunction, IrInstruction, Value } from '../../ir/ir.ts';
import { isInteger } from '../../ir/type.ts';
import { isBinary } from './arithmetic.ts';
import { blockAt, flowOf } from './flow.ts';

/** A field of a config, as a key: `["settings","udp"]`. */
export type FieldKey = string;

/** The key of a field. */
export const fieldKey = (config: string, field: string): FieldKey => JSON.stringify([config, field]);

const none: ReadonlySet<FieldKey> = new Set();

/** The closed values of a function, each with the fields that it depends on: none for those that are constant. */
export function closedValues(fn: IrFunction): ReadonlyMap<Value, ReadonlySet<FieldKey>> {
  const closed = new Map<Value, ReadonlySet<FieldKey>>();
  const flow = flowOf(fn);
  // A value comes after those that it is computed from.
  for (const node of flow.order) {
    for (const instruction of blockAt(flow, node).instructions) {
      const fields = fieldsOf(instruction, closed);
      if (fields !== undefined) closed.set(instruction.id, fields);
    }
  }
  return closed;
}

function fieldsOf(
  instruction: IrInstruction,
  closed: ReadonlyMap<Value, ReadonlySet<FieldKey>>,
): ReadonlySet<FieldKey> | undefined {
  if (!isInteger(instruction.type)) return undefined;
  if (instruction.op === 'const') return none;
  if (instruction.op === 'config') return new Set([fieldKey(instruction.config, instruction.field)]);
  if (!isComputation(instruction)) return undefined;
  const parts = instruction.args.map((value) => closed.get(value));
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length ? new Set(known.flatMap((part) => [...part])) : undefined;
}

/** Comparisons are none: whoever asks for their outcome decides by it. */
const isComputation = ({ op }: IrInstruction): boolean =>
  isBinary(op) || op === 'zeroExtend' || op === 'signExtend' || op === 'truncate' || op === 'swapBytes';
