/** Random records of packets between few ends, and random filters over the same few values: so that many match. */
import fc from 'fast-check';
import type { EndFilter, FlowFilter } from '../filter/flow-filter.ts';
import { TCP_FLAGS } from '../flow.ts';
import type { NameChange } from '../names/names.ts';
import { packetOf, recordOf } from './records.ts';

const IPV4 = ['10.0.0.1', '10.0.0.2', '10.0.1.3', '198.51.100.7'];
const IPV6 = ['fd00::1', 'fd00::2', '2001:db8::7', '::1'];
const IDENTITIES = [0, 2, 300, 301, 302];
const PORTS = [53, 80, 8080];
const DEVICES = [0, 2, 7, 8];

/** Names for the above; the second moment changes some of them. */
export const NAME_CHANGES: readonly (readonly NameChange[])[] = [
  [
    { table: 'identity', key: 2, value: ['reserved:world'] },
    { table: 'identity', key: 300, value: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=shop'] },
    { table: 'identity', key: 301, value: ['k8s:app=api', 'k8s:env=test'] },
    { table: 'endpoint', key: 1, value: endpoint(1, 'shop/web-1', 300, ['10.0.0.1', 'fd00::1'], 7) },
    { table: 'endpoint', key: 2, value: endpoint(2, 'api', 301, ['10.0.0.2', 'fd00::2'], 8) },
    { table: 'device', key: 2, value: 'eth0' },
  ],
  [
    { table: 'identity', key: 301, value: ['k8s:app=api', 'k8s:env=production'] },
    { table: 'endpoint', key: 2, value: null },
    { table: 'endpoint', key: 3, value: endpoint(3, 'web-3', 302, ['10.0.0.2'], 8) },
  ],
];

function endpoint(id: number, name: string, identity: number, addresses: string[], index: number) {
  return { id, name, identity, addresses, device: { index, name: `lxc${index}` } };
}

const packet = fc
  .record({
    ends: fc.oneof(fc.tuple(pick(IPV4), pick(IPV4)), fc.tuple(pick(IPV6), pick(IPV6))),
    protocol: fc.constantFrom('tcp', 'udp', 'sctp', 'icmp'),
    sourcePort: pick(PORTS),
    destinationPort: pick(PORTS),
    flags: fc.nat(255),
    type: fc.constantFrom(0, 3, 8, 128, 129),
    keep: fc.nat(100),
    vlan: fc.nat(7),
    noise: fc.option(fc.tuple(fc.nat(53), fc.nat(255)), { freq: 8 }),
  })
  .map(({ ends: [source, destination], keep, vlan, noise, ...rest }) => {
    let bytes = packetOf({ source, destination, ...rest });
    if (vlan === 0) bytes = Uint8Array.from([...bytes.slice(0, 12), 0x81, 0, 0, 5, ...bytes.slice(12)]);
    if (noise && noise[0] < bytes.length) bytes[noise[0]] = noise[1];
    return keep < 60 ? bytes.subarray(0, keep) : bytes;
  });

/** Records; `time` is from 0 to 99. */
export const record = fc
  .record({
    time: fc.bigInt(0n, 99n),
    kind: fc.constantFrom('drop', 'trace', 'verdict', 'other'),
    drop: fc.constantFrom(132, 133, 181),
    point: fc.constantFrom(0, 3, 5, 10, 11),
    action: fc.nat(2),
    towards: fc.nat(1),
    reason: fc.constantFrom(0, 1, 2, 3, 5),
    interface: pick(DEVICES),
    source: pick(IDENTITIES),
    destination: pick(IDENTITIES),
    cookie: fc.nat(2),
    audit: fc.nat(1),
    original: fc.option(fc.constantFrom(0x0a00_0001, 0x0a00_0002), { freq: 3 }),
    packet,
  })
  .map(({ kind, drop, point, action, original, ...fields }) =>
    recordOf({
      ...fields,
      type: { drop: 1, trace: 4, verdict: 5, other: 99 }[kind],
      subtype: { drop, trace: point, verdict: action, other: 0 }[kind],
      ...(original !== null && kind === 'trace' && { originalSource: [0, 0, 0xffff, original] }),
    }),
  );

function pick<T>(values: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values);
}

const some = <T>(values: readonly T[]) => fc.array(pick(values), { maxLength: 2 });
const prefixes = [
  '10.0.0.1',
  '10.0.0.0/24',
  '10.0.0.0/8',
  '0.0.0.0/0',
  'fd00::/16',
  '::/0',
  '::1',
  'fd00::2',
];

const end: fc.Arbitrary<EndFilter> = fc.record(
  {
    ip: some(prefixes),
    ipTranslated: some(prefixes),
    pod: some(['shop/web', 'shop/', 'api', 'web', 'default/', '/web', 'other/web']),
    fqdn: some(['*.example.org']),
    label: some(['app=web', 'k8s:app in (web, api)', '!app', 'env!=test', 'reserved:world', 'env']),
    service: some(['shop/web']),
    workload: fc.constant([]),
    identity: some(IDENTITIES),
    port: some(['53', '80']),
    clusterName: some(['default', 'other']),
  },
  { requiredKeys: [] },
);

/** Filters with a few fields. */
export const filter: fc.Arbitrary<FlowFilter> = fc
  .record(
    {
      source: end,
      destination: end,
      direction: some(['ingress', 'egress'] as const),
      verdict: some(['forwarded', 'dropped', 'audit', 'redirected'] as const),
      dropReason: some([133, 181]),
      interface: some(['eth0', 'lxc7']),
      eventType: some([
        { type: 1 },
        { subtype: 3 },
        { type: 4, subtype: 3 },
        { type: 4 },
        { type: 1, subtype: 181 },
      ]),
      protocol: some(['tcp', 'UDP', 'icmp', 'ICMPv6', 'sctp', 'http']),
      reply: some([true, false]),
      tcpFlags: fc.array(fc.uniqueArray(pick(TCP_FLAGS), { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
      nodeName: some(['node-1', 'default/node-*', 'other/', 'n*']),
      nodeLabels: some(['zone=a', '!zone']),
      ipVersion: some([0, 4, 6] as const),
      encrypted: some([true, false]),
      uuid: some(['x']),
    },
    { requiredKeys: [] },
  )
  .chain((full) =>
    fc.subarray(Object.entries(full), { maxLength: 3 }).map((few): FlowFilter => Object.fromEntries(few)),
  );
