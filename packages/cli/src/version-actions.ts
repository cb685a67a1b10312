/** What `waggle version` does: it prints its own version, and that of the agent, where one runs. */
import { WaggleError } from '@waggle/bpf/messages';
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { print } from './print.ts';
import { versionText, waggleVersion } from './version-text.ts';

export async function version(options: ClientOptions, context: Context): Promise<void> {
  const agent = await ask(context, agentVersion(options));
  const client = { version: waggleVersion(), text: versionText() };
  print(options, context, { client, agent }, () =>
    [
      client.text,
      'version' in agent ? `agent ${agent.version} (process ${agent.pid})` : `agent: ${agent.problem}`,
      '',
    ].join('\n'),
  );
}

/** The agent's version, or why it is not known: a report of a fault needs the rest all the same. */
async function agentVersion(
  options: ClientOptions,
): Promise<{ readonly version: string; readonly pid: number } | { readonly problem: string }> {
  const agent = agentOf(options);
  try {
    const { waggle } = await agent.status();
    return waggle === undefined
      ? { problem: 'it does not say which version it is' }
      : { version: waggle.version, pid: waggle.pid };
  } catch (error) {
    if (!(error instanceof WaggleError)) throw error;
    return { problem: error.code === 'NOT_FOUND' ? `none is running at ${agent.socket}` : error.message };
  }
}
