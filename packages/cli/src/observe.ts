/**
 * `waggle observe`: flows, of the past and as they come. Its options have the names of hubble's, which many know by heart; those that
 * say which flows are wanted are in observe-filter-options.ts.
 */
import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';
import { addServerOptions } from './hubble.ts';
import type { ObserveEventsOptions, ObserveOptions } from './observe-actions.ts';
import { addFilterOptions, type GivenFilter } from './observe-filter-options.ts';
import { TIME_FORMATS } from './time-formats.ts';

const HELP = `
Of one option any value suffices, of several options all must match; --not turns the next option
around. Without --first, --last, --since, --until and --follow the last 20 flows are shown. Times
are spans before now (90s, 5m, 1h30m, 2d) or moments (2026-01-02, 2026-01-02T15:04:05Z; without a
zone in that of this host).

Names of event types: drop, trace, policy-verdict, with a subtype as trace:to-endpoint.

The server is that of --server, of $HUBBLE_SERVER, or the agent's own:
hubble.sock beside $WAGGLE_SOCKET, else /run/waggle/hubble.sock.`;

const actions = () => import('./observe-actions.ts');

/** Adds the command, and those below it for other events. */
export function addObserve(program: Command, context: Context): void {
  const observe = program
    .command('observe')
    .description('show flows, with the rules that let them pass or dropped them')
    .helpCommand('help [command]', 'print help on a command')
    // What stands behind the name of a command below belongs to that command.
    .enablePositionalOptions();
  const filters: GivenFilter[] = [];
  addSelection(observe.optionsGroup('Of which time:'));
  addFilterOptions(observe.optionsGroup('Which flows:'), filters);
  addFormat(observe.optionsGroup('How they are printed:'))
    .addOption(
      new Option('--color <when>', 'colours: auto, always, never')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option('--numeric', 'addresses in place of names')
    .option(
      '--input-file <file>',
      'read flows from a file of -o jsonpb in place of a server; - for the input',
    );
  addServerOptions(observe.optionsGroup('The server:')).addHelpText('after', HELP);
  addExamples(
    observe,
    ['waggle observe', 'the last 20 flows'],
    ['waggle observe -f --verdict DROPPED', 'what is dropped, and why'],
    ['waggle observe --since 5m --to-name backend --to-port 8080'],
    ['waggle observe --protocol tcp --not --from-identity host'],
    ['waggle observe --last 1000 -o jsonpb > flows.json'],
    ['waggle observe --input-file flows.json --from-ip 10.92.0.0/16'],
  ).action(async (options: ObserveOptions) => (await actions()).observe(options, filters, context));
  addEvents(observe, context);
}

function addEvents(observe: Command, context: Context): void {
  const commands = [
    ['agent-events', 'show what the agent did', 'agentEvents'],
    ['debug-events', 'show events for debugging; of waggle there are none', 'debugEvents'],
  ] as const;
  for (const [name, description, action] of commands) {
    const command = addServerOptions(addFormat(addSelection(observe.command(name).description(description))));
    addExamples(command, [`waggle observe ${name}`], [`waggle observe ${name} -f -o json`]).action(
      async (_: unknown, self: Command) => (await actions())[action](withThoseAbove(self), context),
    );
  }
}

/** The options of a command, with those that were given before its name. */
function withThoseAbove(command: Command): ObserveEventsOptions {
  const options = command.opts<ObserveEventsOptions>();
  const above = command.parent;
  const isGiven = (to: Command | null, name: string): boolean => to?.getOptionValueSource(name) === 'cli';
  const given = Object.entries(above?.opts() ?? {}).filter(
    ([name]) => isGiven(above, name) && !isGiven(command, name),
  );
  return { ...options, ...Object.fromEntries(given) };
}

/** Which of the past, and whether those to come. */
const addSelection = (command: Command): Command =>
  command
    .option('--last <number>', 'the last ones; 20 where nothing else is said')
    .option('--first <number>', 'the first ones')
    .option('--all', 'all that the server has')
    .option('-f, --follow', 'go on with those to come')
    .option('--since <time>', 'from a time on')
    .option('--until <time>', 'up to a time');

const addFormat = (command: Command): Command =>
  command
    .addOption(
      new Option('-o, --output <format>', 'compact: a line each; json and jsonpb: a message each')
        .choices(['compact', 'dict', 'table', 'json', 'jsonpb'])
        .default('compact'),
    )
    .addOption(
      new Option('--time-format <format>', 'of times, which are in UTC')
        .choices(TIME_FORMATS)
        .default('StampMilli'),
    )
    .option('--print-node-name', 'also say of which node');
