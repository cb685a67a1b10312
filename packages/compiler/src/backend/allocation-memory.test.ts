/** Code whose registers are remembered is the code that would be generated without remembering anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Xdp, xdp } from '@waggle/bpf';
import fc from 'fast-check';
import { lowered } from '../frontend/testing/evaluate.ts';
import { moduleOf } from '../frontend/testing/module.ts';
import type { IrProgram } from '../ir/ir.ts';
import { parseIr } from '../ir/parse.ts';
import { optimize, specialize } from '../passes/index.ts';
import { type Settings, scope } from '../testing/random/declarations.ts';
import { randomProgram } from '../testing/random/program.ts';
import { AllocationMemory } from './allocation-memory.ts';
import { generate } from './generate.ts';
import { select } from './select.ts';

const finish = (program: IrProgram, settings: Settings): IrProgram =>
  optimize(specialize(program, new Map([['settings', { ...settings }]])));

const settings: fc.Arbitrary<Settings> = fc.record({
  on: fc.boolean(),
  limit: fc.oneof(fc.nat(10), fc.nat(0xffff_ffff)),
  mark: fc.nat(0xffff),
  big: fc.oneof(fc.bigInt(0n, 100n), fc.bigInt(0n, (1n << 64n) - 1n)),
  shift: fc.integer(),
});

test('random programs get the same code with other values of their config', () => {
  const decisions = fc.array(fc.nat(1000), { maxLength: 400, size: 'max' });
  const values = fc.array(settings, { minLength: 2, maxLength: 5 });
  const check = (list: readonly number[], configs: readonly Settings[], cpu: 3 | 4): void => {
    const { text } = randomProgram(list);
    const program = optimize(lowered(moduleOf(text, { ...scope, program: xdp(() => Xdp.Pass) })).ir);
    const allocations = new AllocationMemory();
    for (const config of configs) {
      const finished = finish(program, config);
      assert.deepEqual(generate(finished, { cpu, allocations }), generate(finished, { cpu }));
    }
  };
  fc.assert(fc.property(decisions, values, fc.constantFrom(3, 4), check), { numRuns: 25, seed: 1 });
});

const keeping = (first: bigint, second: bigint): IrProgram =>
  parseIr(`program xdp

function main(%0: context): i32
b0:
  %1: i32 = const ${first}
  %2: i32 = load u32 %0 +0
  %3: i32 = add %2 %1
  %4: i64 = callHelper ktime_get_ns
  %5: i32 = const ${second}
  %6: i32 = xor %3 %5
  return %6
`);

function selected(program: IrProgram) {
  const [main] = program.functions;
  assert.ok(main);
  return select(main, { type: 'xdp', cpu: 3 });
}

test('other constants take over the registers, another instruction does not', () => {
  const memory = new AllocationMemory();
  const before = memory.allocate(selected(keeping(1n, 2n)));
  const after = memory.allocate(selected(keeping(3n, 4n)));
  assert.equal(after.allocation.registerOf, before.allocation.registerOf);
  const constants = after.allocation.machine.blocks.flatMap(({ instructions }) =>
    instructions.flatMap(({ args }) => args.filter((arg) => typeof arg !== 'number')),
  );
  assert.deepEqual(constants, [
    { kind: 'constant', value: 3n },
    { kind: 'constant', value: 4n },
  ]);
  const other = selected(
    parseIr(`program xdp\n\nfunction main(%0: context): i32\nb0:\n  %1: i32 = const 7\n  return %1\n`),
  );
  assert.notEqual(memory.allocate(other).allocation.registerOf, before.allocation.registerOf);
});
