import { Xdp, xdp } from '@waggle/bpf';
import {
  AllocationMemory,
  type Code,
  finishProgram,
  generate,
  type IrProgram,
  programFromJson,
  programToJson,
} from '@waggle/compiler';
import ts from 'typescript';
import { type LoweredProgram, lowerProgram } from '../packages/compiler/src/frontend/index.ts';
import { moduleOf } from '../packages/compiler/src/frontend/testing/module.ts';
import { scope } from '../packages/compiler/src/testing/random/declarations.ts';
import { benchmark } from './support/benchmark.ts';
import { compare, cpuTime } from './support/measure.ts';

const RULES = 114;
const ROUNDS = 15;
const MILLISECONDS = 1e6;

/** One rule of a long program: looks at the packet, asks a map, counts, and decides by config. */
const rule = (index: number): string => `
  const head${index} = ctx.at(Head, ${index % 40});
  if (head${index}) {
    sum = (sum ^ head${index}.c) * ${index * 2 + 3};
    if (head${index}.a === ${index & 255} || (settings.on && head${index}.b === ${index})) {
      const row = rows.lookup(sum & 3);
      if (row) {
        row.x += sum;
        row.inner.d ^= u64(head${index}.c) + ${index}n;
        if (row.inner.c > i16(${index})) return settings.limit + ${index};
      }
    }
    head${index}.g = i8(sum >>> ${index % 24});
  }`;

const text = `export const program = xdp((ctx) => {
  let sum = ctx.length;
${Array.from({ length: RULES }, (_, index) => rule(index)).join('')}
  return sum;
});`;

/** Values of the config that differ from those before in all that the program reads. */
const settings = (limit: number) => ({ on: limit % 2 === 0, limit, mark: 80, big: 1n, shift: -1 });

function lower(): LoweredProgram {
  const module = moduleOf(text, { ...scope, program: xdp(() => Xdp.Pass) });
  const { program, diagnostics } = lowerProgram(module, 'program');
  if (!program) throw new Error(`${diagnostics[0]?.message}`);
  return program;
}

const withConfig = (ir: IrProgram, limit: number): IrProgram =>
  finishProgram('program', ir, { settings: scope.settings }, { config: { settings: settings(limit) } });

const finish = (ir: IrProgram, limit: number, allocations = new AllocationMemory()): Code =>
  generate(withConfig(ir, limit), { allocations });

/** Checks the examples with the preset for programs. */
function typeCheck(): number {
  const root = new URL('..', import.meta.url).pathname;
  const project = { extends: '@waggle/bpf/tsconfig.programs.json', include: ['examples/**/*.bpf.ts'] };
  const { fileNames, options } = ts.parseJsonConfigFileContent(project, ts.sys, root);
  return cpuTime(() => {
    const found = ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options));
    if (found.length > 0) throw new Error(`${found[0]?.messageText}`);
  });
}

await benchmark(
  {
    name: 'compile',
    about: `A program of about 5,000 instructions, from its text to code; from what a build makes of it to
      code, when it is loaded first, and when it is loaded again with other values of its config; and what tsc takes
      to check the examples with the library for programs.`,
    needsRoot: false,
  },
  ({ row, note }) => {
    let limit = 0;
    const json = JSON.stringify(programToJson('program', lower().ir));
    const whole = (): void => void finish(lower().ir, limit++);
    const first = (): void => void finish(programFromJson(JSON.parse(json)).program, limit++);
    const { program } = programFromJson(JSON.parse(json));
    const allocations = new AllocationMemory();
    const again = (): void => void finish(program, limit++, allocations);
    for (const warm of [whole, first, again, whole, first, again]) warm();
    const compiling = compare(ROUNDS, () => cpuTime(whole));
    row({ what: 'text to code', unit: 'time', ...compiling, goal: { atMost: 300 * MILLISECONDS } });
    row({ what: 'first load', unit: 'time', ...compare(ROUNDS, () => cpuTime(first)) });
    const specialising = compare(ROUNDS, () => cpuTime(again));
    row({ what: 'other config', unit: 'time', ...specialising, goal: { atMost: 20 * MILLISECONDS } });
    const passes = (): void => void withConfig(program, limit++);
    row({ what: 'of it, passes', unit: 'time', ...compare(ROUNDS, () => cpuTime(passes)) });
    const finished = withConfig(program, limit);
    const backEnd = (): void => void generate(finished, { allocations });
    row({ what: 'of it, back end', unit: 'time', ...compare(ROUNDS, () => cpuTime(backEnd)) });
    row({
      what: 'type check',
      unit: 'time',
      ...compare(3, typeCheck),
      goal: { atMost: 2000 * MILLISECONDS },
    });
    note(`The code has ${finish(program, 0).bytes.length / 8} instructions.`);
  },
);
