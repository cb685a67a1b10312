/**
 * Removes block parameters that say nothing: those for which every predecessor gives the same value, or the same constant.
 *
 *     b1: jump b3(%1)
 *     b2: jump b3(%1)
 *     b3(%4: i32): return %4           =>    b3: return %1
 */
import type { IrFunction, IrInstruction, Parameter, Value } from '../ir/ir.ts';
import { flowOf, incomingEdges } from './analysis/flow.ts';
import {
  constant,
  filterSame,
  mapBlocks,
  mapEdges,
  Replacements,
  substitute,
  withParts,
} from './analysis/rewrite.ts';
import { type Values, valuesOf } from './analysis/values.ts';
import { functionPass, type Pass } from './pass.ts';

/** Removal of redundant block parameters. */
export const parameters: Pass = functionPass('parameters', (fn) => {
  const flow = flowOf(fn);
  const incoming = incomingEdges(flow);
  const values = valuesOf(fn);
  const replacements = new Replacements();
  const constants = new Map<Value, IrInstruction>();
  // One parameter may be redundant because another one is: as long as something was found, look again.
  for (let before = -1; before < replacements.size + constants.size; ) {
    before = replacements.size + constants.size;
    for (const node of flow.order) {
      if (node === 0) continue;
      for (const [index, parameter] of (fn.blocks[node]?.params ?? []).entries()) {
        if (replacements.has(parameter.id) || constants.has(parameter.id)) continue;
        const given = (incoming[node] ?? []).map(({ edge }) => replacements.of(edge.args[index] ?? -1));
        const single = onlyOne(parameter, given, values);
        if (typeof single === 'number') replacements.set(parameter.id, single);
        else if (single !== undefined) constants.set(parameter.id, single);
      }
    }
  }
  if (replacements.size + constants.size === 0) return fn;
  return removeParameters(fn, replacements, constants);
});

/** The value or constant that a parameter always is; undefined if it can be several. */
function onlyOne(
  { id, type }: Parameter,
  given: readonly Value[],
  values: Values,
): Value | IrInstruction | undefined {
  const others = given.filter((value) => value !== id);
  const [first] = others;
  if (first === undefined) return undefined;
  if (others.every((value) => value === first)) return first;
  const number = values.constant(first);
  if (number === undefined || others.some((value) => values.constant(value) !== number)) return undefined;
  return constant(id, type, number);
}

/** Removes the parameters; the constants among them become instructions of the same number. */
function removeParameters(
  fn: IrFunction,
  replacements: Replacements,
  constants: ReadonlyMap<Value, IrInstruction>,
): IrFunction {
  const stays = ({ id }: Parameter): boolean => !replacements.has(id) && !constants.has(id);
  const kept = new Map(fn.blocks.map(({ id, params }) => [id, params.map(stays)]));
  const removed = mapBlocks(fn, (block) => {
    const added = block.params.flatMap(({ id }) => constants.get(id) ?? []);
    return withParts(
      block,
      added.length === 0 ? block.instructions : [...added, ...block.instructions],
      mapEdges(block.terminator, (edge) => {
        const keeps = kept.get(edge.block) ?? [];
        const args = keeps.every(Boolean) ? edge.args : edge.args.filter((_, index) => keeps[index]);
        return args === edge.args ? edge : { ...edge, args };
      }),
      filterSame(block.params, stays),
    );
  });
  return substitute(removed, replacements);
}
