/** What `waggle metrics` and `waggle debuginfo` do: they ask the agent, and print. */
import { WaggleError } from '@waggle/bpf/messages';
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { styleFor } from './output.ts';
import { print } from './print.ts';
import { debugText, metricListText } from './report-text.ts';
import { versionText } from './version-text.ts';

export interface MetricOptions extends ClientOptions {
  readonly pattern?: string;
}

export async function metrics(options: MetricOptions, context: Context): Promise<void> {
  const pattern = options.pattern === undefined ? undefined : expressionOf(options.pattern);
  const all = await ask(context, agentOf(options).metrics());
  const found = pattern === undefined ? all : all.filter(({ name }) => pattern.test(name));
  print(options, context, found, () => metricListText(found, styleFor(context.stdout).width));
}

function expressionOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new WaggleError('MALFORMED', `${JSON.stringify(text)} is no regular expression`, { cause });
  }
}

export async function debugInfo(options: ClientOptions, context: Context): Promise<void> {
  const found = await ask(context, agentOf(options).debugInfo());
  print(options, context, { client: versionText(), ...found }, () =>
    debugText(found, versionText(), Date.now()),
  );
}
