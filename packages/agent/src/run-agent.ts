/** The agent as a process: its parts, the API to them, and an end that leaves everything in force. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Agent } from './agent.ts';
import { controlOf } from './agent-control.ts';
import { serveApi } from './api/server.ts';
import { AgentNames } from './events/agent-names.ts';
import { EventFeed } from './events/event-feed.ts';
import { EventHub } from './events/hub.ts';
import { type AgentOptions, socketOf } from './options.ts';

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
  const hub = new EventHub();
  let feed: EventFeed | undefined;
  const agent = new Agent(options, {
    onEvent: (event) => hub.publish({ type: 'agent', time: new Date().toISOString(), ...event }),
    eventCounts: () => feed?.counts ?? { seen: 0, lost: 0 },
  });
  try {
    feed = new EventFeed(agent.datapath, hub, namesOf(agent), (error) =>
      agent.log.error({ error }, 'An event could not be told'),
    );
    const socket = socketOf(options);
    mkdirSync(dirname(socket), { recursive: true, mode: 0o755 });
    const server = await serveApi({
      agent: controlOf(agent, hub),
      socket,
      ...(options['socket-group'] !== undefined && { group: options['socket-group'] }),
      onFailure: (error, request) => agent.log.error({ ...request, error }, 'A request failed'),
    });
    agent.log.info({ socket }, 'Serving the API');
    const stop = async (): Promise<void> => {
      await server.close();
      feed?.close();
      await agent.stop();
    };
    return { agent, socket, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    feed?.close();
    await agent.stop();
    throw error;
  }
}

/** Names for the numbers in events. */
const namesOf = (agent: Agent): AgentNames =>
  new AgentNames({
    endpoints: () => agent.endpoints.table,
    devices: () => agent.devices(),
    identity: (id) => agent.identities.find(id),
    repository: () => agent.repository,
  });

/** Runs an agent until this process is asked to end (SIGINT, SIGTERM). */
export async function runAgent(options: AgentOptions): Promise<void> {
  const running = await startAgent(options);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await running.stop();
}
