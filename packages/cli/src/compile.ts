/**
 * `waggle compile`: compiles the programs of a `.bpf.ts` file. What it takes is here; what it does is in compile-actions.ts, which
 * needs the compiler.
 */
import type { GivenConfigs } from '@waggle/compiler';
import { type Command, Option } from 'commander';
import { addConfig, PASS_NAMES, passNames } from './compile-options.ts';
import type { Context } from './context.ts';
import { wrap } from './output.ts';

const FORMS = ['ir', 'asm', 'elf', 'js'] as const;
export type Form = (typeof FORMS)[number];

export interface CompileOptions {
  readonly output?: string;
  readonly emit?: Form;
  readonly program?: string[];
  readonly config?: GivenConfigs;
  readonly cpu?: '3' | '4';
  readonly passes?: readonly string[];
  readonly without?: readonly string[];
}

const HELP = `
What is emitted:
  asm   the instructions, with the source lines they come from (default)
  ir    the intermediate representation, optimised (default for -o x.ir)
  elf   an object for bpftool and libbpf (default for -o x.o)
  js    the module with its programs compiled, to import and load (default for -o x.js)

Config values are put into the code, and the optimisations done; js leaves both to the moment when
a program is loaded. A value is true, false or a number; one of 64 bits ends with n:
--config settings.rate=1000000n

Optimisations, in their order, none of which changes what a program does:
  ${wrap(PASS_NAMES.join(' '), 90).join('\n  ')}

Exit code: 0 when it compiles, 1 when not, 2 for wrong usage.

Examples:
  waggle compile balance.bpf.ts                                   read the code
  waggle compile balance.bpf.ts --config settings.udp=true -o balance.o
  bpftool prog load balance.o /sys/fs/bpf/balance                 load it without waggle
  waggle compile balance.bpf.ts --emit ir --passes none           before any optimisation
  waggle compile src/balance.bpf.ts -o dist/balance.bpf.js        build it for waggle`;

/** Adds the command. */
export function addCompile(program: Command, context: Context): void {
  program
    .command('compile')
    .description('compile the programs of a .bpf.ts file')
    .argument('<file>', 'a TypeScript module that declares programs')
    .option('-o, --output <file>', 'where to write; text goes to the terminal by default')
    .addOption(new Option('-e, --emit <form>', 'what to write').choices(FORMS))
    .option('-p, --program <name...>', 'only these programs')
    .option('-c, --config <name.field=value>', 'a config value; once for each field', addConfig)
    .addOption(new Option('--cpu <version>', 'version of the instruction set').choices(['3', '4']))
    .option('--passes <pass,...>', 'only these optimisations, or none', passNames)
    .addOption(
      new Option('--without <pass,...>', 'all optimisations but these')
        .argParser(passNames)
        .conflicts('passes'),
    )
    .addHelpText('after', HELP)
    .action(async (file: string, options: CompileOptions, command: Command) =>
      (await import('./compile-actions.ts')).compile(file, options, command, context),
    );
}
