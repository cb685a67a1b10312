/**
 * Reads nothing twice: a load gives way to an earlier load of the same bytes, or to the value that a store has put there, if
 * nothing on any path between may have written them.
 *
 *     store u32 %1 +4 %2
 *     %3: i32 = load u32 %1 +4         =>    (%2 in place of %3)
 */
import type { IrInstruction, Value } from '../ir/ir.ts';
import type { IrType } from '../ir/type.ts';
import { blockAt, flowOf, ScopedTable, walkDominators } from './analysis/flow.ts';
import { type Location, memoryOf } from './analysis/memory.ts';
import { constant, mapBlocks, Replacements, substitute, withParts } from './analysis/rewrite.ts';
import { valuesOf } from './analysis/values.ts';
import { functionPass, type Pass } from './pass.ts';

/** A value that was read from or written to memory, and the version of memory that holds it. */
interface Content {
  readonly value: Value;
  readonly version: number;
  readonly stored: boolean;
}

/** Elimination of redundant loads. */
export const loads: Pass = functionPass('loads', (fn) => {
  const flow = flowOf(fn);
  const values = valuesOf(fn);
  const { versions, locate, touches } = memoryOf(fn);
  const contents = new ScopedTable<string, Content>();
  const replacements = new Replacements();
  const narrowed = new Map<Value, Value>();

  const visit = (instruction: IrInstruction): void => {
    if (instruction.op !== 'load' && instruction.op !== 'store') return;
    const { id, op, size, offset, args } = instruction;
    const [pointer = 0, stored = 0] = args;
    const location = locate(pointer, offset, size);
    const key = keyOf(location, pointer, offset);
    if (op === 'store') {
      contents.set(key, { value: stored, version: versions.after(id), stored: true });
      return;
    }
    if (instruction.volatile) return;
    const version = versions.before(id);
    const known = contents.get(key);
    const valid =
      known !== undefined &&
      values.type(known.value) === instruction.type &&
      versions.unchanged(known.version, version, (change) => touches(change, location));
    if (!valid) contents.set(key, { value: id, version, stored: false });
    else if (known.stored && isPartial(instruction.type, size)) narrowed.set(id, known.value);
    else replacements.set(id, known.value);
  };

  walkDominators(flow, {
    enter: (node) => {
      contents.enter();
      blockAt(flow, node).instructions.forEach(visit);
    },
    leave: () => contents.leave(),
  });
  if (replacements.size + narrowed.size === 0) return fn;

  let next = values.count;
  const rewritten = mapBlocks(fn, (block) => {
    const instructions = block.instructions.flatMap((instruction) => {
      if (replacements.has(instruction.id)) return [];
      const value = narrowed.get(instruction.id);
      if (value === undefined || instruction.op !== 'load') return [instruction];
      const mask = constant(next++, instruction.type, (1n << BigInt(instruction.size * 8)) - 1n);
      return [mask, lowBytes(instruction, value, mask.id)];
    });
    const same = instructions.every((instruction, index) => instruction === block.instructions[index]);
    const unchanged = same && instructions.length === block.instructions.length;
    return withParts(block, unchanged ? block.instructions : instructions, block.terminator);
  });
  return substitute(rewritten, replacements);
});

/** Places in memory that are known relative to one root share a name, others go by their pointer. */
const keyOf = ({ space, root, start, size }: Location, pointer: Value, offset: number): string =>
  start === undefined ? `*${pointer} ${offset} ${size}` : `${space} ${root} ${start} ${size}`;

/** Whether a store of that size keeps only a part of the value. */
const isPartial = (type: IrType, size: number): boolean => type === 'i32' && size < 4;

/** The bytes of a value that were stored, in place of the load that would read them. */
function lowBytes({ id, type, origin }: IrInstruction, value: Value, mask: Value): IrInstruction {
  const operation = { op: 'and', id, type, args: [value, mask] } as const;
  return origin === undefined ? operation : { ...operation, origin };
}
