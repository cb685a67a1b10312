import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codecOf } from '@waggle/bpf';
import type { DatapathEvent } from '@waggle/datapath';
import { Event } from '@waggle/datapath/events';
import { type Label, PolicyRepository, parseLabel, parsePolicies } from '@waggle/policy';
import type { MonitorEvent } from '../control.ts';
import { AgentNames } from './agent-names.ts';
import { EventFeed } from './event-feed.ts';
import { EventHub } from './hub.ts';
import { type EventNames, monitorEvent } from './monitor-event.ts';

const TIME = '2026-01-01T00:00:00.000001Z';
const ip = {
  version: 4,
  source: '10.0.0.1',
  destination: '10.0.0.2',
  protocol: 6,
  timeToLive: 64,
  trafficClass: 0,
  length: 46,
} as const;
const drop: DatapathEvent = {
  type: 'drop',
  time: TIME,
  interface: 7,
  source: 300,
  destination: 2,
  length: 60,
  data: Uint8Array.of(1, 2, 255),
  packet: { truncated: true, ip },
  reason: 181,
  reasonText: 'Policy denied by denylist',
  direction: 'ingress',
  cookie: 5,
};
const names: EventNames = {
  endpointAt: (device) => (device === 7 ? { id: 12, name: 'web' } : undefined),
  endpointOf: (address) => {
    if (address === '10.0.0.2') return { id: 12, name: 'web' };
    return address === '10.0.0.1' ? { id: 13, name: 'client' } : undefined;
  },
  deviceAt: (index) => (index === 2 ? 'eth0' : undefined),
  labelsOf: (identity) => (identity === 300 ? ['k8s:app=web'] : undefined),
  ruleOf: (cookie) => (cookie === 5 ? 'no-web' : undefined),
};

describe('an event with names', () => {
  test('of a drop', () => {
    const { cookie, interface: device, length, reason, reasonText, direction, packet } = drop;
    assert.deepEqual(monitorEvent(drop, names), {
      ...{
        type: 'drop',
        time: TIME,
        interface: device,
        length,
        packet,
        reason,
        reasonText,
        direction,
        cookie,
      },
      endpoint: { id: 12, name: 'web' },
      source: { identity: 300, labels: ['k8s:app=web'], endpoint: { id: 13, name: 'client' } },
      destination: { identity: 2, endpoint: { id: 12, name: 'web' } },
      rule: 'no-web',
      data: '0102ff',
    });
  });

  test('of a trace, which two rules may have let pass', () => {
    const { reason: _, reasonText: __, direction: ___, cookie: ____, ...common } = drop;
    const event = monitorEvent(
      {
        ...{ ...common, type: 'trace', interface: 2, point: 'to-network', state: 'new' },
        ...{ egressCookie: 5, ingressCookie: 6, audited: false },
      },
      names,
    );
    assert.deepEqual([event.device, event.endpoint], ['eth0', undefined]);
    assert.deepEqual([event.egressRule, event.ingressRule], ['no-web', undefined]);
  });
});

test('a verdict is about who began, and who answers', () => {
  const { reason: _, reasonText: __, ...common } = drop;
  const verdict: DatapathEvent = {
    ...common,
    type: 'policy-verdict',
    action: 'deny',
    remote: 300,
    match: 'L3-L4',
    audited: false,
    protocol: 6,
    port: 80,
  };
  const endsOf = (event: DatapathEvent) => {
    const { source, destination } = monitorEvent(event, names);
    return [source.endpoint?.id, destination.endpoint?.id];
  };
  const back = { ...ip, source: ip.destination, destination: ip.source };
  assert.deepEqual(endsOf(verdict), [13, 12]);
  assert.deepEqual(endsOf({ ...verdict, direction: 'egress' }), [12, 13]);
  assert.deepEqual(endsOf({ ...verdict, packet: { ip: back, truncated: false } }), [13, 12]);
});

test('names are those of the agent’s parts, and asked for once a second', () => {
  const repository = new PolicyRepository();
  repository.setIdentity({ id: 300, labels: [parseLabel('k8s:app=web')] });
  repository.add(
    parsePolicies(`
- endpointSelector: { matchLabels: { app: web } }
  labels: [{ key: name, value: web }]
  ingress: [{ fromEntities: [all] }]`).rules,
  );
  const [cookie = 0] = repository.resolve(300).entries.flatMap(({ cookies }) => cookies);
  let now = 0;
  const device = { interfaceIndex: 7, interfaceName: 'lxc7' };
  let endpoints = [{ id: 1, name: 'web', device, addresses: { ipv4: '10.0.0.1' } }];
  const labels = new Map<number, Label[]>([[300, [parseLabel('k8s:app=web')]]]);
  let asked = 0;
  const known = new AgentNames(
    {
      endpoints: () => endpoints,
      devices: () => [{ name: 'eth0', index: 2 }],
      identity: (id) => {
        asked++;
        const found = labels.get(id);
        return found && { labels: found };
      },
      repository: () => repository,
    },
    () => now,
  );
  assert.deepEqual(known.endpointAt(7), { id: 1, name: 'web' });
  assert.deepEqual([known.deviceAt(2), known.deviceAt(7)], ['eth0', 'lxc7']);
  assert.deepEqual([known.endpointOf('10.0.0.1')?.id, known.endpointOf('10.0.0.2')], [1, undefined]);
  assert.match(known.ruleOf(cookie) ?? '', /^web/);
  assert.equal(known.ruleOf(9999), undefined);
  for (let turn = 0; turn < 5; turn++) assert.deepEqual(known.labelsOf(300), ['k8s:app=web']);
  for (let turn = 0; turn < 5; turn++) assert.equal(known.labelsOf(301), undefined);
  assert.equal(asked, 2);
  endpoints = [];
  labels.set(301, []);
  now = 1500;
  assert.deepEqual(known.labelsOf(301), []);
  assert.deepEqual(known.endpointAt(7), { id: 1, name: 'web' }, 'its last events may still come');
  endpoints = [{ id: 2, name: 'other', device, addresses: { ipv4: '10.0.0.2' } }];
  now = 3000;
  assert.deepEqual(known.endpointAt(7), { id: 2, name: 'other' });
});

test('the feed makes events of records, and tells those who follow', () => {
  const followed: boolean[] = [];
  const hub = new EventHub((on) => followed.push(on));
  const feed = new EventFeed(hub, names);
  const told: MonitorEvent[] = [];
  const following = hub.follow((event) => told.push(event));
  const second = hub.follow(() => {});
  const record = codecOf(Event).encode({
    ...{ time: 0n, type: 1, subtype: 181, towards: 0, reason: 0, interface: 7, source: 300, destination: 2 },
    ...{ cookie: 5, responderCookie: 0, originalSource: [0, 0, 0, 0], port: 0, proxyPort: 0, protocol: 0 },
    ...{ audit: 0, captured: 0, length: 60, data: new Uint8Array(128) },
  });
  feed.tell(Buffer.concat([record, record]));
  feed.tellLost({ full: 0, limited: 4 });
  assert.deepEqual(
    told.map(({ type, rule, reason, count }) => [type, rule ?? reason, count]),
    [
      ['drop', 'no-web', undefined],
      ['drop', 'no-web', undefined],
      ['lost', 'rate-limit', 4],
    ],
  );
  following[Symbol.dispose]();
  assert.deepEqual(followed, [true]);
  second[Symbol.dispose]();
  second[Symbol.dispose]();
  assert.deepEqual(followed, [true, false]);
});
