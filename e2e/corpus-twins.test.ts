/** Programs of the corpus beside the same in C, compiled by clang: both do the same to the same packets and maps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { corpusModule } from './support/corpus/compiled.ts';
import { fixtureOf } from './support/corpus/fixtures.ts';
import { KernelWorld } from './support/corpus/kernel-world.ts';
import { compileTwin, noClang, twinNames } from './support/corpus/twin.ts';
import { hexOf } from './support/corpus/world.ts';

const skip = noClang || (process.getuid?.() === 0 ? false : 'needs root, to load programs');
const PACKETS = 120;
const SEED = 99;

for (const name of twinNames) {
  test(`twin: ${name}`, { skip }, async () => {
    const module = await corpusModule(name);
    const fixture = fixtureOf(name);
    using ours = new KernelWorld({ module, fixture });
    using twin = new KernelWorld({ module, fixture, code: compileTwin(name) });
    for (const packet of fc.sample(fixture.packets, { seed: SEED, numRuns: PACKETS })) {
      assert.deepEqual(ours.run(packet), twin.run(packet), hexOf(packet));
    }
    assert.deepEqual(ours.contents(), twin.contents());
  });
}
