import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DatapathEvent, EventReaderOptions } from '@waggle/datapath';
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

test('the feed tells those who follow, also of what was lost', () => {
  const hub = new EventHub();
  let next = (_: DatapathEvent): void => {};
  let options: EventReaderOptions = {};
  let closed = 0;
  const datapath = {
    readEvents: (given: typeof next, more: EventReaderOptions = {}) => {
      [next, options] = [given, more];
      return { count: 3, lost: { full: 1n, limited: 2n }, close: () => closed++ } as never;
    },
  };
  const counting = { ...names, looked: 0 };
  counting.labelsOf = (identity) => {
    counting.looked++;
    return names.labelsOf(identity);
  };
  const feed = new EventFeed(datapath, hub, counting, (error) => assert.fail(String(error)));
  next(drop);
  assert.equal(counting.looked, 0, 'nobody follows');
  const told: MonitorEvent[] = [];
  using _following = hub.follow((event) => told.push(event));
  next(drop);
  options.onLost?.({ full: 0n, limited: 4n });
  assert.deepEqual(
    told.map(({ type, rule, reason, count }) => [type, rule ?? reason, count]),
    [
      ['drop', 'no-web', undefined],
      ['lost', 'rate-limit', 4],
    ],
  );
  assert.deepEqual(feed.counts, { seen: 3, lost: 3 });
  feed.close();
  assert.equal(closed, 1);
});
