/** What `waggle observe` does: it asks for flows, of a server or a file, and prints them as they come. */
import { type MessageShape, toJsonString } from '@bufbuild/protobuf';
import { WaggleError } from '@waggle/bpf/messages';
import {
  type GetAgentEventsResponse,
  GetAgentEventsResponseSchema,
  type GetDebugEventsResponse,
  GetDebugEventsResponseSchema,
  type HubbleClient,
} from '@waggle/flows/hubble/client';
import { agentEventText, debugEventText } from './agent-event-text.ts';
import type { Context, Stream } from './context.ts';
import { type FlowFormat, FlowPrinter } from './flow-text.ts';
import { hubbleClient, type ServerOptions } from './hubble-client.ts';
import { filtersOf } from './observe-filter.ts';
import type { GivenFilter } from './observe-filter-options.ts';
import { flowsOfFile } from './observe-input.ts';
import { type Style, styleFor } from './output.ts';
import { parseTime } from './time-argument.ts';
import { type TimeFormat, timeText } from './time-formats.ts';

/** Which events, and how they are printed. */
export interface ObserveEventsOptions extends ServerOptions {
  readonly last?: string;
  readonly first?: string;
  readonly all?: boolean;
  readonly follow?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly output: FlowFormat;
  readonly timeFormat: TimeFormat;
  readonly printNodeName?: boolean;
}

export interface ObserveOptions extends ObserveEventsOptions {
  readonly color: 'auto' | 'always' | 'never';
  readonly numeric?: boolean;
  readonly inputFile?: string;
}

/** How many of the past are shown where nothing is said. */
const USUAL = 20n;
/** The greatest number that there is says: all. */
const ALL = 2n ** 64n - 1n;

/** Shows flows. */
export async function observe(
  options: ObserveOptions,
  given: readonly GivenFilter[],
  context: Context,
): Promise<void> {
  const selection = selectionOf(options);
  const filters = filtersOf(given);
  const printer = new FlowPrinter(context.stdout, styleOf(options, context.stdout), options);
  if (options.inputFile !== undefined) {
    for await (const answer of flowsOfFile(options.inputFile, filters)) printer.print(answer);
  } else {
    await following(options, async (client, signal) => {
      for await (const answer of client.flows({ ...selection, ...filters }, signal)) printer.print(answer);
    });
  }
  printer.end();
}

/** Shows what the agent did. */
export const agentEvents = (options: ObserveEventsOptions, context: Context): Promise<void> =>
  showEvents(options, context, {
    ask: (client, selection, signal) => client.agentEvents(selection, signal),
    schema: GetAgentEventsResponseSchema,
    textOf: ({ agentEvent }) => agentEventText(agentEvent),
  });

/** Shows events for debugging. */
export const debugEvents = (options: ObserveEventsOptions, context: Context): Promise<void> =>
  showEvents(options, context, {
    ask: (client, selection, signal) => client.debugEvents(selection, signal),
    schema: GetDebugEventsResponseSchema,
    textOf: ({ debugEvent }) => debugEventText(debugEvent),
  });

type EventSchema = typeof GetAgentEventsResponseSchema | typeof GetDebugEventsResponseSchema;

/** Events of one kind: how they are asked for, and what is in an answer. */
interface EventKind<Schema extends EventSchema> {
  readonly ask: (
    client: HubbleClient,
    selection: Selection,
    signal: AbortSignal,
  ) => AsyncIterable<MessageShape<Schema>>;
  readonly schema: Schema;
  readonly textOf: (answer: MessageShape<Schema>) => string;
}

async function showEvents<Schema extends EventSchema>(
  options: ObserveEventsOptions,
  { stdout }: Context,
  { ask, schema, textOf }: EventKind<Schema>,
): Promise<void> {
  const selection = selectionOf(options);
  await following(options, async (client, signal) => {
    for await (const answer of ask(client, selection, signal)) {
      const text = isJson(options)
        ? toJsonString(schema, answer, { useProtoFieldName: true })
        : `${head(answer, options)}${textOf(answer)}`;
      stdout.write(`${text}\n`);
    }
  });
}

const isJson = ({ output }: ObserveEventsOptions): boolean => output === 'json' || output === 'jsonpb';

function head(
  { time, nodeName }: Pick<GetAgentEventsResponse | GetDebugEventsResponse, 'time' | 'nodeName'>,
  { timeFormat, printNodeName }: ObserveEventsOptions,
): string {
  const when = time ? timeText(time, timeFormat) : 'N/A';
  return `${when}${printNodeName ? ` [${nodeName}]` : ''}: `;
}

/** Works with a client until it is done, or the user has seen enough. */
async function following(
  options: ServerOptions,
  work: (client: HubbleClient, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  using client = hubbleClient(options);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    await work(client, stop.signal);
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

type Selection = ReturnType<typeof selectionOf>;

function selectionOf(options: ObserveEventsOptions) {
  const { first, last, all = false, follow = false, output } = options;
  const both = (one: string, other: string, hint: string): WaggleError =>
    new WaggleError('MALFORMED', `${one} and ${other} exclude each other`, { hint });
  if (first !== undefined && last !== undefined)
    throw both('--first', '--last', 'Flows are counted from the oldest one on or back from the latest one');
  if (first !== undefined && all) throw both('--first', '--all', 'Leave one of them out');
  if (last !== undefined && all) throw both('--last', '--all', 'Leave one of them out');
  if (first !== undefined && follow)
    throw both('--first', '--follow', 'Flows to come go on from the latest one');
  if (output === 'table' && follow)
    throw both('-o table', '--follow', 'A table is laid out when all is there: take -o compact');
  const since = options.since === undefined ? undefined : parseTime(options.since, '--since');
  const until = options.until === undefined ? undefined : parseTime(options.until, '--until');
  if (
    since &&
    until &&
    (since.seconds > until.seconds || (since.seconds === until.seconds && since.nanos > until.nanos))
  )
    throw new WaggleError('MALFORMED', `--until ${options.until} is before --since ${options.since}`, {
      hint: 'Exchange the two',
    });
  const isUsual = first === undefined && last === undefined && !follow && !since && !until;
  const number = all
    ? ALL
    : first !== undefined
      ? countOf('--first', first)
      : last !== undefined
        ? countOf('--last', last)
        : isUsual
          ? USUAL
          : 0n;
  return { number, first: first !== undefined, follow, ...(since && { since }), ...(until && { until }) };
}

function countOf(option: string, text: string): bigint {
  if (/^[1-9]\d{0,17}$/.test(text)) return BigInt(text);
  throw new WaggleError('MALFORMED', `${option} ${JSON.stringify(text)} is no number from 1 on`, {
    hint: `As ${option} 100; --all for all`,
  });
}

function styleOf({ color }: ObserveOptions, stdout: Stream): Style {
  if (color === 'auto') return styleFor(stdout);
  const isTTY = color === 'always';
  return styleFor(
    { ...(stdout.columns !== undefined && { columns: stdout.columns }), isTTY },
    isTTY ? {} : undefined,
  );
}
