import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  MonitorEvent,
  NamedDrop,
  NamedEvent,
  NamedTrace,
  NamedVerdict,
  Packet,
} from '@waggle/agent/client';
import { isWanted } from './monitor-filter.ts';
import { monitorText } from './monitor-text.ts';
import { styleFor } from './output.ts';
import { hexLines, packetLine } from './packet-text.ts';

const style = styleFor({ columns: 80 }, { LANG: 'C' });
const text = (event: MonitorEvent | NamedEvent, options = {}) => monitorText({ ...event }, options, style);

const ip = {
  version: 4,
  source: '10.0.0.1',
  destination: '10.0.0.2',
  protocol: 6,
  timeToLive: 64,
  trafficClass: 0,
  length: 46,
} as const;
const ip6 = { ...ip, version: 6, source: '2001:db8::1', destination: '2001:db8::2' } as const;
const ports = { sourcePort: 3123, destinationPort: 8080 };
const tcp = { ...ports, sequence: 1, acknowledgement: 0, flags: ['SYN'], window: 100 } as const;
const packet: Packet = {
  ethernet: { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02', type: 0x800 },
  ip,
  tcp: { ...tcp, options: { maximumSegment: 1460, timestamps: { value: 1, echo: 2 } } },
  truncated: false,
};
const common = {
  time: '2026-01-01T12:34:56.000001Z',
  interface: 7,
  device: 'lxc12',
  endpoint: { id: 12, name: 'web' },
  source: { identity: 300, labels: ['k8s:app=client', 'k8s:team=a'], endpoint: { id: 11, name: 'client' } },
  destination: { identity: 301, endpoint: { id: 12, name: 'web' } },
  length: 60,
  data: '0a41ff',
  packet,
};
const drop: NamedDrop = {
  ...common,
  type: 'drop',
  reason: 133,
  reasonText: 'Policy denied',
  direction: 'ingress',
  cookie: 0,
};
const verdict: NamedVerdict = {
  ...common,
  type: 'policy-verdict',
  direction: 'ingress',
  action: 'allow',
  remote: 300,
  match: 'L3-L4',
  audited: false,
  cookie: 5,
  protocol: 6,
  port: 8080,
  rule: 'backend (web.yaml:3)',
};
const trace: NamedTrace = {
  ...common,
  type: 'trace',
  point: 'to-endpoint',
  state: 'new',
  egressCookie: 0,
  ingressCookie: 5,
  audited: false,
  originalSource: '10.0.0.1',
  ingressRule: 'backend',
};

describe('an event in a line', () => {
  test('of a drop', () => {
    assert.equal(
      text(drop),
      '12:34:56.000001 xx drop (Policy denied) ingress endpoint 12, ifindex lxc12, identity 300->301: 10.0.0.1:3123 -> 10.0.0.2:8080 tcp SYN\n',
    );
    assert.match(text({ ...drop, refusedBy: 'egress' }), /tcp SYN, refused by egress policy\n$/);
    assert.match(text({ ...drop, rule: 'no-web' }), /tcp SYN, by rule no-web\n$/);
  });

  test('of a verdict', () => {
    assert.equal(
      text(verdict),
      '12:34:56.000001 Policy verdict log: endpoint 12, remote identity 300, proto 6, ingress, action allow, match L3-L4, 10.0.0.1:3123 -> 10.0.0.2:8080 tcp SYN, by rule backend (web.yaml:3)\n',
    );
    assert.match(text({ ...verdict, audited: true }), /action audit, match/);
    assert.match(
      text({ ...verdict, action: 'redirect', proxyPort: 15_000 }),
      /action redirect to port 15000,/,
    );
  });

  test('of a packet that was seen', () => {
    assert.equal(
      text(trace),
      '12:34:56.000001 -> endpoint 12 flow, identity 300->301 state new ifindex lxc12: 10.0.0.1:3123 -> 10.0.0.2:8080 tcp SYN\n',
    );
    const { endpoint: _, device: __, ...elsewhere } = trace;
    const masqueraded: NamedTrace = { ...elsewhere, point: 'to-network', originalSource: '10.0.0.9' };
    assert.match(text(masqueraded), /-> network flow, .* ifindex 7 orig-ip 10\.0\.0\.9: /);
    assert.match(text({ ...trace, point: 'from-endpoint' }), / <- endpoint 12 flow/);
  });

  test('of the agent, and of what was lost', () => {
    const { time } = common;
    assert.equal(
      text({ type: 'agent', time, event: 'endpoint-created', message: 'Endpoint web created', endpoint: 12 }),
      '12:34:56.000001 >> Endpoint web created: {"endpoint":12}\n',
    );
    assert.equal(
      text({ type: 'lost', time, source: 'kernel', reason: 'rate-limit', count: 7 }),
      '12:34:56.000001 Lost 7 events (rate-limit)\n',
    );
    assert.match(text({ type: 'lost', time, source: 'api', count: 7 }), /Lost 7 events \(by api\)/);
  });
});

test('more of an event, for those who ask', () => {
  assert.deepEqual(text(trace, { verbose: true, hex: true }).split('\n').slice(1), [
    '    from identity 300 (k8s:app=client, k8s:team=a), endpoint 11 client',
    '    to   identity 301, endpoint 12 web',
    '    ingress allowed by backend',
    '    60 bytes, 3 of them here',
    '    Ethernet  source=02:00:00:00:00:01 destination=02:00:00:00:00:02 type=ethertype 0x0800',
    '    IPv4  source=10.0.0.1 destination=10.0.0.2 protocol=6 timeToLive=64 trafficClass=0 length=46',
    '    TCP  sourcePort=3123 destinationPort=8080 sequence=1 acknowledgement=0 flags=SYN window=100 options={maximumSegment=1460 timestamps={value=1 echo=2}}',
    '    00000000  0a 41 ff                                          |.A.|',
    '',
  ]);
});

test('packets in a line', () => {
  const lines: readonly (readonly [Packet, string])[] = [
    [
      { ip: ip6, udp: { ...ports, length: 8 }, truncated: false },
      '[2001:db8::1]:3123 -> [2001:db8::2]:8080 udp',
    ],
    [{ ip, icmp: { type: 8, code: 0 }, truncated: false }, '10.0.0.1 -> 10.0.0.2 EchoRequest'],
    [{ ip: ip6, icmp: { type: 129, code: 0 }, truncated: false }, '2001:db8::1 -> 2001:db8::2 EchoReply'],
    [
      { ip, icmp: { type: 3, code: 3, about: { ip, tcp, truncated: false } }, truncated: false },
      '10.0.0.1 -> 10.0.0.2 DestinationUnreachable (about 10.0.0.1:3123 -> 10.0.0.2:8080 tcp SYN)',
    ],
    [
      { ip: { ...ip, fragment: { identification: 1, offset: 1480, more: false } }, truncated: false },
      '10.0.0.1 -> 10.0.0.2 fragment at 1480',
    ],
    [{ ip: { ...ip, protocol: 50 }, truncated: false }, '10.0.0.1 -> 10.0.0.2 protocol 50'],
    [{ truncated: true }, '-'],
    [
      { ethernet: { source: 'a', destination: 'b', type: 0x88cc }, truncated: false },
      'a -> b ethertype 0x88cc',
    ],
  ];
  for (const [given, line] of lines) assert.equal(packetLine(given), line);
});

test('bytes in rows', () => {
  const hex = Buffer.from(Array.from({ length: 18 }, (_, index) => index + 60)).toString('hex');
  assert.deepEqual(hexLines(hex), [
    '00000000  3c 3d 3e 3f 40 41 42 43  44 45 46 47 48 49 4a 4b  |<=>?@ABCDEFGHIJK|',
    '00000010  4c 4d                                             |LM|',
  ]);
  assert.deepEqual(hexLines(''), []);
});

test('events are wanted by the endpoints at their ends', () => {
  const { time } = common;
  const agent: MonitorEvent = { type: 'agent', time, endpoint: 12 };
  const lost: MonitorEvent = { type: 'lost', time, count: 1 };
  const cases = [
    [{}, true, true],
    [{ from: [11] }, true, false],
    [{ from: [12] }, false, false],
    [{ to: [12, 13] }, true, false],
    [{ from: [11], to: [13] }, false, false],
    [{ relatedTo: [11] }, true, false],
    [{ relatedTo: [12] }, true, true],
    [{ relatedTo: [14] }, false, false],
  ] as const;
  for (const [filter, ofPacket, ofAgent] of cases) {
    assert.deepEqual(
      [isWanted({ ...drop }, filter), isWanted(agent, filter), isWanted(lost, filter)],
      [ofPacket, ofAgent, true],
      JSON.stringify(filter),
    );
  }
});
