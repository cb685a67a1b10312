/**
 * The agent's side of flows: it has the thread read them, tells it what names mean and what the agent does, and brings events
 * to those who follow them here.
 */
import type { FlowWorker } from '@waggle/flows';
import { formatLabel } from '@waggle/policy';
import type { Agent } from '../agent.ts';
import type { AgentEvent, EventCounts } from '../agent-hooks.ts';
import { type AgentOptions, hubbleOf } from '../options.ts';
import { agentVersion } from '../version.ts';
import { AgentNames } from './agent-names.ts';
import { EventFeed } from './event-feed.ts';
import { flowAgentEvent } from './flow-agent-event.ts';
import type { EventHub } from './hub.ts';
import { NameFeed } from './name-feed.ts';

export class AgentFlows {
  readonly #agent: Agent;
  readonly #worker: FlowWorker;
  readonly #names: NameFeed;

  /** The thread reads, and serves. Rejected with what it failed with. */
  readonly ready: Promise<void>;

  /**
   * @param hub - Where events go, while somebody follows.
   * @param worker - The thread, not started yet; it ends with this.
   */
  constructor(agent: Agent, hub: EventHub, worker: FlowWorker) {
    this.#agent = agent;
    this.#worker = worker;
    const { log, options } = agent;
    const hubble = hubbleOf(options);
    const endpoints = () => agent.endpoints.table;
    const devices = () => agent.devices();
    const feed = new EventFeed(
      hub,
      new AgentNames({
        ...{ endpoints, devices },
        identity: (id) => agent.identities.find(id),
        repository: () => agent.repository,
      }),
    );
    this.ready = worker.start(
      {
        maps: agent.datapath.eventMaps(),
        nodeName: options['node-name'],
        version: agentVersion(),
        nodeLabels: options['host-label'],
        megabytes: options['flow-memory'],
        ...(options['flow-metrics'].length > 0 && { metrics: options['flow-metrics'] }),
        ...(hubble && { hubble }),
        ...(options['export-file'] !== undefined && { export: exportOf(options, options['export-file']) }),
      },
      {
        onRecords: (records) => feed.tell(records),
        onLost: (lost) => feed.tellLost(lost),
        onProblem: (message) => log.error(message),
        onEnd: (error, pause) =>
          log.error(
            { error, pause },
            'The thread of flows has ended, and is started again: its flows are gone',
          ),
        onRestart: () => this.#names.tellAgain(),
      },
    );
    this.#names = new NameFeed(
      {
        ...{ endpoints, devices },
        identities: () => agent.identities.list(),
        rules: () => agent.repository.elements(),
      },
      (changes) => worker.rename(changes),
    );
  }

  /** What became of events. */
  get counts(): EventCounts {
    const { status, restarts, problem } = this.#worker;
    const { seen = 0, stored = 0, capacity = 0, lost } = status ?? {};
    return {
      ...{ seen, stored, capacity },
      lost: (lost?.kernelBuffer ?? 0) + (lost?.kernelRate ?? 0),
      missed: lost?.store ?? 0,
      restarts,
      ...(problem !== undefined && { problem }),
    };
  }

  /** The metrics of flows, in Prometheus' format. @throws WaggleError BUSY */
  metrics(): Promise<string> {
    return this.#worker.metrics();
  }

  /** Whether events are wanted here. */
  watch(on: boolean): void {
    this.#worker.watch(on);
  }

  /** The agent has done something: names may be others now, and those who follow are told. */
  agentDid(event: AgentEvent): void {
    this.#names.changed();
    const labelsOf = (identity: number): readonly string[] =>
      this.#agent.identities.find(identity)?.labels.map(formatLabel) ?? [];
    this.#worker.noteAgentEvent(flowAgentEvent(event, labelsOf));
  }

  /** Ends the thread; what it has not read stays in the kernel for the next one. */
  async close(): Promise<void> {
    this.#names.close();
    await this.#worker.close();
  }
}

const exportOf = (options: AgentOptions, path: string) => ({
  path,
  megabytes: options['export-size'],
  backups: options['export-backups'],
  allow: options['export-allow'],
  deny: options['export-deny'],
  fields: options['export-field'],
});
