/** What each command of `waggle identity` and `waggle ip` does: it asks the agent, prints, and ends. */
import { WaggleError } from '@waggle/bpf/messages';
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { addressListText, identityListText, identityText, usedIdentityListText } from './identity-text.ts';
import { styleFor } from './output.ts';
import { print } from './print.ts';

export interface IdentityListOptions extends ClientOptions {
  readonly label?: readonly string[];
  readonly endpoints?: boolean;
}

export async function list(options: IdentityListOptions, context: Context): Promise<void> {
  const { label: wanted = [], endpoints = false } = options;
  const agent = agentOf(options);
  const { width } = styleFor(context.stdout);
  const identities = (await ask(context, agent.identities(wanted))).sort((a, b) => a.id - b.id);
  if (!endpoints) {
    print(options, context, identities, () => identityListText(identities, width));
    return;
  }
  const ids = new Set(identities.map(({ id }) => id));
  const used = (await ask(context, agent.identityEndpoints()))
    .filter(({ identity }) => ids.has(identity.id))
    .sort((a, b) => a.identity.id - b.identity.id);
  print(options, context, used, () => usedIdentityListText(used, width));
}

export async function get(number: string, options: ClientOptions, context: Context): Promise<void> {
  if (!/^\d+$/.test(number)) {
    throw new WaggleError('MALFORMED', `${JSON.stringify(number)} is not the number of an identity`, {
      hint: 'To look for labels, use waggle identity list -l LABEL',
    });
  }
  const identity = await ask(context, agentOf(options).identity(Number(number)));
  print(options, context, identity, () => identityText(identity));
}

export async function addresses(
  cidr: string | undefined,
  options: ClientOptions,
  context: Context,
): Promise<void> {
  const agent = agentOf(options);
  const [entries, identities] = await ask(context, Promise.all([agent.addresses(cidr), agent.identities()]));
  print(options, context, entries, () =>
    addressListText(entries, identities, styleFor(context.stdout).width),
  );
}
