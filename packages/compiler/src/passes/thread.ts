/**
 * Jump threading: a branch that asks for a block parameter has its answer in the predecessors that give a constant, so these
 * go where the branch would go. It is what remains of `a && b`, of `x ? true : false`, and of functions that return null. The
 * same goes for predecessors that are reached by one answer to the same question only, which is what remains of looking up a
 * number that may not be there.
 *
 *     b1: jump b3(0)                          b1: jump b5
 *     b2: jump b3(%2)                 =>      b2: jump b3(%2)
 *     b3(%4): branch equal %4 0 ? b5 : b6     b3(%4): branch equal %4 0 ? b5 : b6
 */
import type { Block, BlockId, Edge, IrFunction, IrInstruction, Terminator, Value } from '../ir/ir.ts';
import { isNullable } from '../ir/type.ts';
import { holds, type Operands, resultOf, widthOf } from './analysis/arithmetic.ts';
import { hasEffect } from './analysis/effects.ts';
import { type Flow, flowOf } from './analysis/flow.ts';
import { constant, forEachUse, mapBlocks, mapEdges, withParts } from './analysis/rewrite.ts';
import { type Values, valuesOf } from './analysis/values.ts';
import { functionPass, type Pass } from './pass.ts';

/** Jump threading. */
export const thread: Pass = functionPass('thread', (fn) => new Threading(fn).run());

/** A block that does nothing but ask: what it defines, by value. */
interface Crossing {
  readonly block: Block;
  readonly terminator: Terminator & { readonly op: 'branch' };
  readonly definitions: ReadonlyMap<Value, IrInstruction>;
  /** The nodes of other blocks that use what it defines. */
  readonly usedIn: readonly number[];
}

class Threading {
  readonly #fn: IrFunction;
  readonly #flow: Flow;
  readonly #values: Values;
  readonly #crossings: ReadonlyMap<BlockId, Crossing>;
  #nextValue: Value;

  constructor(fn: IrFunction) {
    this.#fn = fn;
    this.#flow = flowOf(fn);
    this.#values = valuesOf(fn);
    this.#crossings = crossingsOf(fn);
    this.#nextValue = this.#values.count;
  }

