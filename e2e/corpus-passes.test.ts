/**
 * Optimisations change how fast a program of the corpus is, and never what it does: with each pass switched off, with all of
 * them off, and for the other version of the processor, the verifier accepts it and it does the same to the same packets.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passes } from '@waggle/compiler';
import fc from 'fast-check';
import { corpusModule, corpusNames, programOf, type Variant } from './support/corpus/compiled.ts';
import { testInput } from './support/corpus/fixture.ts';
import { fixtureOf } from './support/corpus/fixtures.ts';
import { KernelWorld } from './support/corpus/kernel-world.ts';
import { MachineWorld } from './support/corpus/machine-world.ts';

const isRoot = process.getuid?.() === 0;
const PACKETS = 40;
const SEED = 7;

const names = passes.map(({ name }) => name);
/** Without single passes, a program runs with a part of them; all programs together have them all, several times. */
const PART = process.env.WAGGLE_CORPUS === 'all' ? 1 : 5;

const variantsOf = (program: number): readonly Variant[] => [
  { cpu: 4 },
  { without: names },
  ...names.filter((_, pass) => (pass + program) % PART === 0).map((name) => ({ without: [name] })),
];

for (const [number, name] of corpusNames.entries()) {
  test(`passes: ${name}`, async () => {
    const module = await corpusModule(name);
    const fixture = fixtureOf(name);
    const { type } = programOf(module, fixture.entry).ir;
    const packets = fc.sample(fixture.packets, { seed: SEED, numRuns: PACKETS });
    using machine = new MachineWorld({ module, fixture });
    const outcomes = packets.map((packet) => machine.run(packet));
    const contents = machine.contents();
    for (const variant of variantsOf(number)) {
      const what = JSON.stringify(variant);
      using world = isRoot
        ? new KernelWorld({ module, fixture, variant })
        : new MachineWorld({ module, fixture, variant });
      if (isRoot && testInput(type) === undefined) continue;
      for (const [index, packet] of packets.entries()) {
        assert.deepEqual(world.run(packet), outcomes[index], `${what}, packet ${index}`);
      }
      assert.deepEqual(world.contents(), contents, what);
    }
  });
}
