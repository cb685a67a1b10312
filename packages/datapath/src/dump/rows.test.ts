import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hton16 } from '@waggle/bpf';
import type { ConnectionView } from '../connection-list.ts';
import type { InstalledEntry } from '../policy-map.ts';
import {
  columnsText,
  connectionRow,
  endpointRows,
  type MapRow,
  metricRow,
  peerRow,
  policyRow,
  translationRow,
} from './rows.ts';

const text = ({ key, value }: MapRow): string => `${columnsText(key)} | ${columnsText(value)}`;

test('entries of policies say which ports', () => {
  const entry: InstalledEntry = {
    direction: 'ingress',
    identity: 300,
    protocol: 6,
    port: 8080,
    portPrefix: 16,
    action: 'allow',
    audit: false,
    cookie: 5,
    proxyPort: 0,
  };
  const port = (change: Partial<InstalledEntry>) => policyRow(301, { ...entry, ...change }).key.port;
  assert.equal(
    text(policyRow(301, entry)),
    'identity=301 direction=ingress peer=300 port=8080/tcp | action=allow cookie=5',
  );
  assert.equal(
    text(policyRow(301, { ...entry, identity: 0, action: 'redirect', proxyPort: 15_000, audit: true })),
    'identity=301 direction=ingress peer=any port=8080/tcp | action=redirect proxyPort=15000 audit=yes cookie=5',
  );
  assert.deepEqual(
    [
      port({ portPrefix: 13 }),
      port({ portPrefix: 0, port: 0, protocol: 17 }),
      port({ protocol: 1, port: 8 }),
      port({ protocol: 0, port: 0, portPrefix: 0 }),
      port({ protocol: 112, port: 0, portPrefix: 0 }),
    ],
    ['8080-8087/tcp', 'any/udp', 'type 8/icmp', 'any', 'any/112'],
  );
});

test('connections say how they are, and which rules let them pass', () => {
  const connection: ConnectionView = {
    protocol: 17,
    source: '2001:db8::1',
    sourcePort: 4000,
    destination: '2001:db8::2',
    destinationPort: 53,
    sourceIdentity: 300,
    destinationIdentity: 301,
    state: 'established',
    secondsLeft: 60,
    egressCookie: 0,
    ingressCookie: 5,
    audit: false,
    current: true,
  };
  assert.equal(
    text(connectionRow(connection)),
    'protocol=udp source=[2001:db8::1]:4000 destination=[2001:db8::2]:53 | state=established expires=60s sourceIdentity=300 destinationIdentity=301 ingressCookie=5',
  );
  assert.match(
    text(connectionRow({ ...connection, secondsLeft: -1, audit: true, current: false })),
    /expires=expired .* audit=yes policy=changed$/,
  );
});

test('prefixes, endpoints and counts', () => {
  assert.equal(text(peerRow({ prefix: '10.0.0.0/8', identity: 2 })), 'prefix=10.0.0.0/8 | identity=2');
  const mac = '02:00:00:00:00:01';
  const spec = { interface: 7, identity: 300, mac };
  assert.deepEqual(
    endpointRows({ ...spec, ipv4: '10.0.0.1', ipv6: 'fd00::1' }).map(({ key }) => key.address),
    ['10.0.0.1', 'fd00::1'],
  );
  assert.deepEqual(endpointRows({ ...spec, ipv6: 'fd00::1' })[0]?.value, {
    identity: 300,
    interface: 7,
    mac,
  });
  assert.equal(
    text(metricRow({ reason: 133, towards: 'Endpoint', packets: 3n, bytes: 180n })),
    'reason=133 name=Policy denied direction=ingress | packets=3 bytes=180',
  );
});

test('translations', () => {
  const end = (last: number, port: number) => ({
    address: [0, 0, 0xffff, 0x0a000000 + last],
    port: { number: hton16(port), zero: 0 },
  });
  assert.equal(
    text(
      translationRow(
        { near: end(1, 4000), far: end(2, 80), protocol: 6, way: 0 },
        { end: end(9, 5000), seen: 0, claim: 0, begun: 1 },
      ),
    ),
    'protocol=tcp way=out near=10.0.0.1:4000 far=10.0.0.2:80 | translated=10.0.0.9:5000',
  );
});
