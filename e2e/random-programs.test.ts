/**
 * Random programs of the language: what their text is compiled to does what they mean, in the interpreter and in the kernel,
 * whose verifier accepts every one. All passes are on, or off, or one of them is off; or the values of the config are written
 * into code for others.
 *
 *     WAGGLE_RANDOM_RUNS=5000 WAGGLE_RANDOM_SEED=7 npm test -- random-programs
 */
import { test } from 'node:test';
import { passes } from '@waggle/compiler';
import fc from 'fast-check';
import type { Settings } from '../packages/compiler/src/testing/random/declarations.ts';
import { randomProgram } from '../packages/compiler/src/testing/random/program.ts';
import { type Build, compare } from './support/random-run.ts';

const inKernel = process.getuid?.() === 0;
const numRuns = Number(process.env.WAGGLE_RANDOM_RUNS ?? 25);
const seed = Number(process.env.WAGGLE_RANDOM_SEED ?? 1);
const names = passes.map(({ name }) => name);

const decisions = fc.array(fc.nat(1000), { maxLength: 400, size: 'max' });
const packet = fc.uint8Array({ minLength: 14, maxLength: 90, size: 'max' });
const settings: fc.Arbitrary<Settings> = fc.record({
  on: fc.boolean(),
  limit: fc.oneof(fc.nat(10), fc.nat(0xffff_ffff)),
  mark: fc.nat(0xffff),
  big: fc.bigInt(0n, (1n << 64n) - 1n),
  shift: fc.integer(),
});

test('random programs do what they mean', () => {
  const one = fc.constantFrom(...names);
  fc.assert(
    fc.property(
      decisions,
      fc.tuple(settings, settings),
      fc.tuple(packet, packet),
      one,
      fc.boolean(),
      (list, [config, first], inputs, name, newer) => {
        const [cpu, other] = newer ? ([4, 3] as const) : ([3, 4] as const);
        const builds: Build[] = [
          { without: [], cpu },
          { without: [name], cpu: other },
          { without: names, cpu },
          { without: [], cpu, first },
          { without: [], cpu: other, first: { ...first, on: config.on } },
        ];
        const program = randomProgram(list);
        try {
          compare(program, config, inputs, builds, inKernel);
        } catch (cause) {
          throw new Error(`${cause}\n${program.text}`, { cause });
        }
      },
    ),
    { numRuns, seed },
  );
});
