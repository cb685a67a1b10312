/**
 * `waggle doctor`: tries what the kernel can do, and says whether waggle can run here. What it takes is here; what it does is in
 * doctor-actions.ts, which needs the kernel library.
 */
import type { FeatureGroup } from '@waggle/kernel';
import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { type OutputOptions, outputOption } from './print.ts';

/** The groups of features. The kernel library has them, too, but help that has to load it would be slow; a test compares. */
export const FEATURE_GROUPS: readonly FeatureGroup[] = [
  'system',
  'maps',
  'programs',
  'attachments',
  'helpers',
  'instructions',
  'operations',
  'network',
];

export interface DoctorOptions extends OutputOptions {
  readonly group?: FeatureGroup[];
  readonly all?: boolean;
}

const HELP = `
Everything is tried, not looked up: maps are created, programs loaded, and attachments made in a
network namespace and a control group that exist only for that. Nothing on the host changes. Run it
as root.

Exit code: 0 when waggle can run here, 1 when not, 2 for wrong usage.

Examples:
  waggle doctor                             what is missing, why, and what that means
  waggle doctor --all --group network       every kind of network device, also those that are there
  waggle doctor -o json | jq .verdict       for programs`;

/** Adds the command. */
export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('say what this host can do, and whether waggle can run on it')
    .addOption(outputOption())
    .addOption(new Option('-g, --group <group...>', 'only these groups').choices(FEATURE_GROUPS))
    .option('-a, --all', 'also list what is there')
    .addHelpText('after', HELP)
    .action(async (options: DoctorOptions) => (await import('./doctor-actions.ts')).doctor(options, context));
}
