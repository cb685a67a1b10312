import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Flow } from '../flow.ts';
import { type NameChange, Names } from '../names/names.ts';
import { FlowStore } from '../store/flow-store.ts';
import { packetOf, put, type RecordSpec, recordOf } from '../testing/records.ts';
import { FlowDecoder } from './flow-decoder.ts';

const CHANGES: readonly NameChange[] = [
  { table: 'identity', key: 300, value: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=shop'] },
  { table: 'identity', key: 301, value: ['k8s:app=api'] },
  {
    table: 'endpoint',
    key: 12,
    value: {
      id: 12,
      name: 'shop/web',
      identity: 300,
      addresses: ['10.0.0.1', 'fd00::1'],
      device: { index: 7, name: 'lxc12' },
    },
  },
  {
    table: 'endpoint',
    key: 13,
    value: {
      id: 13,
      name: 'api',
      identity: 301,
      addresses: ['10.0.0.2'],
      device: { index: 8, name: 'lxc13' },
    },
  },
  { table: 'device', key: 2, value: 'eth0' },
  {
    table: 'rule',
    key: 5,
    value: {
      policy: { name: 'no-api', labels: [], file: 'policies/api.yaml', line: 12 },
      direction: 'ingress',
    },
  },
  {
    table: 'rule',
    key: 6,
    value: { policy: { name: 'out', labels: ['k8s:name=out'] }, direction: 'egress' },
  },
];

function decoding() {
  const names = new Names();
  names.apply(CHANGES, 0);
  const store = new FlowStore(0.1);
  const decoder = new FlowDecoder(store, { names, nodeName: 'node-1', wallTime: (time) => time + 1000n });
  return (...specs: RecordSpec[]): Flow => {
    for (const spec of specs) put(store, recordOf(spec));
    return decoder.flowOf(store.last);
  };
}

const SYN = packetOf({
  ...{ source: '10.0.0.1', destination: '10.0.0.2', protocol: 'tcp' },
  ...{ sourcePort: 40_000, destinationPort: 80, flags: 2 },
});
const BACK = packetOf({
  ...{ source: '10.0.0.2', destination: '10.0.0.1', protocol: 'tcp' },
  ...{ sourcePort: 80, destinationPort: 40_000, flags: 0x12 },
});
const WEB = {
  id: 12,
  name: 'web',
  namespace: 'shop',
  identity: 300,
  labels: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=shop'],
};
const API = { id: 13, name: 'api', identity: 301, labels: ['k8s:app=api'] };
const COMMON = {
  kind: 'flow',
  sequence: 1,
  time: 1123n,
  nodeName: 'node-1',
  ethernet: { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' },
  ip: { version: 4, source: '10.0.0.1', destination: '10.0.0.2' },
  l4: { protocol: 'TCP', sourcePort: 40_000, destinationPort: 80, flags: ['SYN'] },
  source: WEB,
  destination: API,
  egressAllowedBy: [],
  ingressAllowedBy: [],
  egressDeniedBy: [],
  ingressDeniedBy: [],
  length: 54,
  malformed: false,
  summary: 'TCP Flags: SYN',
} as const;

describe('a record becomes a flow', () => {
  test('of a drop, in the direction of the policy that refused it', () => {
    const flow = decoding()({
      ...{ time: 123n, type: 1, subtype: 181, towards: 1, reason: 2, interface: 7 },
      ...{ source: 300, destination: 301, cookie: 5, packet: SYN },
    });
    assert.deepEqual(flow, {
      ...COMMON,
      verdict: 'dropped',
      dropReason: 181,
      dropReasonText: 'Policy denied by denylist',
      direction: 'ingress',
      eventType: { type: 1, subtype: 181 },
      interface: { index: 7, name: 'lxc12' },
      ingressDeniedBy: [{ name: 'no-api', labels: [], file: 'policies/api.yaml', line: 12 }],
    });
  });

  test('of a drop without a rule, in the direction that the policy which refused it is about', () => {
    const drop = { ...{ type: 1, subtype: 133, towards: 1, interface: 7 }, packet: SYN };
    const directionOf = (reason: number) => decoding()({ ...drop, reason }).direction;
    assert.deepEqual([0, 1, 2].map(directionOf), ['egress', 'egress', 'ingress']);
  });

  test('of a verdict', () => {
    const flow = decoding()({
      ...{ time: 123n, type: 5, subtype: 1, towards: 1, reason: 2, interface: 7 },
      ...{ source: 300, destination: 301, cookie: 6, packet: SYN },
    });
    assert.deepEqual(flow, {
      ...COMMON,
      verdict: 'forwarded',
      direction: 'egress',
      isReply: false,
      eventType: { type: 5, subtype: 0 },
      policyMatchType: 2,
      interface: { index: 7, name: 'lxc12' },
      egressAllowedBy: [{ name: 'out', labels: ['k8s:name=out'] }],
    });
  });

  test('of a verdict about a packet that goes back: its ends are the packet’s', () => {
    const flow = decoding()({
      ...{ type: 5, subtype: 0, towards: 0, interface: 8, source: 300, destination: 301, packet: BACK },
    });
    assert.deepEqual([flow.source.id, flow.destination.id], [13, 12]);
    assert.deepEqual([flow.source.identity, flow.destination.identity], [301, 300]);
    assert.deepEqual([flow.verdict, flow.dropReason, flow.direction], ['dropped', 133, 'ingress']);
    assert.equal(flow.isReply, undefined);
  });

  test('of other verdicts: redirected, audited', () => {
    const decode = decoding();
    const verdict = { type: 5, packet: SYN };
    const redirect = decode({ ...verdict, subtype: 2, proxyPort: 15_000 });
    assert.deepEqual([redirect.verdict, redirect.proxyPort], ['redirected', 15_000]);
    assert.equal(decode({ ...verdict, subtype: 1, audit: 1 }).verdict, 'audit');
    assert.equal(decode({ ...verdict, subtype: 0, cookie: 5 }).dropReason, 181);
  });

  test('of a trace, each way, seen from either end', () => {
    const decode = decoding();
    const trace = (subtype: number, device: number, reason: number, packet: Uint8Array) =>
      decode({ type: 4, subtype, interface: device, reason, packet, cookie: 6, responderCookie: 0 });
    const seen = [
      trace(0, 8, 0, SYN),
      trace(3, 7, 1, SYN),
      trace(0, 7, 2, BACK),
      trace(3, 8, 2, BACK),
      trace(0, 8, 5, SYN),
    ].map(({ direction, isReply, tracePoint }) => [tracePoint, direction, isReply]);
    assert.deepEqual(seen, [
      [0, 'ingress', false],
      [3, 'egress', false],
      [0, 'egress', true],
      [3, 'ingress', true],
      [0, undefined, undefined],
    ]);
    assert.deepEqual(
      trace(0, 8, 0, SYN).egressAllowedBy.map(({ name }) => name),
      ['out'],
    );
  });

  test('of a trace at a device, for the host', () => {
    const decode = decoding();
    const at = (subtype: number, reason: number) =>
      decode({ type: 4, subtype, reason, interface: 2, packet: SYN });
    assert.deepEqual(
      [at(11, 0), at(10, 0), at(11, 2), at(10, 2)].map(({ direction }) => direction),
      ['egress', 'ingress', 'ingress', 'egress'],
    );
    assert.deepEqual(at(11, 0).interface, { index: 2, name: 'eth0' });
  });

  test('of a packet whose source was translated', () => {
    const flow = decoding()({
      ...{ type: 4, subtype: 11, interface: 2, originalSource: [0, 0, 0xffff, 0x0a00_0001] },
      packet: packetOf({ source: '203.0.113.7', destination: '198.51.100.1', protocol: 'udp' }),
    });
    assert.deepEqual(flow.ip, {
      version: 4,
      source: '10.0.0.1',
      sourceTranslated: '203.0.113.7',
      destination: '198.51.100.1',
    });
    assert.equal(flow.source.id, 12);
  });

  test('of IPv6, ICMP, SCTP, and what is none of them', () => {
    const decode = decoding();
    const ipv6 = packetOf({ source: 'fd00::1', destination: 'fd00::9', protocol: 'icmp', type: 128 });
    const flow = decode({ packet: ipv6 });
    assert.deepEqual(
      [flow.ip?.version, flow.l4, flow.summary],
      [6, { protocol: 'ICMPv6', type: 128, code: 0 }, 'ICMPv6 EchoRequest'],
    );
    assert.equal(flow.source.name, 'web');
    const sctp = packetOf({ source: '10.0.0.1', destination: '10.0.0.2', protocol: 'sctp', sourcePort: 9 });
    assert.deepEqual(decode({ packet: sctp }).l4, {
      ...{ protocol: 'SCTP', sourcePort: 9, destinationPort: 0, chunk: 1 },
    });
    assert.equal(
      decode({ packet: Uint8Array.from([...SYN.slice(0, 12), 0x88, 0xcc]) }).summary,
      'EtherType 0x88cc',
    );
  });

  test('cut off anywhere: what can be read is there, and it is called malformed', () => {
    const decode = decoding();
    for (let length = 0; length < SYN.length; length++) {
      const flow = decode({ packet: SYN.subarray(0, length) });
      assert.equal(flow.malformed, true);
      assert.equal(flow.l4, undefined);
      assert.equal(flow.ip?.source, length < 34 ? undefined : '10.0.0.1');
    }
    assert.equal(decode({ packet: SYN }).malformed, false);
  });

  test('whatever its bytes are', () => {
    const decode = decoding();
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 128, maxLength: 128 }),
        fc.nat(255),
        fc.nat(65_535),
        (bytes, type, captured) => {
          const flow = decode({
            type,
            subtype: bytes[0] ?? 0,
            reason: bytes[1] ?? 0,
            packet: bytes,
            captured,
          });
          JSON.stringify({ ...flow, time: 0 });
          assert.ok(flow.malformed || flow.ethernet !== undefined);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
