/**
 * `waggle map` and `waggle bpf`: what the maps of the datapath hold. `bpf` knows them by what is in them, as `bpf ct`; `map` by their
 * names. What the commands do is in map-actions.ts.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';
import { addAsking, addGroup } from './group.ts';
import type { EntryOptions, Names } from './map-actions.ts';

const actions = () => import('./map-actions.ts');

/** What maps hold, and what they are called. */
const TABLES = [
  { noun: 'policy', maps: ['policies'], holds: 'what may pass, by identity', example: 'web-1' },
  {
    noun: 'ct',
    maps: ['connections4', 'connections6'],
    holds: 'connections that are known',
    example: '10.92.0.7',
  },
  {
    noun: 'ipcache',
    maps: ['ipcache', 'ipcacheHosts'],
    holds: 'prefixes and their identities',
    example: '10.92.0.7',
  },
  {
    noun: 'endpoint',
    maps: ['endpoints'],
    holds: 'endpoints of this host, by address',
    example: '10.92.0.7',
  },
  { noun: 'metrics', maps: ['metrics'], holds: 'packets and bytes, by reason and direction', example: '133' },
  {
    noun: 'nat',
    maps: ['translations'],
    holds: 'addresses and ports that are masqueraded',
    example: '10.92.0.7',
  },
  {
    noun: 'published',
    maps: ['published'],
    holds: 'ports of the host that lead to endpoints',
    example: '10.92.0.7',
  },
] as const;

const GET_HELP = `
Exit codes: 0 there are some, 1 there are none, 2 wrong usage.`;

/** Adds the commands. */
export function addMap(program: Command, context: Context): void {
  const map = addExamples(
    addGroup(program, 'map', 'list the maps of the datapath, and show what is in them'),
    ['waggle map list', 'how full they are'],
    ['waggle map get ipcache'],
  );
  addAsking(map, 'list', 'list maps, and how full they are', ['waggle map list']).action(
    async (options: ClientOptions) => (await actions()).list(options, context),
  );
  limited(
    addAsking(
      map,
      'get <name>',
      'show the entries of a map',
      ['waggle map get ipcache'],
      ['waggle map get connections4 --limit 20 -o json'],
    ),
  ).action(async (name: string, options: EntryOptions) =>
    (await actions()).entries([name], options, context),
  );

  const bpf = addExamples(
    addGroup(program, 'bpf', 'show what the programs in the kernel know'),
    ['waggle bpf ct list'],
    ['waggle bpf ipcache get 10.92.0.7'],
  );
  for (const { noun, maps, holds, example } of TABLES) {
    const table = addExamples(addGroup(bpf, noun, `show ${holds}`), [`waggle bpf ${noun} list`]);
    limited(addAsking(table, 'list', `list ${holds}`, [`waggle bpf ${noun} list`])).action(
      async (options: EntryOptions) => (await actions()).entries(maps, options, context),
    );
    if (noun === 'policy') {
      addPolicyGet(table, maps, context);
      continue;
    }
    addAsking(table, 'get <text>', 'show the entries in which a word stands: an address, a number', [
      `waggle bpf ${noun} get ${example}`,
    ])
      .addHelpText('after', GET_HELP)
      .action(async (text: string, options: ClientOptions) =>
        (await actions()).matching(maps, text, options, context),
      );
  }
}

function addPolicyGet(table: Command, maps: Names, context: Context): void {
  addAsking(
    table,
    'get <subject>',
    'show what may pass at an endpoint, or of an identity, by its number',
    ['waggle bpf policy get web-1'],
    ['waggle bpf policy get 1234'],
  )
    .addHelpText('after', GET_HELP)
    .action(async (subject: string, options: ClientOptions) =>
      (await actions()).policyOf(maps, subject, options, context),
    );
}

const limited = (command: Command): Command =>
  command.option('--limit <number>', 'at most so many entries', parseLimit, 1000);

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new InvalidArgumentError('It is a whole number from 1 on.');
}
