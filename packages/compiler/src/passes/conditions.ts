/**
 * Drops questions that were answered before: a branch whose condition, or its opposite, was decided by a branch on every
 * path to it. So the second check of a pointer for null goes. A block parameter for which every predecessor gives a checked
 * pointer is no longer nullable, and its checks go as well.
 *
 *     branch notEqual %1 null ? b1 : b2
 *     b1: …  branch notEqual %1 null ? b3 : b4     =>    b1: …  jump b3
 */
import { edgesOf } from '../ir/graph.ts';
import type { Block, Comparison, Edge, IrFunction, Terminator, Value } from '../ir/ir.ts';
import { isNullable, nonNull } from '../ir/type.ts';
import { holds, widthOf } from './analysis/arithmetic.ts';
import { blockAt, flowOf, ScopedTable, walkDominators } from './analysis/flow.ts';
import { jumpTo, mapBlocks, mapSame, withBlocks, withParts } from './analysis/rewrite.ts';
import { type Values, valuesOf } from './analysis/values.ts';
import { functionPass, type Pass } from './pass.ts';

/** Removal of branches that dominating branches decide, and of question marks that nobody needs. */
export const conditions: Pass = functionPass('conditions', (fn) => {
  const flow = flowOf(fn);
  const facts = new Facts(valuesOf(fn));
  const checked = new CheckedParameters(fn, facts);
  const blocks = fn.blocks.slice();
  let changed = false;
  walkDominators(flow, {
    enter: (node) => {
      facts.enter();
      const block = blockAt(flow, node);
      const [predecessor, another] = flow.predecessors[node] ?? [];
      if (predecessor !== undefined && another === undefined && node !== 0) {
        facts.learnFromEdge(blockAt(flow, predecessor).terminator, block);
      }
      const terminator = decided(block.terminator, facts);
      if (terminator !== block.terminator) changed = true;
      blocks[node] = withParts(block, block.instructions, terminator);
      for (const edge of edgesOf(terminator)) checked.give(edge);
    },
    leave: () => facts.leave(),
  });
  return checked.narrow(changed ? withBlocks(fn, blocks) : fn);
});

function decided(terminator: Terminator, facts: Facts): Terminator {
  if (terminator.op !== 'branch') return terminator;
  const { comparison, left, right, then, otherwise } = terminator;
  const outcome = facts.outcome(comparison, left, right);
  return outcome === undefined ? terminator : jumpTo(outcome ? then : otherwise, terminator);
}

/** Comparisons come down to four, which hold or do not, of operands in this order or the other. */
interface Spelling {
  readonly base: 'equal' | 'less' | 'signedLess' | 'bitSet';
  readonly holds: boolean;
  readonly mirrored: boolean;
}

const spelling = (base: Spelling['base'], holds: boolean, mirrored = false): Spelling => ({
  base,
  holds,
  mirrored,
});

const spellings: Readonly<Record<Comparison, Spelling>> = {
  equal: spelling('equal', true),
  notEqual: spelling('equal', false),
  less: spelling('less', true),
  greaterOrEqual: spelling('less', false),
  greater: spelling('less', true, true),
  lessOrEqual: spelling('less', false, true),
  signedLess: spelling('signedLess', true),
  signedGreaterOrEqual: spelling('signedLess', false),
  signedGreater: spelling('signedLess', true, true),
  signedLessOrEqual: spelling('signedLess', false, true),
  bitSet: spelling('bitSet', true),
};

/** What the branches on the way to a block have decided. */
class Facts {
  readonly #values: Values;
  readonly #outcomes = new ScopedTable<string, boolean>();
  readonly #contents = new ScopedTable<Value, bigint>();

  constructor(values: Values) {
    this.#values = values;
  }

  enter(): void {
    this.#outcomes.enter();
    this.#contents.enter();
  }

  leave(): void {
    this.#outcomes.leave();
    this.#contents.leave();
  }

  /** Notes which way a branch went to get to a block, if it has one way to get there. */
  learnFromEdge(terminator: Terminator, block: Block): void {
    if (terminator.op !== 'branch' || terminator.then.block === terminator.otherwise.block) return;
    const { comparison, left, right, then } = terminator;
    const { key, asked } = this.#question(comparison, left, right);
    const answer = (then.block === block.id) === asked;
    this.#outcomes.set(key, answer);
    const number = this.#values.constant(right);
    const equal = comparison === 'equal' || comparison === 'notEqual';
    if (equal && answer && number !== undefined) this.#contents.set(left, number);
  }

  /** The outcome of a comparison, if it is known here. */
  outcome(comparison: Comparison, left: Value, right: Value): boolean | undefined {
    const content = this.#contents.get(left);
    const number = this.#values.constant(right);
    if (content !== undefined && number !== undefined) {
      return holds(comparison, widthOf(this.#values.type(left)), content, number);
    }
    const { key, asked } = this.#question(comparison, left, right);
    const known = this.#outcomes.get(key);
    return known === undefined ? undefined : known === asked;
  }

  /** Whether a value is a pointer that is not null here. */
  isPointer(value: Value): boolean {
    const type = this.#values.type(value);
    return !isNullable(type) || this.#outcomes.get(unordered('equal', `%${value}`, '#0')) === false;
  }

  /** A comparison as a question that all its spellings share, and whether the comparison holds if the answer is yes. */
  #question(comparison: Comparison, left: Value, right: Value): { key: string; asked: boolean } {
    const { base, holds, mirrored } = spellings[comparison];
    const first = this.#name(mirrored ? right : left);
    const second = this.#name(mirrored ? left : right);
    const symmetric = base === 'equal' || base === 'bitSet';
    return { key: symmetric ? unordered(base, first, second) : `${base} ${first} ${second}`, asked: holds };
  }

  #name(value: Value): string {
    const constant = this.#values.constant(value);
    return constant === undefined ? `%${value}` : `#${constant}`;
  }
}

const unordered = (base: string, left: string, right: string): string =>
  left < right ? `${base} ${left} ${right}` : `${base} ${right} ${left}`;

/** Nullable parameters, and whether they were given anything that could be null. */
class CheckedParameters {
  readonly #facts: Facts;
  readonly #params: ReadonlyMap<number, Block['params']>;
  readonly #mayBeNull = new Set<Value>();
  readonly #given = new Set<Value>();

  constructor(fn: IrFunction, facts: Facts) {
    this.#facts = facts;
    this.#params = new Map(
      fn.blocks
        .slice(1)
        .flatMap(({ id, params }) => (params.some(({ type }) => isNullable(type)) ? [[id, params]] : [])),
    );
  }

  /** Takes note of what an edge gives. */
  give({ block, args }: Edge): void {
    for (const [index, { id, type }] of (this.#params.get(block) ?? []).entries()) {
      const value = args[index];
      if (!isNullable(type) || value === undefined || value === id) continue;
      this.#given.add(id);
      if (!this.#facts.isPointer(value)) this.#mayBeNull.add(id);
    }
  }

  /** Takes the question mark off the types of those that never are null. */
  narrow(fn: IrFunction): IrFunction {
    if (this.#given.size === this.#mayBeNull.size) return fn;
    const checked = (id: Value): boolean => this.#given.has(id) && !this.#mayBeNull.has(id);
    return mapBlocks(fn, (block) =>
      withParts(
        block,
        block.instructions,
        block.terminator,
        mapSame(block.params, (param) =>
          checked(param.id) ? { ...param, type: nonNull(param.type) } : param,
        ),
      ),
    );
  }
}
