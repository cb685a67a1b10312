/** The agent as a process: its parts, the API to them, and an end that leaves everything in force. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { FlowWorker } from '@waggle/flows';
import { Agent } from './agent.ts';
import { controlOf } from './agent-control.ts';
import { type AgentEvent, NO_EVENTS } from './agent-hooks.ts';
import { serveApi } from './api/server.ts';
import type { AgentControl } from './control.ts';
import { AgentFlows } from './events/agent-flows.ts';
import { EventHub } from './events/hub.ts';
import { type MetricsServer, serveMetrics } from './metrics-server.ts';
import { type AgentOptions, parseListening, socketOf } from './options.ts';

/** An agent that answers. */
export interface RunningAgent extends AsyncDisposable {
  readonly agent: Agent;
  /** Where its API is. */
  readonly socket: string;
  /** Ends it; traffic goes on under what is in the kernel. @throws WaggleError when something could not be saved. */
  stop(): Promise<void>;
}

/**
 * Starts an agent, and serves its API when everything of an earlier run is in force again.
 * @throws WaggleError BUSY when another agent runs; see {@link Agent}. Nothing is left behind then.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  // The thread loads what it needs while the agent opens its parts.
  const worker = new FlowWorker();
  let flows: AgentFlows | undefined;
  // What the agent does before there is somebody to tell: it starts.
  const early: AgentEvent[] = [];
  let agent: Agent | undefined;
  const hub = new EventHub((isFollowed) => worker.watch(isFollowed));
  try {
    agent = new Agent(options, {
      onEvent: (event) => {
        hub.publish({ type: 'agent', time: new Date().toISOString(), ...event });
        if (flows) flows.agentDid(event);
        else early.push(event);
      },
      eventCounts: () => flows?.counts ?? NO_EVENTS,
    });
    flows = new AgentFlows(agent, hub, worker);
    for (const event of early.splice(0)) flows.agentDid(event);
    return await serve(agent, hub, flows);
  } catch (error) {
    await (flows ?? worker).close();
    await agent?.stop();
    throw error;
  }
}

/** Serves what can be asked of an agent. Nothing of that is left when it fails. */
async function serve(agent: Agent, hub: EventHub, flows: AgentFlows): Promise<RunningAgent> {
  const { options } = agent;
  const socket = socketOf(options);
  mkdirSync(dirname(socket), { recursive: true, mode: 0o755 });
  const control = controlOf(agent, hub);
  await flows.ready;
  const metrics = await openMetrics(agent, flows, control);
  try {
    const server = await serveApi({
      agent: control,
      socket,
      ...(options['socket-group'] !== undefined && { group: options['socket-group'] }),
      onFailure: (error, request) => agent.log.error({ ...request, error }, 'A request failed'),
    });
    agent.log.info({ socket }, 'Serving the API');
    const stop = async (): Promise<void> => {
      await server.close();
      await metrics?.close();
      await flows.close();
      await agent.stop();
    };
    return { agent, socket, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await metrics?.close();
    throw error;
  }
}

/** Serves metrics, if somebody wants them. */
async function openMetrics(
  agent: Agent,
  flows: AgentFlows,
  control: AgentControl,
): Promise<MetricsServer | undefined> {
  const { metrics: address } = agent.options;
  if (address === undefined) return undefined;
  const server = await serveMetrics({
    ...parseListening(address),
    metrics: () => control.metrics(),
    flowMetrics: () => flows.metrics(),
    onFailure: (error) => agent.log.error({ error }, 'Metrics were asked for, and could not be had'),
  });
  agent.log.info({ address, port: server.port }, 'Serving metrics');
  return server;
}

/** Runs an agent until this process is asked to end (SIGINT, SIGTERM). */
export async function runAgent(options: AgentOptions): Promise<void> {
  const running = await startAgent(options);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await running.stop();
}
