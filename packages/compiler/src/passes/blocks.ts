/**
 * Straightens the control flow: blocks that only jump on are passed by, exits that do the same become one, a block that
 * follows another one and nothing else is joined to it, and what cannot be reached goes.
 *
 *     b0: jump b1
 *     b1: %1 = …                       =>    b0: %1 = …
 *         return %1                               return %1
 */
import type { Block, BlockId, Edge, IrFunction, IrInstruction, Terminator, Value } from '../ir/ir.ts';
import { isNullable } from '../ir/type.ts';
import { blockAt, flowOf, incomingEdges } from './analysis/flow.ts';
import {
  filterSame,
  mapBlocks,
  mapEdges,
  Replacements,
  substitute,
  withBlocks,
  withParts,
} from './analysis/rewrite.ts';
import { type Values, valuesOf } from './analysis/values.ts';
import { functionPass, type Pass } from './pass.ts';

/** Removal of blocks that are empty, equal, unreachable, or continue one other block. */
export const blocks: Pass = functionPass('blocks', (fn) => joinChains(dropUnreachable(redirect(fn))));

/** Leads edges past blocks that only jump on, and to one of several equal exits. */
function redirect(fn: IrFunction): IrFunction {
  const values = valuesOf(fn);
  const byId = new Map(fn.blocks.map((block) => [block.id, block]));
  const exits = equalExits(fn, values);
  const follow = (edge: Edge): Edge => {
    let target = edge;
    // Empty blocks can form an endless loop, in which nobody arrives anywhere.
    for (let steps = 0; steps < 16; steps++) {
      const next = passBy(target, byId, values);
      if (next === undefined) break;
      target = next;
    }
    const exit = exits.get(target.block);
    return exit === undefined ? target : { block: exit, args: [] };
  };
  return mapBlocks(fn, (block) => withParts(block, block.instructions, mapEdges(block.terminator, follow)));
}

/** The edge that has the effect of this one without the block that it leads to. */
function passBy(edge: Edge, byId: ReadonlyMap<BlockId, Block>, values: Values): Edge | undefined {
  const block = byId.get(edge.block);
  if (block === undefined || block.instructions.length > 0 || block.terminator.op !== 'jump')
    return undefined;
  const { to } = block.terminator;
  const target = byId.get(to.block);
  if (target === undefined || to.block === edge.block) return undefined;
  const given = new Map(block.params.map(({ id }, index) => [id, edge.args[index] ?? id]));
  // A parameter that is used elsewhere, in blocks which this one dominates, keeps it in its place.
  for (const id of given.keys()) {
    if (values.uses(id) !== to.args.filter((value) => value === id).length) return undefined;
  }
  const args = to.args.map((value) => given.get(value) ?? value);
  // The block may be where a pointer is known not to be null, which the edge before it does not know yet.
  const unchecked = args.some(
    (value, index) => isNullable(values.type(value)) && !isNullable(target.params[index]?.type ?? 'void'),
  );
  return unchecked ? undefined : { block: to.block, args };
}

/** Blocks that return the same as an earlier one, without doing anything else. */
function equalExits(fn: IrFunction, values: Values): ReadonlyMap<BlockId, BlockId> {
  const first = new Map<string, BlockId>();
  const same = new Map<BlockId, BlockId>();
  for (const { id, params, instructions, terminator } of fn.blocks.slice(1)) {
    if (params.length > 0 || !instructions.every(({ op }) => op === 'const')) continue;
    const key = exitKey(terminator, instructions, values);
    if (key === undefined) continue;
    const known = first.get(key);
    if (known === undefined) first.set(key, id);
    else same.set(id, known);
  }
  return same;
}

function exitKey(
  terminator: Terminator,
  instructions: readonly IrInstruction[],
  values: Values,
): string | undefined {
  if (terminator.op !== 'return') return undefined;
  const { value } = terminator;
  if (value === undefined) return 'nothing';
  const own = instructions.find(({ id }) => id === value);
  return own === undefined ? `%${value}` : `${own.type} ${values.constant(value)}`;
}

const dropUnreachable = (fn: IrFunction): IrFunction => {
  const { order } = flowOf(fn);
  if (order.length === fn.blocks.length) return fn;
  const reached = new Set(order.map((node) => fn.blocks[node]));
  return withBlocks(
    fn,
    filterSame(fn.blocks, (block) => reached.has(block)),
  );
};

/** Joins every block to the one before it, if each is the other's only neighbour on that side. */
function joinChains(fn: IrFunction): IrFunction {
  const flow = flowOf(fn);
  const incoming = incomingEdges(flow);
  const replacements = new Replacements();
  const joined = new Set<BlockId>();
  const longer = new Map<BlockId, Block>();
  for (const node of flow.order) {
    const head = blockAt(flow, node);
    if (joined.has(head.id)) continue;
    let { terminator } = head;
    const instructions: IrInstruction[] = [...head.instructions];
    while (terminator.op === 'jump') {
      const next: number = flow.indexOf.get(terminator.to.block) ?? 0;
      if (next === 0 || incoming[next]?.length !== 1) break;
      const block = blockAt(flow, next);
      // A loop without entry cannot be reached; everything else that follows itself has two edges to it.
      for (const [index, { id }] of block.params.entries()) {
        const given: Value | undefined = terminator.to.args[index];
        if (given !== undefined) replacements.set(id, given);
      }
      joined.add(block.id);
      for (const instruction of block.instructions) instructions.push(instruction);
      terminator = block.terminator;
    }
    if (terminator !== head.terminator) longer.set(head.id, { ...head, instructions, terminator });
  }
  if (joined.size === 0) return fn;
  const rest = fn.blocks.filter(({ id }) => !joined.has(id)).map((block) => longer.get(block.id) ?? block);
  return substitute(withBlocks(fn, rest), replacements);
}
