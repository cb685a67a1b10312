/** What `waggle config` does: it asks the agent, and prints what holds now. */
import type { DaemonConfiguration, DaemonConfigurationSpec } from '@waggle/agent/client';
import { nearest, WaggleError } from '@waggle/bpf/messages';
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { parseKeyValues } from './key-value.ts';
import { styleFor } from './output.ts';
import { print } from './print.ts';
import { factsText } from './table.ts';

const ENFORCEMENT = 'PolicyEnforcement';
const MODES = ['default', 'always', 'never'] as const;

export async function config(
  changes: readonly string[],
  options: ClientOptions,
  context: Context,
): Promise<void> {
  const agent = agentOf(options);
  const before = await ask(context, agent.config());
  const found =
    changes.length === 0 ? before : await ask(context, agent.changeConfig(changeOf(changes, before)));
  print(options, context, found, () => configText(found, styleFor(context.stdout).width));
}

/** What is to be changed; other options than the agent has are refused here, where the nearest is known. */
function changeOf(changes: readonly string[], { spec }: DaemonConfiguration): DaemonConfigurationSpec {
  const known = [ENFORCEMENT, ...Object.keys(spec.options ?? {})];
  const wanted = Object.entries(parseKeyValues(changes)).map(([name, value]): [string, string] => {
    const exact = known.find((option) => option.toLowerCase() === name.toLowerCase());
    if (exact !== undefined) return [exact, value];
    const meant = nearest(name, known);
    throw new WaggleError('NOT_FOUND', `There is no option ${name} that can be changed`, {
      hint: meant === undefined ? `There are ${known.join(', ')}` : `Did you mean ${meant}?`,
    });
  });
  const enforcement = wanted.find(([name]) => name === ENFORCEMENT)?.[1];
  const others = wanted.filter(([name]) => name !== ENFORCEMENT);
  return {
    ...(others.length > 0 && { options: Object.fromEntries(others) }),
    ...(enforcement !== undefined && { 'policy-enforcement': modeOf(enforcement) }),
  };
}

function modeOf(text: string): (typeof MODES)[number] {
  const mode = MODES.find((one) => one === text);
  if (mode !== undefined) return mode;
  throw new WaggleError('MALFORMED', `${JSON.stringify(text)} is no mode of enforcement`, {
    hint: `There are ${MODES.join(', ')}`,
  });
}

/** What can be changed, then what is fixed since the start. */
export function configText({ status }: DaemonConfiguration, width: number): string {
  const { realized, immutable } = status;
  const mutable = [
    [ENFORCEMENT, realized['policy-enforcement'] ?? 'default'],
    ...Object.entries(realized.options ?? {}),
  ].map(([name = '', value = '']) => [name, value] as const);
  const fixed = Object.entries(immutable);
  const rest = fixed.length === 0 ? '' : `\nfixed since the start\n${factsText(fixed, width)}`;
  return `can be changed\n${factsText(mutable, width)}${rest}`;
}
