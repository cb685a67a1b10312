/** What `waggle monitor` does: it prints events as they come, until somebody stops it or the agent ends. */
import type { MonitorEvent } from '@waggle/agent/client';
import { WaggleError } from '@waggle/bpf/messages';
import { agentOf } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { isWanted } from './monitor-filter.ts';
import { type MonitorTextOptions, monitorText } from './monitor-text.ts';
import { styleFor } from './output.ts';

export const MONITOR_TYPES = ['drop', 'trace', 'policy-verdict', 'agent'] as const;
type Type = (typeof MONITOR_TYPES)[number];

export interface MonitorOptions extends Pick<ClientOptions, 'socket'>, MonitorTextOptions {
  readonly output: 'text' | 'json';
  readonly type?: readonly string[];
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  readonly relatedTo?: readonly string[];
  /** End after so many. */
  readonly count?: string;
}

export async function monitor(options: MonitorOptions, context: Context): Promise<void> {
  const types = options.type && typesOf(options.type);
  const from = options.from && idsOf(options.from);
  const to = options.to && idsOf(options.to);
  const relatedTo = options.relatedTo && idsOf(options.relatedTo);
  const filter = { ...(from && { from }), ...(to && { to }), ...(relatedTo && { relatedTo }) };
  const most = options.count === undefined ? Number.POSITIVE_INFINITY : numberOf(options.count);
  const style = styleFor(context.stdout);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    let count = 0;
    // What was lost is told whatever is asked for.
    const asked = types && [...types, 'lost' as const];
    for await (const event of agentOf(options).monitor({
      signal: stop.signal,
      ...(asked && { types: asked }),
    })) {
      if (!isWanted(event, filter)) continue;
      context.stdout.write(textOf(event));
      if (++count >= most) break;
    }
  } finally {
    process.removeListener('SIGINT', interrupt);
  }

  function textOf(event: MonitorEvent): string {
    return options.output === 'json' ? `${JSON.stringify(event)}\n` : monitorText(event, options, style);
  }
}

function typesOf(texts: readonly string[]): Type[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((text) => {
      const type = MONITOR_TYPES.find((each) => each === text);
      if (type) return type;
      throw new WaggleError('MALFORMED', `There are no events of the type ${JSON.stringify(text)}`, {
        hint: `Types are ${MONITOR_TYPES.join(', ')}`,
      });
    });
}

const idsOf = (texts: readonly string[]): number[] => texts.flatMap((text) => text.split(',')).map(numberOf);

function numberOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new WaggleError('MALFORMED', `${JSON.stringify(text)} is not a number from 1 on`, {
    hint: 'waggle endpoint list shows the numbers of endpoints',
  });
}
