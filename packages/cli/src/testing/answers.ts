/** Answers of an agent, for tests of what commands print of them. */
import type { Endpoint, StatusResponse } from '@waggle/agent/client';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

/** An endpoint that is well. */
export function endpoint(id: number, name: string, status: Partial<Endpoint['status']> = {}): Endpoint {
  return {
    id,
    spec: {},
    status: {
      'external-identifiers': {},
      identity: { id: 1000 + id, labels: [`k8s:app=${name}`], labelsSHA256: 'ab' },
      labels: { realized: {}, 'security-relevant': [`k8s:app=${name}`], derived: [], disabled: [] },
      realized: {},
      networking: {
        addressing: [{ ipv4: `10.1.0.${id}`, ipv6: `fd00::${id}` }],
        mac: '02:00:00:00:00:01',
        'host-mac': '02:00:00:00:00:02',
        'interface-name': `lxc${id}`,
        'interface-index': 10 + id,
      },
      policy: {
        spec: { 'policy-revision': 7, 'policy-enabled': 'ingress' },
        realized: { 'policy-revision': 7, 'policy-enabled': 'ingress' },
      },
      log: [],
      state: 'ready',
      health: { overallHealth: 'OK', bpf: 'OK', policy: 'OK', connected: true },
      namedPorts: [],
      waggle: {
        name,
        created: '2026-03-01T11:00:00.000Z',
        'network-namespace': 4026531840,
        'policy-entries': 3,
        'policy-status': 'ok',
      },
      ...status,
    },
  };
}

/** The status of an agent that is well. */
export const wellStatus: StatusResponse = {
  cilium: { state: 'Ok', msg: 'all is well' },
  controllers: [
    {
      name: 'collect-connections',
      status: {
        'success-count': 12,
        'failure-count': 0,
        'consecutive-failure-count': 0,
        'last-success-timestamp': '2026-03-01T11:59:57Z',
      },
    },
  ],
  ipam: {
    allocations: { '10.1.0.1': 'router', '10.1.0.2': 'endpoint web' },
    ipv4: ['10.1.0.1', '10.1.0.2'],
    ipv6: [],
    status: '2 of 65534',
  },
  waggle: {
    version: '0.1.0',
    'node-name': 'lab',
    started: '2026-03-01T09:55:00Z',
    pid: 4711,
    sections: [
      { name: 'Datapath', state: 'Ok', message: '2 endpoints, generation 9' },
      { name: 'Masquerading', state: 'Disabled', message: 'off' },
    ],
  },
};
