/**
 * Control flow graphs by number: nodes 0 … n-1, node 0 the entry, edges as lists of successors. Validation, passes and the
 * back end ask the same questions of their blocks: in which order, what dominates what, how deep in loops.
 */
import type { Block, BlockId, Edge, IrFunction, Terminator } from './ir.ts';

/** The successors of every node. */
export type Successors = readonly (readonly number[])[];

/** The edges that leave a block, in the order then, otherwise. */
export function edgesOf(terminator: Terminator): readonly Edge[] {
  switch (terminator.op) {
    case 'jump':
      return [terminator.to];
    case 'branch':
      return [terminator.then, terminator.otherwise];
    default:
      return [];
  }
}

/** The blocks of a function by their places, since ids have gaps. */
export interface BlockGraph {
  readonly blocks: readonly Block[];
  readonly indexOf: ReadonlyMap<BlockId, number>;
  readonly successors: Successors;
}

/** Numbers the blocks of a function; edges to missing blocks are left out. */
export function graphOf({ blocks }: IrFunction): BlockGraph {
  const indexOf = new Map(blocks.map(({ id }, index) => [id, index]));
  const successors = blocks.map(({ terminator }) => {
    const targets = edgesOf(terminator).map(({ block }) => indexOf.get(block) ?? -1);
    return targets.includes(-1) ? targets.filter((target) => target >= 0) : targets;
  });
  return { blocks, indexOf, successors };
}

/** The predecessors of every node; one that has two edges to a node counts twice. */
export function predecessorsOf(successors: Successors): number[][] {
  // Lists of the right length from the start: those that grow take much more than they need.
  const counts = new Int32Array(successors.length);
  for (const targets of successors) for (const target of targets) counts[target] = (counts[target] ?? 0) + 1;
  const predecessors = successors.map((_, node) => new Array<number>(counts[node] ?? 0).fill(-1));
  for (let node = successors.length - 1; node >= 0; node--) {
    const targets = successors[node] ?? [];
    for (let edge = targets.length - 1; edge >= 0; edge--) {
      const target = targets[edge] ?? -1;
      const free = (counts[target] ?? 0) - 1;
      counts[target] = free;
      const list = predecessors[target];
      if (list) list[free] = node;
    }
  }
  return predecessors;
}

/** The reachable nodes, each after all its predecessors except those over back edges. */
export function reversePostorder(successors: Successors): number[] {
  const order: number[] = [];
  const visited = new Uint8Array(successors.length);
  // An explicit stack: generated programs nest deeper than the call stack.
  const stack: { node: number; next: number }[] = [];
  if (successors.length > 0) stack.push({ node: 0, next: 0 });
  visited[0] = 1;
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    if (!top) break;
    const target = successors[top.node]?.[top.next++];
    if (target === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!visited[target]) {
      visited[target] = 1;
      stack.push({ node: target, next: 0 });
    }
  }
  return order.reverse();
}

/** The dominator tree. */
export interface Dominators {
  /** The closest dominator of every node; -1 for the entry and what cannot be reached. */
  readonly immediate: Int32Array;
  /** Whether every path from the entry to `node` leads over `by`; every node dominates itself. */
  dominates(by: number, node: number): boolean;
}

/** Finds the dominators by the iteration of Cooper, Harvey and Kennedy ("A Simple, Fast Dominance Algorithm", 2001). */
export function dominatorsOf(successors: Successors): Dominators {
  const order = reversePostorder(successors);
  const predecessors = predecessorsOf(successors);
  const rank = new Int32Array(successors.length).fill(-1);
  for (const [place, node] of order.entries()) rank[node] = place;
  const immediate = new Int32Array(successors.length).fill(-1);
  const rankOf = (node: number): number => rank[node] ?? -1;
  const meet = (left: number, right: number): number => {
    while (left !== right) {
      while (rankOf(left) > rankOf(right)) left = immediate[left] ?? 0;
      while (rankOf(right) > rankOf(left)) right = immediate[right] ?? 0;
    }
    return left;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of order.slice(1)) {
      let closest = -1;
      for (const predecessor of predecessors[node] ?? []) {
        const known = predecessor === 0 || (immediate[predecessor] ?? -1) >= 0;
        if (rankOf(predecessor) < 0 || !known) continue;
        closest = closest < 0 ? predecessor : meet(closest, predecessor);
      }
      if (immediate[node] !== closest) {
        immediate[node] = closest;
        changed = true;
      }
    }
  }
  const { entered, left } = intervals(immediate, order);
  return {
    immediate,
    dominates: (by, node) =>
      (entered[by] ?? 0) <= (entered[node] ?? 0) && (left[node] ?? 0) <= (left[by] ?? 0),
  };
}

/** Numbers the dominator tree so that a subtree is an interval. */
function intervals(immediate: Int32Array, order: readonly number[]) {
  const size = new Int32Array(immediate.length).fill(1);
  for (const node of [...order].reverse()) {
    const parent = immediate[node] ?? -1;
    if (parent >= 0) size[parent] = (size[parent] ?? 0) + (size[node] ?? 0);
  }
  // What cannot be reached gets an empty interval of its own: it dominates nothing else and nothing dominates it.
  const entered = new Int32Array(immediate.length).fill(-1);
  const left = new Int32Array(immediate.length).fill(-1);
  const free = new Int32Array(immediate.length);
  for (const node of order) {
    const parent = immediate[node] ?? -1;
    const start = parent < 0 ? 0 : (free[parent] ?? 0);
    entered[node] = start;
    left[node] = start + (size[node] ?? 0);
    free[node] = start + 1;
    if (parent >= 0) free[parent] = start + (size[node] ?? 0);
  }
  return { entered, left };
}

/** How many loops each node is in: a loop is what reaches a back edge's source without passing its header. */
export function loopDepths(successors: Successors): Int32Array {
  const depths = new Int32Array(successors.length);
  const predecessors = predecessorsOf(successors);
  const { dominates } = dominatorsOf(successors);
  for (const header of reversePostorder(successors)) {
    const latches = (predecessors[header] ?? []).filter((node) => dominates(header, node));
    if (latches.length === 0) continue;
    const body = new Set([header]);
    for (const work = [...latches]; work.length > 0; ) {
      const node = work.pop() ?? header;
      if (body.has(node)) continue;
      body.add(node);
      work.push(...(predecessors[node] ?? []));
    }
    for (const node of body) depths[node] = (depths[node] ?? 0) + 1;
  }
  return depths;
}
