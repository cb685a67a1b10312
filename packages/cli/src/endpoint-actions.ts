/** What each command of `waggle endpoint` does: it asks the agent, prints, and ends. */
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import { type Context, ExitCode } from './context.ts';
import { endpointId } from './endpoint-id.ts';
import { endpointListText, endpointText, healthText, labelsText, logText } from './endpoint-text.ts';
import { changeLabels, type LabelChange } from './label-change.ts';
import { styleFor } from './output.ts';
import { print } from './print.ts';

export interface EndpointListOptions extends ClientOptions {
  readonly label?: readonly string[];
}

export type EndpointLabelOptions = ClientOptions & LabelChange;

export async function list(options: EndpointListOptions, context: Context): Promise<void> {
  const labels = options.label ?? [];
  const endpoints = await ask(context, agentOf(options).endpoints(labels));
  print(options, context, endpoints, () =>
    endpointListText(endpoints, labels, styleFor(context.stdout).width),
  );
}

export async function get(name: string, options: ClientOptions, context: Context): Promise<void> {
  const endpoint = await ask(context, agentOf(options).endpoint(endpointId(name)));
  print(options, context, endpoint, () => endpointText(endpoint, styleFor(context.stdout)));
}

export async function log(name: string, options: ClientOptions, context: Context): Promise<void> {
  const newestFirst = await ask(context, agentOf(options).endpointLog(endpointId(name)));
  const lines = newestFirst.toReversed();
  print(options, context, lines, () => logText(lines, styleFor(context.stdout).width));
}

export async function labels(name: string, options: EndpointLabelOptions, context: Context): Promise<void> {
  const agent = agentOf(options);
  const id = endpointId(name);
  const before = await ask(context, agent.endpointLabels(id));
  const isChange = options.add !== undefined || options.delete !== undefined;
  if (isChange) {
    const wanted = changeLabels(before.spec.user ?? [], options);
    await ask(context, agent.setEndpointLabels(id, wanted));
  }
  const now = isChange ? await ask(context, agent.endpointLabels(id)) : before;
  print(options, context, now, () => labelsText(now, styleFor(context.stdout).width));
}

export async function health(name: string, options: ClientOptions, context: Context): Promise<void> {
  const found = await ask(context, agentOf(options).endpointHealth(endpointId(name)));
  if (found.overallHealth !== 'OK') context.exitCode = ExitCode.failure;
  print(options, context, found, () => healthText(found));
}

export async function regenerate(name: string, options: ClientOptions, context: Context): Promise<void> {
  const agent = agentOf(options);
  const id = endpointId(name);
  await ask(context, agent.regenerateEndpoint(id));
  const endpoint = await ask(context, agent.endpoint(id));
  const revision = endpoint.status.policy.realized['policy-revision'];
  print(
    options,
    context,
    endpoint,
    () => `the policy of ${endpoint.status.waggle.name} was written anew; it is at revision ${revision}\n`,
  );
}

export async function remove(
  names: readonly string[],
  options: ClientOptions,
  context: Context,
): Promise<void> {
  const agent = agentOf(options);
  const deleted: string[] = [];
  for (const name of names) {
    await ask(context, agent.deleteEndpoint(endpointId(name)));
    deleted.push(name);
    if (options.output === 'table') context.stdout.write(`deleted endpoint ${name}\n`);
  }
  if (options.output !== 'table') print(options, context, { deleted }, () => '');
}