  run(): IrFunction {
    if (this.#crossings.size === 0) return this.#fn;
    return mapBlocks(this.#fn, (block) => {
      const added: IrInstruction[] = [];
      const terminator = mapEdges(block.terminator, (edge) => this.#thread(block, edge, added) ?? edge);
      return withParts(
        block,
        added.length === 0 ? block.instructions : [...block.instructions, ...added],
        terminator,
      );
    });
  }

  /** Where an edge leads after the block that it leads to; constants that it needs are put into `added`. */
  #thread(from: Block, edge: Edge, added: IrInstruction[]): Edge | undefined {
    const crossing = this.#crossings.get(edge.block);
    if (crossing === undefined || crossing.block === from) return undefined;
    const given = new Map(crossing.block.params.map(({ id }, index) => [id, edge.args[index] ?? id]));
    const outcome = this.#outcome(crossing, given) ?? this.#answered(from, edge, crossing);
    if (outcome === undefined) return undefined;
    const { then, otherwise } = crossing.terminator;
    const target = outcome ? then : otherwise;
    if (target.block === edge.block || !this.#staysDefined(crossing, outcome)) return undefined;
    const params = this.#fn.blocks[this.#flow.indexOf.get(target.block) ?? -1]?.params ?? [];
    const copies: IrInstruction[] = [];
    const args: Value[] = [];
    for (const [index, value] of target.args.entries()) {
      const definition = crossing.definitions.get(value);
      if (definition !== undefined && definition.op !== 'const') return undefined;
      const argument = given.get(value) ?? value;
      // The way over the crossing may be what says that a pointer is not null.
      if (isNullable(this.#values.type(argument)) && !isNullable(params[index]?.type ?? 'void'))
        return undefined;
      if (definition === undefined) args.push(argument);
      else {
        const copy = constant(this.#nextValue++, definition.type, definition.value);
        copies.push(copy);
        args.push(copy.id);
      }
    }
    added.push(...copies);
    return { block: target.block, args };
  }

  /** How the branch of a crossing goes for someone who gives it these values. */
  #outcome({ terminator, definitions }: Crossing, given: ReadonlyMap<Value, Value>): boolean | undefined {
    const values = this.#values;
    const operands: Operands = {
      type: (value) => values.type(value),
      constant: (value) => {
        const definition = definitions.get(value);
        if (definition !== undefined) return resultOf(definition, operands);
        return values.constant(given.get(value) ?? value);
      },
    };
    const { comparison, left, right } = terminator;
    const second = operands.constant(right);
    if (second === undefined) return undefined;
    const first = operands.constant(left);
    if (first !== undefined) return holds(comparison, widthOf(values.type(left)), first, second);
    const pointer = isNullable(values.type(left)) && !isNullable(values.type(given.get(left) ?? left));
    return pointer && second === 0n ? comparison === 'notEqual' : undefined;
  }

  /**
   * How the branch of a crossing goes for someone who comes from an earlier one that asks the same, with no way in between to
   * join. Whoever knows that a pointer is not null still goes over the crossing, which may be what says so to others.
   */
  #answered(
    from: Block,
    edge: Edge,
    { block: { params }, definitions, terminator: question }: Crossing,
  ): boolean | undefined {
    const { left, comparison } = question;
    // What the crossing itself makes is new each time.
    if (definitions.has(left) || params.some(({ id }) => id === left)) return undefined;
    const outcome = this.#earlierAnswer(from, edge, question);
    const isEqual = (comparison === 'equal') === outcome;
    return isNullable(this.#values.type(left)) && !isEqual ? undefined : outcome;
  }

  #earlierAnswer(from: Block, edge: Edge, question: Crossing['terminator']): boolean | undefined {
    const { blocks } = this.#fn;
    let [block, next]: [Block | undefined, BlockId] = [from, edge.block];
    for (let step = 0; step < MAX_STEPS && block !== undefined; step++) {
      const { terminator } = block;
      if (terminator.op === 'branch' && terminator.then.block !== terminator.otherwise.block) {
        const holds = this.#asksTheSame(terminator, question);
        if (holds !== undefined) return (terminator.then.block === next) === holds;
      }
      const predecessors: readonly number[] =
        this.#flow.predecessors[this.#flow.indexOf.get(block.id) ?? 0] ?? [];
      if (predecessors.length !== 1) return undefined;
      next = block.id;
      block = blocks[predecessors[0] ?? -1];
    }
    return undefined;
  }

  /** Whether two branches ask for the same equality: true if in the same words, false if for its opposite. */
  #asksTheSame(first: Crossing['terminator'], second: Crossing['terminator']): boolean | undefined {
    const isEquality = ({ comparison }: Crossing['terminator']): boolean =>
      comparison === 'equal' || comparison === 'notEqual';
    if (!isEquality(first) || !isEquality(second) || first.left !== second.left) return undefined;
    const constants = [first.right, second.right].map((value) => this.#values.constant(value));
    const same =
      first.right === second.right || (constants[0] !== undefined && constants[0] === constants[1]);
    return same ? first.comparison === second.comparison : undefined;
  }

  /** Whether what a crossing defines still is defined where it is used, if some go around it to one side. */
  #staysDefined({ terminator, usedIn }: Crossing, outcome: boolean): boolean {
    if (usedIn.length === 0) return true;
    const { then, otherwise } = terminator;
    const other = this.#flow.indexOf.get((outcome ? otherwise : then).block) ?? 0;
    if (then.block === otherwise.block || this.#flow.predecessors[other]?.length !== 1) return false;
    return usedIn.every((node) => this.#flow.dominators.dominates(other, node));
  }
}

/** How many instructions a crossing may have: they are few where a question is asked, and looked at again for every edge. */
const MAX_INSTRUCTIONS = 8;

/** How far back an earlier question is looked for, in blocks. */
const MAX_STEPS = 8;

function crossingsOf(fn: IrFunction): ReadonlyMap<BlockId, Crossing> {
  const flow = flowOf(fn);
  const crossings = new Map<BlockId, Crossing & { readonly usedIn: number[] }>();
  const definedIn = new Map<Value, Crossing & { readonly usedIn: number[] }>();
  for (const node of flow.order.slice(1)) {
    const block = fn.blocks[node];
    if (block?.terminator.op !== 'branch' || block.params.length === 0) continue;
    const { terminator, instructions } = block;
    if (instructions.length > MAX_INSTRUCTIONS || instructions.some(hasEffect)) continue;
    const definitions = new Map(instructions.map((instruction) => [instruction.id, instruction]));
    const crossing = { block, terminator, definitions, usedIn: [] };
    crossings.set(block.id, crossing);
    for (const { id } of [...block.params, ...instructions]) definedIn.set(id, crossing);
  }
  for (const [node, block] of fn.blocks.entries()) {
    const use = (value: Value): void => {
      const crossing = definedIn.get(value);
      if (crossing !== undefined && crossing.block !== block) crossing.usedIn.push(node);
    };
    for (const { args } of block.instructions) args.forEach(use);
    forEachUse(block.terminator, use);
  }
  return crossings;
}
