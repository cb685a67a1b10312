import {
  type Code,
  CodeVariants,
  finishProgram,
  generate,
  programFromJson,
  programToJson,
} from '@waggle/compiler';
import ts from 'typescript';
import { longProgram } from '../packages/compiler/src/testing/long-program.ts';
import { benchmark } from './support/benchmark.ts';
import { compare, cpuTime, wallTime } from './support/measure.ts';

const ROUNDS = 15;
const MILLISECONDS = 1e6;

/** Values of the config that differ from those before in all numbers that the program reads, and, one time in two, in its switch. */
const values = (limit: number, on = limit % 2 === 0) => ({
  settings: { on, limit, mark: 80, big: 1n, shift: -1 },
});

/** Something to be measured. */
interface Figure {
  readonly what: string;
  readonly run: () => unknown;
  /** In milliseconds. */
  readonly goal?: number;
  /** By what: CPU time, if nothing else is said. The clock tells what somebody waits, but only on a machine that is free. */
  readonly measure?: (body: () => void) => number;
}

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
      code, when it is loaded first, and when it is loaded again: with other numbers in its config, with a switch as it was
      before, and with a switch as it never was; and what tsc takes to check the examples with the library for programs.`,
    needsRoot: false,
  },
  ({ row, note }) => {
    const { configs: declared } = longProgram();
    const configs = Object.fromEntries(declared);
    let limit = 0;
    const whole = (): Code =>
      generate(finishProgram('program', longProgram().ir, configs, { config: values(limit++) }));
    const json = JSON.stringify(programToJson('program', longProgram().ir));
    const built = (): CodeVariants => new CodeVariants(() => programFromJson(json).program, configs);
    const first = (): void => void built().finish('program', values(limit++));
    const known = built();
    for (const on of [false, true]) known.finish('program', values(0, on));
    const numbers = (): void => void known.finish('program', values(limit++, true));
    const seen = (): void => void known.finish('program', values(limit++));
    const { program } = programFromJson(JSON.parse(json));
    const unseen = (): void =>
      void new CodeVariants(() => program, configs).finish('program', values(limit++));
    const figures: readonly Figure[] = [
      { what: 'text to code, CPU', run: whole },
      { what: 'text to code, clock', run: whole, goal: 300, measure: wallTime },
      { what: 'first load', run: first },
      { what: 'other numbers', run: numbers, goal: 20 },
      { what: 'a switch as before', run: seen, goal: 20 },
      { what: 'a new switch', run: unseen },
    ];
    for (const { run } of [...figures, ...figures]) run();
    for (const { what, run, goal, measure = cpuTime } of figures) {
      const measured = { what, unit: 'time' as const, ...compare(ROUNDS, () => measure(run)) };
      row(goal === undefined ? measured : { ...measured, goal: { atMost: goal * MILLISECONDS } });
    }
    row({
      what: 'type check',
      unit: 'time',
      ...compare(3, typeCheck),
      goal: { atMost: 2000 * MILLISECONDS },
    });
    note(`The code has ${whole().bytes.length / 8} instructions.`);
  },
);
