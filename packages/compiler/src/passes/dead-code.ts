/**
 * Removes what nobody needs: computations whose result is not used, block parameters likewise (also those that only feed
 * each other around a loop), stores to stack slots that are never read, and functions that are never called.
 */
import { edgesOf } from '../ir/graph.ts';
import type { Block, Edge, IrFunction, IrInstruction, IrProgram, Parameter, Value } from '../ir/ir.ts';
import { usedFunctions } from './analysis/calls.ts';
import { hasEffect } from './analysis/effects.ts';
import { memoryOf } from './analysis/memory.ts';
import { filterSame, forEachUse, mapBlocks, mapEdges, mapSame, withParts } from './analysis/rewrite.ts';
import { valuesOf } from './analysis/values.ts';
import { type Pass, withFunctions } from './pass.ts';

/** Dead code elimination. */
export const deadCode: Pass = {
  name: 'deadCode',
  run(program: IrProgram): IrProgram {
    const used = usedFunctions(program);
    const called = filterSame(program.functions, ({ name }) => used.has(name));
    return withFunctions(program, mapSame(called, removeDead));
  },
};

function removeDead(fn: IrFunction): IrFunction {
  const isNeeded = neededInstructions(fn);
  const isLive = liveValues(fn, isNeeded);
  const stays = new Map(
    fn.blocks.map(({ id, params }, node) => [id, node === 0 ? [] : params.map((each) => isLive(each.id))]),
  );
  const isKept = (instruction: IrInstruction): boolean => isNeeded(instruction) || isLive(instruction.id);
  const kept = (edge: Edge): Edge => {
    const live = stays.get(edge.block) ?? [];
    return live.every(Boolean) ? edge : { ...edge, args: edge.args.filter((_, index) => live[index]) };
  };
  return mapBlocks(fn, (block, node) =>
    withParts(
      block,
      filterSame(block.instructions, isKept),
      mapEdges(block.terminator, kept),
      node === 0 ? block.params : filterSame(block.params, ({ id }: Parameter) => isLive(id)),
    ),
  );
}

/** The instructions that have to run for what they do. */
function neededInstructions(fn: IrFunction): (instruction: IrInstruction) => boolean {
  const { locate } = memoryOf(fn);
  const { definition } = valuesOf(fn);
  const rootOf = (pointer: Value): Value => locate(pointer, 0, 0).root;
  const read = new Set<Value>();
  const readRoot = (value: Value): void => {
    read.add(rootOf(value));
  };
  for (const { instructions, terminator } of fn.blocks) {
    for (const { op, args } of instructions) {
      const written = op === 'store' || op === 'offsetPointer' ? 1 : 0;
      args.slice(written).forEach(readRoot);
    }
    forEachUse(terminator, readRoot);
  }
  return (instruction) => {
    if (!hasEffect(instruction)) return false;
    if (instruction.op !== 'store') return true;
    const root = rootOf(instruction.args[0] ?? 0);
    return definition(root)?.op !== 'stackSlot' || read.has(root);
  };
}

/** The values that needed instructions and terminators depend on. */
function liveValues(
  { blocks }: IrFunction,
  isNeeded: (instruction: IrInstruction) => boolean,
): (value: Value) => boolean {
  const definitions = new Map<Value, IrInstruction>();
  const given = givenValues(blocks);
  const live = new Set<Value>();
  const need = (value: Value): void => {
    live.add(value);
  };
  for (const { instructions, terminator } of blocks) {
    for (const instruction of instructions) {
      definitions.set(instruction.id, instruction);
      if (isNeeded(instruction)) instruction.args.forEach(need);
    }
    if (terminator.op === 'branch') [terminator.left, terminator.right].forEach(need);
    else if (terminator.op === 'return' && terminator.value !== undefined) need(terminator.value);
  }
  for (const value of live) {
    definitions.get(value)?.args.forEach(need);
    given.get(value)?.forEach(need);
  }
  return (value) => live.has(value);
}

/** What the edges give to each parameter. */
function givenValues(blocks: readonly Block[]): ReadonlyMap<Value, readonly Value[]> {
  const params = new Map(blocks.map((block) => [block.id, block.params]));
  const given = new Map<Value, Value[]>();
  for (const { terminator } of blocks) {
    for (const { block, args } of edgesOf(terminator)) {
      for (const [index, { id }] of (params.get(block) ?? []).entries()) {
        const value = args[index];
        if (value === undefined) continue;
        const values = given.get(id);
        if (values === undefined) given.set(id, [value]);
        else values.push(value);
      }
    }
  }
  return given;
}
