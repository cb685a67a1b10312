/** Ports, ICMP types and what proxies check become what the engine is told. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Direction, Port, RuleElement } from './rule.ts';
import { egress, element, ingress, rule } from './testing/bare-rules.ts';

/** Ports as text: `TCP/80`, `UDP/53-60`, `TCP/http`. */
const portTexts = ({ ports }: RuleElement): string[] | undefined =>
  ports?.flatMap(({ ports: each }) => each.map(portText));

function portText(port: Port): string {
  if (port.kind === 'named') return `${port.protocol}/${port.name}`;
  return `${port.protocol}/${port.first}${port.last === port.first ? '' : `-${port.last}`}`;
}

const portsOf = (...ports: unknown[]): string[] | undefined => portTexts(ingress({ toPorts: [{ ports }] }));
suite('ports', () => {
  test('numbers, names, ranges, all', () => {
    assert.deepEqual(portsOf({ port: '80', protocol: 'TCP' }), ['TCP/80']);
    assert.deepEqual(portsOf({ port: 80, protocol: 'tcp' }), ['TCP/80']);
    assert.deepEqual(portsOf({ port: 'HTTP-alt', protocol: 'TCP' }), ['TCP/http-alt']);
    assert.deepEqual(portsOf({ port: '80', endPort: 90, protocol: 'UDP' }), ['UDP/80-90']);
    assert.deepEqual(portsOf({ port: '80', endPort: 0, protocol: 'UDP' }), ['UDP/80']);
    assert.deepEqual(portsOf({ port: '0', protocol: 'SCTP' }), ['SCTP/0-65535']);
    assert.deepEqual(portsOf({ protocol: 'UDP' }), ['UDP/0-65535']);
  });

  test('any protocol is TCP, UDP and SCTP', () => {
    for (const protocol of ['ANY', 'any', '', null]) {
      assert.deepEqual(portsOf({ port: '53', protocol }), ['TCP/53', 'UDP/53', 'SCTP/53']);
    }
    assert.deepEqual(portsOf({ port: 'dns' }), ['TCP/dns', 'UDP/dns', 'SCTP/dns']);
  });

  test('protocols without ports', () => {
    assert.deepEqual(portsOf({ protocol: 'VRRP' }, { protocol: 'IGMP', port: '0' }), [
      'VRRP/0-65535',
      'IGMP/0-65535',
    ]);
  });

  test('the order of entries is kept, and an entry without ports matches nothing', () => {
    const { ports } = ingress({
      toPorts: [{ ports: [{ port: '2', protocol: 'TCP' }] }, {}, { ports: [{ port: '1', protocol: 'TCP' }] }],
    });
    assert.deepEqual(
      ports?.map(({ ports: each }) => each.map(portText)),
      [['TCP/2'], [], ['TCP/1']],
    );
    assert.equal(ports?.[2]?.place.path, 'ingress[0].toPorts[2]');
  });

  test('forty ports are allowed', () => {
    const forty = Array.from({ length: 40 }, (_, i) => ({ port: String(i + 1), protocol: 'TCP' }));
    assert.equal(portsOf(...forty)?.length, 40);
  });

  test('ICMP by number and by name, of either family', () => {
    const fields = [
      { type: 8 },
      { family: 'IPv4', type: 'EchoReply' },
      { family: 'IPv6', type: '128' },
      { family: 'IPv6', type: 'NeighborSolicitation' },
    ];
    assert.deepEqual(portTexts(ingress({ icmps: [{ fields }] })), [
      'ICMP/8',
      'ICMP/0',
      'ICMPv6/128',
      'ICMPv6/135',
    ]);
  });
});

