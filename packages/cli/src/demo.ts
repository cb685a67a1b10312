/** `waggle demo`: the story of waggle on this machine. What it takes is here; what it does is in demo/. */
import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';

export interface DemoOptions {
  readonly simulate?: boolean;
  readonly step?: boolean;
  readonly keep?: boolean;
  /** All, or one. */
  readonly clean?: boolean | string;
  /** A part that this process plays. */
  readonly play?: string;
}

const HELP = `
Real processes in network namespaces, an agent that makes them endpoints, and policies that decide
by who they are. It plays on a host of its own: a network namespace that has no way out. Nothing of
this machine's own network is touched, and nothing is left behind.

Where programs cannot be loaded into the kernel, it says what is missing and is a simulation: the
same programs in an interpreter, on packets that are made up.

Exit code: 0 when everything was as expected, 1 when not, 2 for wrong usage.`;

/** Adds the command. */
export function addDemo(program: Command, context: Context): void {
  const command = program
    .command('demo')
    .description('see waggle at work, on a host of its own that is gone afterwards')
    .option('--step', 'wait for Enter between the steps')
    .addOption(
      new Option('--keep', 'leave everything as it is in the end, to play with').conflicts('simulate'),
    )
    .option('--clean [name]', 'remove what was kept, and what demos that were killed have left')
    .option('--simulate', 'load nothing into the kernel: run the programs in the interpreter')
    .addOption(new Option('--play <part>', 'play a part, as a process of a demo').hideHelp())
    .addHelpText('after', HELP)
    .action(async (options: DemoOptions) => act(options, context));
  addExamples(
    command,
    ['waggle demo'],
    ['waggle demo --step', 'at your own pace'],
    ['waggle demo --keep', 'ends with commands to try'],
    ['waggle demo --clean'],
  );
}

async function act(options: DemoOptions, context: Context): Promise<void> {
  if (options.play !== undefined) (await import('./demo/part.ts')).play(options.play);
  else if (options.clean !== undefined)
    await (await import('./demo/clean-demos.ts')).cleanDemos(options.clean, context);
  else await (await import('./demo/run-demo.ts')).runDemo(options, context);
}
