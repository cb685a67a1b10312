/** Dominators and loops, against their definitions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dominatorsOf, loopDepths, predecessorsOf, reversePostorder, type Successors } from './graph.ts';

const graphs: fc.Arbitrary<Successors> = fc
  .integer({ min: 1, max: 9 })
  .chain((size) =>
    fc.array(fc.array(fc.nat(size - 1), { maxLength: 2 }), { minLength: size, maxLength: size }),
  );

/** What can be reached without passing `removed`. */
function reached(successors: Successors, removed = -1): Set<number> {
  const found = new Set(removed === 0 ? [] : [0]);
  for (const node of found) for (const next of successors[node] ?? []) if (next !== removed) found.add(next);
  return found;
}

test('a dominator is what cannot be avoided', () => {
  fc.assert(
    fc.property(graphs, (successors) => {
      const { dominates, immediate } = dominatorsOf(successors);
      const all = reached(successors);
      for (const by of all) {
        const without = reached(successors, by);
        for (const node of all) assert.equal(dominates(by, node), by === node || !without.has(node));
      }
      for (const node of all) {
        const parent = immediate[node] ?? -1;
        assert.equal(parent < 0, node === 0);
        if (parent < 0) continue;
        // The closest: every other dominator dominates it.
        for (const by of all) if (by !== node && dominates(by, node)) assert.ok(dominates(by, parent));
      }
    }),
  );
});

test('reverse postorder has every reachable node, the entry first, dominators before what they dominate', () => {
  fc.assert(
    fc.property(graphs, (successors) => {
      const order = reversePostorder(successors);
      assert.equal(order[0], 0);
      assert.deepEqual(new Set(order), reached(successors));
      const { dominates } = dominatorsOf(successors);
      for (const [place, node] of order.entries()) {
        for (const earlier of order.slice(0, place)) assert.ok(!dominates(node, earlier));
      }
    }),
  );
});

test('predecessors are the successors turned round', () => {
  assert.deepEqual(predecessorsOf([[1, 1], [2], [0]]), [[2], [0, 0], [1]]);
});

test('loops nest', () => {
  //   0 -> 1 -> 2 -> 3 -> 2, 3 -> 1, 1 -> 4
  assert.deepEqual([...loopDepths([[1], [2, 4], [3], [2, 1], []])], [0, 1, 2, 2, 0]);
  assert.deepEqual([...loopDepths([[0, 1], []])], [1, 0]);
});
