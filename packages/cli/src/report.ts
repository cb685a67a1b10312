/** `waggle metrics` and `waggle debuginfo`: figures of the agent, and all that a report of a fault has to say of it. */
import type { Command } from 'commander';
import { addClientOptions, type ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';
import { addAsking, addGroup } from './group.ts';
import type { MetricOptions } from './report-actions.ts';

const actions = () => import('./report-actions.ts');

/** Adds the commands. */
export function addReport(program: Command, context: Context): void {
  const metrics = addExamples(addGroup(program, 'metrics', 'list figures of the agent and its datapath'), [
    'waggle metrics list',
  ]);
  addAsking(
    metrics,
    'list',
    'list figures',
    ['waggle metrics list'],
    ['waggle metrics list -p drop', 'only those whose names match'],
  )
    .option('-p, --pattern <pattern>', 'only figures whose names match this regular expression')
    .action(async (options: MetricOptions) => (await actions()).metrics(options, context));

  const debuginfo = program
    .command('debuginfo')
    .description('print all that the agent knows of itself, for a report of a fault; no secrets');
  addExamples(
    addClientOptions(debuginfo),
    ['waggle debuginfo > report.md'],
    ['waggle debuginfo -o json'],
  ).action(async (options: ClientOptions) => (await actions()).debugInfo(options, context));
}
