/** What an agent can be asked, answered from its parts. */
import { hostPrefix } from '@waggle/kernel';
import { formatLabel, hasLabels, type Identity, narrowestCidr, parseLabel } from '@waggle/policy';
import { listAddresses } from './addresses/index.ts';
import type { Agent } from './agent.ts';
import { metricViews } from './agent-metrics.ts';
import type {
  AgentControl,
  AgentStatus,
  ConfigView,
  EventControl,
  IdentityView,
  PeerView,
} from './control.ts';
import { mapListing, mapViews } from './host/maps.ts';
import { overallState, type StatusFacts, statusSections } from './status.ts';
import { agentVersion } from './version.ts';

/** The contract over an agent. */
export function controlOf(agent: Agent, events: EventControl): AgentControl {
  const { datapath, options } = agent;
  return {
    status: () => status(agent),
    config: () => config(agent),
    setConfig: (change) => {
      agent.setConfig(change);
      return config(agent);
    },
    endpoints: agent.endpoints,
    identities: (labels) => identities(agent, labels),
    identity: (id) => identityView(agent, agent.identities.get(id)),
    addresses: agent.addresses,
    peers: (cidr) => peers(agent, cidr),
    policy: agent.policies,
    maps: {
      list: () => mapViews(datapath, options.pins),
      get: (name, limit) => mapListing(datapath, options.pins, name, limit),
    },
    metrics: () => metricViews(agent),
    events,
    devices: () => agent.devices(),
    confirm: (device) => agent.confirmDevice(device),
    saved: () => agent.store.flush().catch(() => {}),
  };
}

function status(agent: Agent): AgentStatus {
  const facts = factsOf(agent);
  const sections = statusSections(facts);
  return {
    ...overallState(sections),
    version: agentVersion(),
    nodeName: agent.options['node-name'],
    started: agent.started,
    pid: process.pid,
    sections,
    controllers: facts.controllers,
  };
}

function factsOf(agent: Agent): StatusFacts {
  const { options, identities, repository, config, directoryProblem } = agent;
  const endpoints = [...agent.endpoints.table];
  const used = new Set(endpoints.map(({ identity }) => identity));
  return {
    datapath: { connections: options['max-connections'], pins: options.pins },
    endpoints: endpoints.map(({ state, name, identity }) => {
      const { error, status } = agent.enforcer.realised(identity);
      if (error !== undefined) return { state, problem: `${name}: ${error}` };
      if (status.kind === 'ok') return { state };
      return { state, problem: `${name}: its policy has a problem (${status.kind}), and is not in force` };
    }),
    identities: { endpoints: used.size, cidrs: identities.cidrs().size },
    policy: {
      revision: repository.revision,
      rules: agent.book.ruleCount,
      enforcement: config.enforcement,
      audit: config.audit,
      ...(directoryProblem !== undefined && { problem: directoryProblem }),
      withoutProxy: endpoints.filter(({ identity }) => agent.enforcer.needsProxy(identity)).length,
    },
    addresses: agent.addresses.usage(),
    host: { name: agent.host.description, devices: agent.devices() },
    unsaved: agent.store.problems().map(({ error }) => error.message),
    events: agent.eventCounts(),
    controllers: agent.controllers.statuses(),
  };
}

function config({ options, config }: Agent): ConfigView {
  const { enforcement: _, audit: __, 'log-level': ___, ...rest } = options;
  const immutable = Object.entries(rest).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [[name, Array.isArray(value) ? value.join(',') : value] as const];
  });
  return { mutable: config, immutable: Object.fromEntries(immutable) };
}

function identities(agent: Agent, labels: readonly string[] = []): IdentityView[] {
  const wanted = labels.map((label) => parseLabel(label));
  return agent.identities
    .list()
    .filter((identity) => hasLabels(identity.labels, wanted))
    .map((identity) => identityView(agent, identity));
}

const identityView = (agent: Agent, { id, labels }: Identity): IdentityView => ({
  id,
  labels: labels.map(formatLabel),
  endpoints: agent.identities.endpointsOf(id).length,
});

function peers(agent: Agent, cidr?: string): PeerView[] {
  const endpoints = [...agent.endpoints.table].flatMap(({ name, identity, addresses }) =>
    listAddresses(addresses).map(
      (address): PeerView => ({ cidr: hostPrefix(address), identity, source: 'endpoint', name }),
    ),
  );
  const all = [...endpoints, ...agent.peers().values()];
  if (cidr === undefined) return all;
  return all.filter((peer) => narrowestCidr([cidr], peer.cidr) !== undefined);
}