suite('layer 7', () => {
  const l7 = (direction: Direction, entry: Record<string, unknown>): unknown =>
    element(direction, { toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], ...entry }] }).ports?.[0]?.l7;

  test('no rules are no proxy, and an empty list of rules lets all of the protocol pass', () => {
    assert.equal(l7('ingress', {}), undefined);
    assert.equal(l7('ingress', { rules: {} }), undefined);
    assert.deepEqual(l7('ingress', { rules: { http: [] } }), { parser: 'http', http: [] });
    assert.deepEqual(l7('ingress', { rules: { http: [{}] } }), { parser: 'http', http: [{}] });
  });

  test('HTTP', () => {
    const http = [
      {
        path: '/api/v[0-9]+/[[:alpha:]]*',
        method: '(?i)get',
        host: 'example\\.com',
        headers: ['X-Token: 1'],
        headerMatches: [
          { name: 'X-A', value: 'b', mismatch: 'REPLACE', secret: { namespace: 'ns', name: 's' } },
        ],
      },
    ];
    assert.deepEqual(l7('ingress', { rules: { http } }), { parser: 'http', http });
  });

  test('Kafka', () => {
    const kafka = [
      { role: 'Produce', topic: 'orders' },
      { apiKey: 'FETCH', apiVersion: '3', clientID: 'c' },
    ];
    assert.deepEqual(l7('ingress', { rules: { kafka } }), {
      parser: 'kafka',
      kafka: [
        { role: 'produce', topic: 'orders' },
        { apiKey: 'fetch', apiVersion: '3', clientID: 'c' },
      ],
    });
  });

  test('DNS, on any protocol', () => {
    const toPorts = [
      {
        ports: [{ port: '53' }],
        rules: { dns: [{ matchPattern: '*', matchName: 'c' }, { matchName: 'A.b' }] },
      },
    ];
    assert.deepEqual(egress({ toPorts }).ports?.[0]?.l7, {
      parser: 'dns',
      dns: [{ matchName: 'c.' }, { matchPattern: '*' }, { matchName: 'a.b.' }],
    });
  });

  test('protocols of one’s own', () => {
    const rules = { l7proto: 'r2d2', l7: [{ cmd: 'READ', file: 'x' }] };
    assert.deepEqual(l7('egress', { rules }), { parser: 'r2d2', generic: rules.l7 });
    assert.deepEqual(l7('egress', { rules: { l7proto: 'r2d2' } }), { parser: 'r2d2' });
  });

  test('TLS and names of servers', () => {
    const tls = { secret: { name: 's' }, trustedCA: 'ca', certificate: 'c', privateKey: 'k' };
    assert.deepEqual(l7('egress', { serverNames: ['a.b'] }), { parser: 'tls', serverNames: ['a.b'] });
    assert.deepEqual(
      l7('egress', { terminatingTLS: tls, originatingTLS: tls, serverNames: ['a.b'], rules: { http: [{}] } }),
      { parser: 'http', http: [{}], serverNames: ['a.b'], terminatingTls: tls, originatingTls: tls },
    );
  });

  test('listeners', () => {
    assert.deepEqual(l7('egress', { listener: { envoyConfig: { name: 'c' }, name: 'l' } }), {
      parser: 'listener',
      listener: { kind: 'CiliumEnvoyConfig', config: 'c', name: 'l' },
    });
    const listener = {
      envoyConfig: { kind: 'CiliumClusterwideEnvoyConfig', name: 'c' },
      name: 'l',
      priority: 1,
    };
    assert.deepEqual(l7('egress', { listener }), {
      parser: 'listener',
      listener: { kind: 'CiliumClusterwideEnvoyConfig', config: 'c', name: 'l', priority: 1 },
    });
  });

  test('rules on a range of ports, and DNS rules of a policy for nodes', () => {
    const ranged = ingress({
      toPorts: [{ ports: [{ port: '80', endPort: 90, protocol: 'TCP' }], rules: { http: [{}] } }],
    });
    assert.equal(ranged.ports?.[0]?.l7?.parser, 'http');
    const toPorts = [{ ports: [{ port: '53', protocol: 'UDP' }], rules: { dns: [{ matchName: 'a' }] } }];
    const host = rule({ endpointSelector: null, nodeSelector: {}, egress: [{ toPorts }] });
    assert.equal(host.egress?.elements[0]?.ports?.[0]?.l7?.parser, 'dns');
  });
});
