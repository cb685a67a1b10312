/**
 * Which nullable pointers are known not to be null where: a block knows what all its predecessors know, and on the edge
 * from `branch notEqual %p null` to its first block also `%p`. This is what strict null checks are to TypeScript, and what
 * the verifier will find out again.
 */
import { type BlockGraph, predecessorsOf, reversePostorder } from './graph.ts';
import type { Block, IrFunction, Terminator, Value } from './ir.ts';
import { isNullable } from './type.ts';

/** The constants of a function that are null. */
export function nullsOf({ blocks }: IrFunction): ReadonlySet<Value> {
  const nulls = new Set<Value>();
  for (const { instructions } of blocks) {
    for (const { op, id, type } of instructions) if (op === 'const' && isNullable(type)) nulls.add(id);
  }
  return nulls;
}

/** A terminator that compares a pointer with null: the pointer and where it is not null. */
export function nullCheck(
  terminator: Terminator,
  nulls: ReadonlySet<Value>,
): { pointer: Value; side: 'then' | 'otherwise' } | undefined {
  if (terminator.op !== 'branch') return undefined;
  const { comparison, left, right } = terminator;
  if (comparison !== 'equal' && comparison !== 'notEqual') return undefined;
  const pointer = nulls.has(right) ? left : nulls.has(left) ? right : undefined;
  return pointer === undefined
    ? undefined
    : { pointer, side: comparison === 'notEqual' ? 'then' : 'otherwise' };
}

/** The checked pointers at the start of every block, by its place in the function. */
export function checkedPointers(each: IrFunction, graph: BlockGraph): ReadonlySet<Value>[] {
  const { blocks, successors, indexOf } = graph;
  const nulls = nullsOf(each);
  const checks = blocks.map((block) => checkOnEdge(block, nulls, indexOf));
  const predecessors = predecessorsOf(successors);
  const known: (ReadonlySet<Value> | undefined)[] = blocks.map(() => undefined);
  known[0] = new Set();
  // Unvisited predecessors know everything; the sets only shrink, so this ends.
  for (let changed = true; changed; ) {
    changed = false;
    for (const index of reversePostorder(successors).slice(1)) {
      const sets = [...new Set(predecessors[index])].flatMap((predecessor) => {
        const before = known[predecessor];
        if (!before) return [];
        const check = checks[predecessor];
        return [check?.to === index ? new Set([...before, check.pointer]) : before];
      });
      const [first = new Set<Value>(), ...rest] = sets;
      const now = new Set([...first].filter((value) => rest.every((set) => set.has(value))));
      if (known[index]?.size !== now.size) {
        known[index] = now;
        changed = true;
      }
    }
  }
  return known.map((set) => set ?? new Set());
}

/** The block that is only entered from here when a pointer is not null. */
function checkOnEdge({ terminator }: Block, nulls: ReadonlySet<Value>, indexOf: BlockGraph['indexOf']) {
  const check = nullCheck(terminator, nulls);
  if (!check || terminator.op !== 'branch') return undefined;
  // Both edges to one block say nothing.
  if (terminator.then.block === terminator.otherwise.block) return undefined;
  return { pointer: check.pointer, to: indexOf.get(terminator[check.side].block) };
}
