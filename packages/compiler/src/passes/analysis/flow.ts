/**
 * The control flow of a function, found once: functions never change, so what is known of one is remembered for as long as
 * it lives, and passes that leave it alone leave nothing to be computed again. Blocks go by their places in the function's
 * list (`node`), because ids have gaps.
 */
import {
  type BlockGraph,
  type Dominators,
  dominatorsOf,
  edgesOf,
  graphOf,
  predecessorsOf,
  reversePostorder,
} from '../../ir/graph.ts';
import type { Block, Edge, IrFunction, Terminator } from '../../ir/ir.ts';

export interface Flow extends BlockGraph {
  /** By node; a block that has two edges to another is its predecessor twice. */
  readonly predecessors: readonly (readonly number[])[];
  /** The nodes that can be reached, each after those that dominate it. */
  readonly order: readonly number[];
  readonly dominators: Dominators;
  /** The nodes that a node immediately dominates, in the order of `order`. */
  readonly dominated: readonly (readonly number[])[];
}

/** A function of objects that knows what it has found. */
export interface Remembered<K extends object, T> {
  (key: K): T;
  /** What was found for an object, if anything was. */
  known(key: K): T | undefined;
  /** Says what would be found for an object. */
  learn(key: K, result: T): void;
}

/**
 * Remembers the results of a function of an object, on the object itself, where spreading it does not find them. Passes make
 * functions by the dozen; what a WeakMap holds of those that are gone stays until the next full garbage collection.
 */
export function remembered<K extends object, T>(compute: (key: K) => T): Remembered<K, T> {
  const place = Symbol('remembered');
  const find = (key: K & { readonly [place]?: { readonly result: T } }) => key[place];
  const learn = (key: K, result: T): void => {
    Object.defineProperty(key, place, { value: { result } });
  };
  const ask = (key: K): T => {
    const found = find(key);
    if (found !== undefined) return found.result;
    const result = compute(key);
    learn(key, result);
    return result;
  };
  return Object.assign(ask, { known: (key: K) => find(key)?.result, learn });
}

/** The control flow of a function. */
export const flowOf: Remembered<IrFunction, Flow> = remembered((fn) => {
  const graph = graphOf(fn);
  const order = reversePostorder(graph.successors);
  const dominators = dominatorsOf(graph.successors);
  const dominated: number[][] = graph.blocks.map(() => []);
  for (const node of order) dominated[dominators.immediate[node] ?? -1]?.push(node);
  return { ...graph, predecessors: predecessorsOf(graph.successors), order, dominators, dominated };
});

/** Hands on what is known of the control flow of a function to one that was made of it, if its blocks go to the same places. */
export function keepFlow(from: IrFunction, to: IrFunction): void {
  const flow = flowOf.known(from);
  if (flow === undefined || from.blocks.length !== to.blocks.length) return;
  const same = to.blocks.every((block, node) => {
    const before = from.blocks[node];
    return before !== undefined && before.id === block.id && goToSame(before.terminator, block.terminator);
  });
  if (same) flowOf.learn(to, { ...flow, blocks: to.blocks });
}

function goToSame(left: Terminator, right: Terminator): boolean {
  if (left === right) return true;
  if (left.op === 'branch' && right.op === 'branch') {
    return left.then.block === right.then.block && left.otherwise.block === right.otherwise.block;
  }
  return left.op === 'jump' && right.op === 'jump'
    ? left.to.block === right.to.block
    : edgesOf(left).length === 0 && edgesOf(right).length === 0;
}

/** The block at a node. */
export function blockAt(graph: BlockGraph, node: number): Block {
  const block = graph.blocks[node];
  if (block === undefined) throw new RangeError(`there is no block at place ${node}`);
  return block;
}

/** An edge with the node it starts at. */
export interface Incoming {
  readonly from: number;
  readonly edge: Edge;
}

/** The edges into every node from blocks that can be reached. */
export function incomingEdges(flow: Flow): readonly (readonly Incoming[])[] {
  const { blocks, indexOf, order } = flow;
  const incoming: Incoming[][] = blocks.map(() => []);
  for (const from of order) {
    for (const edge of edgesOf(blockAt(flow, from).terminator)) {
      incoming[indexOf.get(edge.block) ?? -1]?.push({ from, edge });
    }
  }
  return incoming;
}

/**
 * Visits the dominator tree: `enter` before everything that the node dominates, `leave` after it. Everything that can come
 * before a node, except over a back edge, has been entered before it.
 */
export function walkDominators(
  { order, dominated }: Flow,
  visitor: { enter(node: number): void; leave?(node: number): void },
): void {
  const entry = order[0];
  if (entry === undefined) return;
  // An explicit stack: long functions are deeper than the call stack. A node on its way out is its complement.
  const stack = [entry];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top < 0) {
      visitor.leave?.(~top);
      continue;
    }
    visitor.enter(top);
    stack.push(~top);
    const children = dominated[top] ?? [];
    for (let index = children.length - 1; index >= 0; index--) stack.push(children[index] as number);
  }
}

/** A table whose entries are forgotten when the walk leaves the part of the dominator tree in which they were made. */
export class ScopedTable<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #log: { readonly key: K; readonly before: V | undefined }[] = [];
  readonly #scopes: number[] = [];

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    this.#log.push({ key, before: this.#entries.get(key) });
    this.#entries.set(key, value);
  }

  enter(): void {
    this.#scopes.push(this.#log.length);
  }

  leave(): void {
    const start = this.#scopes.pop() ?? 0;
    while (this.#log.length > start) {
      const last = this.#log.pop();
      if (last === undefined) break;
      if (last.before === undefined) this.#entries.delete(last.key);
      else this.#entries.set(last.key, last.before);
    }
  }
}
