/**
 * The programs of the corpus that have configs, with values of all kinds: code that the values are written into does what code
 * does that is compiled for them, in the interpreter; and the kernel takes it, and does the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, configSpec } from '@waggle/bpf';
import { CodeVariants, type GivenConfigs } from '@waggle/compiler';
import fc from 'fast-check';
import { codeOf, corpusModule, corpusNames, programOf } from './support/corpus/compiled.ts';
import { testInput } from './support/corpus/fixture.ts';
import { fixtureOf } from './support/corpus/fixtures.ts';
import { KernelWorld } from './support/corpus/kernel-world.ts';
import { MachineWorld } from './support/corpus/machine-world.ts';
import { hexOf } from './support/corpus/world.ts';

const isRoot = process.getuid?.() === 0;
const CONFIGS = 4;
const PACKETS = 25;

/** Values of a config: few that are large, and few that are the same. */
function valuesOf(config: Config<unknown>): fc.Arbitrary<GivenConfigs[string]> {
  const fields = configSpec(config).fields.map(({ name, type }) => {
    assert.ok(type.kind === 'scalar');
    if (type.name === 'bool') return [name, fc.boolean()] as const;
    const most = (1n << BigInt(type.bits - (type.signed ? 1 : 0))) - 1n;
    const value = fc.oneof(fc.bigInt(0n, most < 10n ? most : 10n), fc.bigInt(0n, most));
    return [name, type.bits === 64 ? value : value.map(Number)] as const;
  });
  return fc.record<Record<string, number | bigint | boolean>>(Object.fromEntries(fields));
}

const modules = await Promise.all(
  corpusNames.map(async (name) => ({ name, fixture: fixtureOf(name), module: await corpusModule(name) })),
);
const configured = modules.filter(({ module, fixture }) => programOf(module, fixture.entry).configs.size > 0);

for (const { name, module, fixture } of configured) {
  test(`config values written into code: ${name}`, (context) => {
    const { ir, configs } = programOf(module, fixture.entry);
    const variants = new CodeVariants(() => ir, Object.fromEntries(configs));
    const given = fc.record(Object.fromEntries([...configs].map(([key, each]) => [key, valuesOf(each)])));
    const sampled = fc.sample(given, { seed: 3, numRuns: CONFIGS });
    if (!isRoot) context.diagnostic('in the interpreter alone: programs are loaded by root');
    for (const config of [fixture.config ?? {}, ...sampled, fixture.config ?? {}]) {
      const setting = { module, fixture: { ...fixture, config } };
      const { code } = variants.finish(name, config);
      using own = new MachineWorld({ ...setting, code: codeOf(module, fixture.entry, config) });
      using patched = new MachineWorld({ ...setting, code });
      using kernel = isRoot ? new KernelWorld({ ...setting, code }) : undefined;
      const runs = kernel !== undefined && testInput(ir.type) !== undefined ? [patched, kernel] : [patched];
      for (const packet of fc.sample(fixture.packets, { seed: 3, numRuns: PACKETS })) {
        const expected = own.run(packet);
        for (const world of runs) assert.deepEqual(world.run(packet), expected, hexOf(packet));
      }
      const contents = own.contents();
      for (const world of runs) assert.deepEqual(world.contents(), contents);
    }
  });
}
