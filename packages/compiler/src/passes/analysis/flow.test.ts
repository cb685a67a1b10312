/** What is handed on from function to function is what would be found out anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Xdp, xdp } from '@waggle/bpf';
import fc from 'fast-check';
import { lowered } from '../../frontend/testing/evaluate.ts';
import { moduleOf } from '../../frontend/testing/module.ts';
import type { IrFunction } from '../../ir/ir.ts';
import { scope } from '../../testing/random/declarations.ts';
import { randomProgram } from '../../testing/random/program.ts';
import { passes } from '../optimize.ts';
import { type Flow, flowOf, remembered } from './flow.ts';

const described = ({ blocks, indexOf, successors, predecessors, order, dominators, dominated }: Flow) => ({
  blocks: blocks.map(({ id }) => id),
  instructions: blocks.flatMap(({ instructions }) => instructions.map(({ id }) => id)),
  indexOf: [...indexOf],
  successors,
  predecessors,
  order,
  immediate: [...dominators.immediate],
  dominated,
});

test('passes hand on the control flow that a function has', () => {
  const decisions = fc.array(fc.nat(1000), { maxLength: 300, size: 'max' });
  let handedOn = 0;
  const check = (fn: IrFunction): void => {
    if (flowOf.known(fn) !== undefined) handedOn++;
    assert.deepEqual(described(flowOf(fn)), described(flowOf({ ...fn })));
  };
  const property = fc.property(decisions, (list) => {
    const { text } = randomProgram(list);
    let program = lowered(moduleOf(text, { ...scope, program: xdp(() => Xdp.Pass) })).ir;
    for (const pass of [...passes, ...passes]) {
      const before = program;
      program = pass.run(program);
      if (program !== before) program.functions.forEach(check);
    }
  });
  fc.assert(property, { numRuns: 12, seed: 1 });
  assert.ok(handedOn > 0);
});

test('what is remembered of an object does not pass to its copies', () => {
  let computed = 0;
  const sizeOf = remembered((list: { readonly size: number }) => {
    computed++;
    return list.size;
  });
  const object = { size: 3 };
  assert.deepEqual([sizeOf(object), sizeOf(object), computed], [3, 3, 1]);
  assert.equal(sizeOf({ ...object, size: 4 }), 4);
  assert.deepEqual(Object.keys(object), ['size']);
  assert.equal(sizeOf.known({ size: 3 }), undefined);
});
