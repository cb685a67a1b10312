/** What `waggle agent` and `waggle cleanup` do: they check their options, and leave the rest to the agent's own package. */
import {
  type AgentOptions,
  type CleanUpItem,
  cleanUp,
  type PlanItem,
  parseAgentOptions,
  planAgent,
  runAgent,
} from '@waggle/agent';
import type { Command } from 'commander';
import { givenOptions, readAgentFile } from './agent-options.ts';
import type { Context } from './context.ts';
import { type OutputOptions, print } from './print.ts';
import { withProgress } from './progress.ts';
import { factsText, table } from './table.ts';

export interface CleanUpFlags extends OutputOptions {
  readonly dryRun?: boolean;
  readonly state?: boolean;
}

/** Runs until the process is asked to end. */
export async function agent(command: Command, context: Context): Promise<void> {
  const flags: OutputOptions & { readonly dryRun?: boolean } = command.opts();
  const options = optionsOf(command);
  if (flags.dryRun) {
    const plan = planAgent(options);
    print(flags, context, plan, () => planText(plan));
    return;
  }
  if (options.device.length > 0) context.stderr.write(planText(planAgent(options)));
  await runAgent(options);
}

export async function cleanup(flags: CleanUpFlags, command: Command, context: Context): Promise<void> {
  const { dryRun = false, state = false } = flags;
  const options = optionsOf(command);
  const items = await withProgress(context, 'removing', cleanUp(options, { dryRun, state }));
  print(flags, context, items, () => cleanUpText(items, dryRun));
}

/** The file's options and those that were given, of which the latter count. */
function optionsOf(command: Command): AgentOptions {
  const { config }: { config?: string } = command.opts();
  const given = givenOptions(command);
  if (config === undefined) return parseAgentOptions(given, 'the command line');
  const ofFile = readAgentFile(config);
  parseAgentOptions(ofFile, config);
  return parseAgentOptions({ ...ofFile, ...given }, 'the command line');
}

const planText = (plan: readonly PlanItem[]): string =>
  `waggle agent will\n${factsText(
    plan.map(({ what, where }) => [what, where]),
    100,
  )}`;

function cleanUpText(items: readonly CleanUpItem[], dryRun: boolean): string {
  if (items.length === 0) return 'there is nothing of waggle here\n';
  const rows = items.map(({ what, where }) => [what, where]);
  return `${dryRun ? 'would be removed' : 'removed'}:\n${table(['WHAT', 'WHERE'], rows)}`;
}
