/** What the commands of `waggle hubble` do. */
import { type HubbleClient, NodeState } from '@waggle/flows/hubble/client';
import { type Context, ExitCode } from './context.ts';
import { durationText } from './duration.ts';
import { hubbleClient, type ServerOptions } from './hubble-client.ts';
import { styleFor } from './output.ts';
import { type OutputOptions, print } from './print.ts';
import { withProgress } from './progress.ts';
import { factsText, table } from './table.ts';

export interface HubbleOptions extends ServerOptions, OutputOptions {}

/** Asks the server. */
async function asking<T>(
  options: HubbleOptions,
  context: Context,
  ask: (client: HubbleClient) => Promise<T>,
): Promise<T> {
  using client = hubbleClient(options);
  return await withProgress(context, 'waiting for the server', ask(client));
}

export async function status(options: HubbleOptions, context: Context): Promise<void> {
  const [healthy, answer] = await asking(options, context, async (client) => [
    await client.isHealthy(),
    await client.status(),
  ]);
  const uptime = Number(answer.uptimeNs / 1_000_000n);
  const value = {
    healthy,
    version: answer.version,
    flows: Number(answer.numFlows),
    maxFlows: Number(answer.maxFlows),
    seenFlows: Number(answer.seenFlows),
    flowsPerSecond: answer.flowsRate,
    uptimeMilliseconds: uptime,
    ...(answer.numConnectedNodes !== undefined && { connectedNodes: answer.numConnectedNodes }),
    ...(answer.numUnavailableNodes !== undefined && { unavailableNodes: answer.numUnavailableNodes }),
  };
  print(options, context, value, () => {
    const style = styleFor(context.stdout);
    const { flows, maxFlows, seenFlows, flowsPerSecond, connectedNodes, unavailableNodes } = value;
    const percent = maxFlows === 0 ? '' : ` (${((flows * 100) / maxFlows).toFixed(1)} %)`;
    const facts: [string, string][] = [
      ['health', healthy ? 'serves' : style.paint('red', 'does not serve')],
      ['version', answer.version],
      ['flows', `${flows} of ${maxFlows}${percent}`],
      ['seen', `${seenFlows}, ${flowsPerSecond.toFixed(1)} a second over the last minute`],
      ['up for', durationText(uptime)],
    ];
    if (connectedNodes !== undefined)
      facts.push(['nodes', `${connectedNodes} connected, ${unavailableNodes ?? 0} unavailable`]);
    return factsText(facts, style.width);
  });
  if (!healthy) context.exitCode = ExitCode.failure;
}

const STATES: Readonly<Record<NodeState, string>> = {
  [NodeState.UNKNOWN_NODE_STATE]: 'unknown',
  [NodeState.NODE_CONNECTED]: 'connected',
  [NodeState.NODE_UNAVAILABLE]: 'unavailable',
  [NodeState.NODE_GONE]: 'gone',
  [NodeState.NODE_ERROR]: 'error',
};

export async function nodes(options: HubbleOptions, context: Context): Promise<void> {
  const found = await asking(options, context, (client) => client.nodes());
  const value = found.map((node) => ({
    name: node.name,
    state: STATES[node.state],
    version: node.version,
    address: node.address,
    tls: node.tls?.enabled ?? false,
    flows: Number(node.numFlows),
    maxFlows: Number(node.maxFlows),
    seenFlows: Number(node.seenFlows),
    uptimeMilliseconds: Number(node.uptimeNs / 1_000_000n),
  }));
  print(options, context, value, () =>
    table(
      ['NAME', 'STATE', 'ADDRESS', 'TLS', 'FLOWS', 'SEEN', 'UP FOR'],
      value.map(({ name, state, address, tls, flows, seenFlows, uptimeMilliseconds }) => [
        name,
        state,
        address,
        tls ? 'yes' : 'no',
        flows,
        seenFlows,
        durationText(uptimeMilliseconds),
      ]),
    ),
  );
}

export async function namespaces(options: HubbleOptions, context: Context): Promise<void> {
  const found = await asking(options, context, (client) => client.namespaces());
  const value = found.map(({ cluster, namespace }) => ({ cluster, namespace }));
  print(options, context, value, () =>
    value.length === 0
      ? 'no namespace had flows in the last hour\n'
      : table(
          ['NAMESPACE', 'CLUSTER'],
          value.map(({ cluster, namespace }) => [namespace, cluster]),
        ),
  );
}
