/**
 * Prepares a program for numbers that are put in when its code is finished: what depends on nothing but values of configs
 * that are not put in yet becomes a `late` number, and how it is computed goes into a list.
 *
 *     %2: i32 = config settings port       =>    %3: i32 = late 1 bits 16
 *     %3: i32 = swapBytes 16 %2                  and, when the code is finished: 0 is settings.port, 1 is 0 with swapped bytes
 */
import type { IrFunction, IrInstruction, IrProgram, Value } from '../ir/ir.ts';
import { resultOf, widthOf } from './analysis/arithmetic.ts';
import { closedValues } from './analysis/closed.ts';
import { blockAt, flowOf } from './analysis/flow.ts';
import { withBlocks, withParts } from './analysis/rewrite.ts';
import { valuesOf } from './analysis/values.ts';
import { type ConfigValues, configValue } from './specialize.ts';

/** How a late number is computed. */
export interface LateNumber {
  readonly instruction: IrInstruction;
  /** What it is computed from: by places in the list, all before its own, or constants. */
  readonly operands: readonly (LatePlace | bigint)[];
}

type LatePlace = number;

/** How many bits the value of a field can have, unsigned. */
export type FieldBits = (config: string, field: string) => number;

/** A program with late numbers, and how these are computed. */
export interface LateProgram {
  readonly program: IrProgram;
  readonly numbers: readonly LateNumber[];
}

/** Makes late numbers of all that depends on the values of configs alone. */
export function withLateNumbers(program: IrProgram, fieldBits: FieldBits): LateProgram {
  const numbers: LateNumber[] = [];
  const functions = program.functions.map((fn) => withLate(fn, fieldBits, numbers));
  return { program: { ...program, functions }, numbers };
}

function withLate(fn: IrFunction, fieldBits: FieldBits, numbers: LateNumber[]): IrFunction {
  const values = valuesOf(fn);
  const closed = closedValues(fn);
  const flow = flowOf(fn);
  const places = new Map<Value, { readonly place: LatePlace; readonly bits: number }>();
  const late = (instruction: IrInstruction): IrInstruction => {
    const { id, type, origin, args } = instruction;
    if ((closed.get(id)?.size ?? 0) === 0) return instruction;
    const known = (value: Value): number => places.get(value)?.bits ?? bitsIn(values.constant(value));
    const bits = bitsOf(instruction, fieldBits, known);
    const operands = args.map((value) => places.get(value)?.place ?? values.constant(value) ?? 0n);
    const place = numbers.push({ instruction, operands }) - 1;
    places.set(id, { place, bits });
    const replaced = { op: 'late', number: place, bits, id, type, args: [] } as const;
    return origin === undefined ? replaced : { ...replaced, origin };
  };
  const blocks = fn.blocks.slice();
  for (const node of flow.order) {
    const block = blockAt(flow, node);
    blocks[node] = withParts(block, block.instructions.map(late), block.terminator);
  }
  return withBlocks(fn, blocks);
}

const bitsIn = (constant = 0n): number => constant.toString(2).length;

/** The most bits that a closed value can have. */
function bitsOf(instruction: IrInstruction, fieldBits: FieldBits, of: (value: Value) => number): number {
  const { type, args } = instruction;
  const width = widthOf(type);
  const [left = 0, right = 0] = args.map(of);
  switch (instruction.op) {
    case 'config':
      return Math.min(width, fieldBits(instruction.config, instruction.field));
    case 'zeroExtend':
      return left;
    case 'truncate':
      return Math.min(32, left);
    case 'swapBytes':
      return instruction.bits;
    case 'and':
      return Math.min(left, right);
    case 'or':
    case 'xor':
      return Math.max(left, right);
    case 'add':
      return Math.min(width, Math.max(left, right) + 1);
    default:
      return width;
  }
}

/** The late numbers for these values of the configs. */
export function lateNumbers(numbers: readonly LateNumber[], values: ConfigValues): bigint[] {
  const results: bigint[] = [];
  for (const { instruction, operands } of numbers) {
    results.push(
      instruction.op === 'config' ? configValue(instruction, values) : computed(instruction, operands),
    );
  }
  return results;

  function computed(instruction: IrInstruction, operands: LateNumber['operands']): bigint {
    const { args, op } = instruction;
    const result = resultOf(instruction, {
      constant: (value) => {
        const operand = operands[args.indexOf(value)];
        return typeof operand === 'bigint' ? operand : results[operand ?? -1];
      },
      type: () => instruction.type,
    });
    if (result === undefined) throw new TypeError(`a late number cannot be computed by ${op}`);
    return result;
  }
}
