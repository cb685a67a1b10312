/**
 * The corpus: small programs as one would write them (corpus/), each run on the same generated packets by the kernel and by the
 * interpreter. Verdicts, packets, maps and records are the same; what is reached of a program is counted, so that this says
 * something.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { disassemble } from '@waggle/compiler';
import fc from 'fast-check';
import { codeOf, corpusFolder, corpusModule, corpusNames, programOf } from './support/corpus/compiled.ts';
import { blockCoverage } from './support/corpus/coverage.ts';
import { COVERED, PACKETS, testInput } from './support/corpus/fixture.ts';
import { fixtureOf } from './support/corpus/fixtures.ts';
import { KernelWorld } from './support/corpus/kernel-world.ts';
import { MachineWorld } from './support/corpus/machine-world.ts';
import { hexOf } from './support/corpus/world.ts';

const isRoot = process.getuid?.() === 0;
const SEED = 20_261;

/** The code of each program stands beside it, so that a change of the compiler shows; `WAGGLE_GOLDEN=update` rewrites it. */
function compareListing(name: string, listing: string): void {
  const file = `${corpusFolder}${name}.bpf.txt`;
  if (process.env.WAGGLE_GOLDEN === 'update') writeFileSync(file, listing);
  else assert.equal(listing, readFileSync(file, 'utf8'));
}

for (const name of corpusNames) {
  test(`corpus: ${name}`, async (context) => {
    const module = await corpusModule(name);
    const fixture = fixtureOf(name);
    const setting = { module, fixture };
    const { type } = programOf(module, fixture.entry).ir;
    using machine = new MachineWorld(setting);
    using kernel = isRoot ? new KernelWorld(setting) : undefined;
    if (!kernel) context.diagnostic('in the interpreter alone: programs are loaded by root');
    for (const [index, packet] of fc
      .sample(fixture.packets, { seed: SEED, numRuns: fixture.count ?? PACKETS })
      .entries()) {
      const outcome = machine.run(packet);
      if (!kernel || testInput(type) === undefined) continue;
      assert.deepEqual(kernel.run(packet), outcome, `packet ${index}: ${hexOf(packet)}`);
    }
    if (kernel && testInput(type) !== undefined) assert.deepEqual(kernel.contents(), machine.contents());
    const code = codeOf(module, fixture.entry, fixture.config);
    compareListing(name, disassemble(code));
    const covered = blockCoverage(code, machine.machine.visits);
    context.diagnostic(`${Math.round(covered * 100)} % of the blocks`);
    assert.ok(covered >= (fixture.coverage ?? COVERED), `only ${covered} of the blocks are reached`);
  });
}
