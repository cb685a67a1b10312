/** The agent's status in the field's shape. */
import type { AgentControl, AgentStatus, ControllerStatus } from '../../control.ts';
import type { StatusResponse } from '../models/status.ts';

/** Parts of the agent that have a place of their own in the field's shape. */
const FIELD_SECTIONS = ['kvstore', 'container-runtime', 'kubernetes', 'hubble'] as const;

/** @param brief - Only the agent as a whole. */
export function statusModel(agent: AgentControl, brief: boolean): StatusResponse {
  const status = agent.status();
  const cilium = { state: status.state, msg: status.message };
  if (brief) return { cilium };
  const sections = FIELD_SECTIONS.flatMap((name) => {
    const section = status.sections.find((one) => one.name === name);
    return section ? [[name, { state: section.state, msg: section.message }]] : [];
  });
  return {
    cilium,
    ...Object.fromEntries(sections),
    ipam: ipamStatus(agent),
    masquerading: masquerading(agent),
    // Clients of the field fail without this section. Nothing is encrypted here.
    encryption: { mode: 'Disabled' },
    controllers: status.controllers.map(controllerModel),
    waggle: extension(status),
  };
}

function ipamStatus({ addresses }: AgentControl) {
  const given = addresses.list();
  const { ipv4, ipv6 } = addresses.pools;
  const pools = [ipv4, ipv6].flatMap((pool) => (pool ? [pool.cidr] : []));
  return {
    allocations: Object.fromEntries(given.map(({ address, owner }) => [address, owner])),
    ipv4: given.flatMap(({ address }) => (address.includes(':') ? [] : [address])),
    ipv6: given.flatMap(({ address }) => (address.includes(':') ? [address] : [])),
    status: `${given.length} ${given.length === 1 ? 'address' : 'addresses'} of ${pools.join(' and ') || 'no pool'} given out`,
  };
}

function masquerading(agent: AgentControl) {
  const enabled = agent.devices().some((device) => device.masquerade);
  const { ipv4, ipv6 } = agent.addresses.pools;
  return {
    enabled,
    enabledProtocols: { ipv4: enabled && ipv4 !== undefined, ipv6: enabled && ipv6 !== undefined },
    mode: 'BPF' as const,
  };
}

const controllerModel = (controller: ControllerStatus) => ({
  name: controller.name,
  status: {
    'success-count': controller.successes,
    'failure-count': controller.failures,
    'consecutive-failure-count': controller.consecutiveFailures,
    ...(controller.lastSuccess !== undefined && { 'last-success-timestamp': controller.lastSuccess }),
    ...(controller.lastFailure !== undefined && { 'last-failure-timestamp': controller.lastFailure }),
    ...(controller.lastError !== undefined && { 'last-failure-msg': controller.lastError }),
  },
});

const extension = ({ version, nodeName, started, pid, sections }: AgentStatus) => ({
  version,
  'node-name': nodeName,
  started,
  pid,
  sections: sections.map((section) => ({ ...section })),
});
