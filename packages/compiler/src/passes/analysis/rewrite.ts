/**
 * Changing a function by making another one. Everything here returns what it was given when nothing changed, down to single
 * lists of arguments, so that a pass without effect is seen as such by comparing references.
 */
import { edgesOf } from '../../ir/graph.ts';
import type { Block, Edge, IrFunction, IrInstruction, Parameter, Terminator, Value } from '../../ir/ir.ts';
import type { IrType } from '../../ir/type.ts';
import { keepFlow } from './flow.ts';

/** Maps a list, and returns the list itself if no element changed. */
export function mapSame<T>(list: readonly T[], map: (element: T, index: number) => T): readonly T[] {
  let result: T[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const element = list[index] as T;
    const mapped = map(element, index);
    if (mapped !== element && result === undefined) result = list.slice(0, index);
    result?.push(mapped);
  }
  return result ?? list;
}

/** Filters a list, and returns the list itself if every element stays. */
export function filterSame<T>(list: readonly T[], keep: (element: T) => boolean): readonly T[] {
  const result = list.filter(keep);
  return result.length === list.length ? list : result;
}

/** The block with these parts, or itself if they are the ones it has. */
export function withParts(
  block: Block,
  instructions: readonly IrInstruction[],
  terminator: Terminator,
  params: readonly Parameter[] = block.params,
): Block {
  const same =
    instructions === block.instructions && terminator === block.terminator && params === block.params;
  return same ? block : { id: block.id, params, instructions, terminator };
}

/** The function with these blocks, or itself if they are the ones it has. */
export function withBlocks(fn: IrFunction, blocks: readonly Block[]): IrFunction {
  if (blocks === fn.blocks) return fn;
  const changed = { ...fn, blocks };
  keepFlow(fn, changed);
  return changed;
}

/** The function with every block mapped. */
export const mapBlocks = (fn: IrFunction, map: (block: Block, node: number) => Block): IrFunction =>
  withBlocks(fn, mapSame(fn.blocks, map));

/** The terminator with every edge mapped. */
export function mapEdges(terminator: Terminator, map: (edge: Edge) => Edge): Terminator {
  switch (terminator.op) {
    case 'jump': {
      const to = map(terminator.to);
      return to === terminator.to ? terminator : { ...terminator, to };
    }
    case 'branch': {
      const then = map(terminator.then);
      const otherwise = map(terminator.otherwise);
      if (then === terminator.then && otherwise === terminator.otherwise) return terminator;
      return { ...terminator, then, otherwise };
    }
    default:
      return terminator;
  }
}

/** A jump with the origin of the terminator that it replaces. */
export const jumpTo = (to: Edge, { origin }: Terminator): Terminator =>
  origin === undefined ? { op: 'jump', to } : { op: 'jump', to, origin };

/** Calls `visit` with every value that a terminator uses. */
export function forEachUse(terminator: Terminator, visit: (value: Value) => void): void {
  if (terminator.op === 'branch') {
    visit(terminator.left);
    visit(terminator.right);
  } else if (terminator.op === 'return' && terminator.value !== undefined) visit(terminator.value);
  for (const { args } of edgesOf(terminator)) for (const value of args) visit(value);
}

/** Maps the values that an instruction uses. */
export function mapArguments(instruction: IrInstruction, map: (value: Value) => Value): IrInstruction {
  const args = mapSame(instruction.args, map);
  return args === instruction.args ? instruction : { ...instruction, args };
}

/** Maps the values that a terminator uses. */
export function mapUses(terminator: Terminator, map: (value: Value) => Value): Terminator {
  const mapped = mapEdges(terminator, (edge) => {
    const args = mapSame(edge.args, map);
    return args === edge.args ? edge : { ...edge, args };
  });
  if (mapped.op === 'branch') {
    const left = map(mapped.left);
    const right = map(mapped.right);
    return left === mapped.left && right === mapped.right ? mapped : { ...mapped, left, right };
  }
  if (mapped.op === 'return' && mapped.value !== undefined) {
    const value = map(mapped.value);
    return value === mapped.value ? mapped : { ...mapped, value };
  }
  return mapped;
}

/** Values that others take the place of. */
export class Replacements {
  readonly #by = new Map<Value, Value>();

  get size(): number {
    return this.#by.size;
  }

  has(value: Value): boolean {
    return this.#by.has(value);
  }

  /** Lets `by` (or what replaces that) take the place of `value`. */
  set(value: Value, by: Value): void {
    this.#by.set(value, this.of(by));
  }

  /** What takes the place of a value: itself unless replaced. */
  of(value: Value): Value {
    let by = this.#by.get(value);
    if (by === undefined) return value;
    for (let next = this.#by.get(by); next !== undefined; next = this.#by.get(by)) by = next;
    this.#by.set(value, by);
    return by;
  }
}

/** The function with values replaced wherever they are used. */
export function substitute(fn: IrFunction, replacements: Replacements): IrFunction {
  if (replacements.size === 0) return fn;
  const map = (value: Value): Value => replacements.of(value);
  return mapBlocks(fn, (block) =>
    withParts(
      block,
      mapSame(block.instructions, (instruction) => mapArguments(instruction, map)),
      mapUses(block.terminator, map),
    ),
  );
}

/** One more than the highest value of a function: where new values and tables by value start and end. */
export function valueCount({ blocks }: IrFunction): number {
  let highest = -1;
  for (const { params, instructions } of blocks) {
    for (const { id } of params) if (id > highest) highest = id;
    for (const { id } of instructions) if (id > highest) highest = id;
  }
  return highest + 1;
}

/** One more than the highest block id of a function. */
export function blockCount({ blocks }: IrFunction): number {
  let highest = -1;
  for (const { id } of blocks) if (id > highest) highest = id;
  return highest + 1;
}

/** A new constant. */
export const constant = (id: Value, type: IrType, value: bigint): IrInstruction => ({
  op: 'const',
  value,
  id,
  type,
  args: [],
});
