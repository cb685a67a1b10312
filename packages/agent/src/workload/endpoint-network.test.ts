import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import { Network, NetworkNamespace, writeSysctl } from '@waggle/kernel';
import { needsRoot, uniqueName } from '../../../kernel/src/testing/lab.ts';
import { missing } from '../../../kernel/src/testing/namespaces.ts';
import { connectEndpoint, routeToEndpoint } from './endpoint-network.ts';
import { GATEWAY } from './gateway.ts';
import { PairRemoval } from './pair-removal.ts';

const code = (expected: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof WaggleError, String(error));
  assert.equal(error.code, expected);
  assert.match(error.message, message);
  return true;
};

describe('the network of an endpoint', { skip: needsRoot }, () => {
  const made: NetworkNamespace[] = [];
  const create = () => {
    const namespace = NetworkNamespace.create(uniqueName());
    made.push(namespace);
    return namespace;
  };
  after(() => {
    for (const namespace of made) namespace.remove();
  });
  /** A host, and an endpoint of it that is connected. */
  const connected = () => {
    const [host, namespace] = [create(), create()];
    const spec = {
      host,
      namespace,
      hostName: 'lxc7',
      addresses: { ipv4: '10.0.0.7', ipv6: 'fd00::7' },
      mac: '02:00:00:00:00:07',
      mtu: 1400,
    };
    return { host, namespace, spec, connected: connectEndpoint(spec) };
  };
  /** Does the last step, too. */
  const routed = () => {
    const { host, spec, connected: pair, ...rest } = connected();
    using network = Network.open(host);
    const { hostName: name, hostIndex: index, mac } = pair;
    routeToEndpoint({ host, network, name, index, mac, addresses: spec.addresses });
    return { host, spec, connected: pair, ...rest };
  };
  /** The names of the devices of a namespace, but for its loopback device. */
  const devices = (namespace: NetworkNamespace) => {
    using network = Network.open(namespace);
    return network.links.list().flatMap(({ name }) => (name === 'lo' ? [] : name));
  };

  test('lets nothing pass before the last step', () => {
    const { host, connected: pair } = connected();
    using outside = Network.open(host);
    assert.equal(outside.links.get(pair.hostIndex).up, false);
    assert.deepEqual(outside.routes.list(), []);
  });

  test('is there after the last step: pair, addresses, routes, neighbours', () => {
    const { host, namespace, connected: pair } = routed();
    assert.equal(pair.namespace, namespace.inode);
    assert.ok(pair.created);
    using outside = Network.open(host);
    using inside = Network.open(namespace);
    const near = outside.links.get('lxc7');
    const far = inside.links.get('eth0');
    assert.deepEqual([near.index, near.mac, near.mtu, near.up], [pair.hostIndex, GATEWAY.mac, 1400, true]);
    assert.deepEqual(
      [far.index, far.mac, far.mtu, far.up],
      [pair.containerIndex, '02:00:00:00:00:07', 1400, true],
    );
    assert.ok(inside.links.get('lo').up);
    const addresses = inside.addresses.list({ device: 'eth0' });
    assert.deepEqual(
      addresses.filter(({ scope }) => scope === 'global').map(({ prefix }) => prefix),
      ['10.0.0.7/32', 'fd00::7/128'],
    );
    // Nobody waits for duplicates that there cannot be.
    assert.ok(addresses.every(({ flags }) => !flags.includes('tentative')));
    assert.equal(inside.routes.get('203.0.113.9').via, GATEWAY.ipv4);
    assert.equal(inside.routes.get('2001:db8::9').via, GATEWAY.ipv6);
    assert.equal(outside.routes.get('10.0.0.7').interfaceIndex, near.index);
    assert.equal(outside.routes.get('fd00::7').interfaceIndex, near.index);
    const macs = (network: Network) =>
      network.neighbours
        .list()
        .filter(({ state }) => state === 'permanent')
        .map(({ address, mac }) => `${address} ${mac}`)
        .sort();
    assert.deepEqual(macs(inside), [`169.254.1.1 ${GATEWAY.mac}`, `fe80::1 ${GATEWAY.mac}`]);
    assert.deepEqual(macs(outside), ['10.0.0.7 02:00:00:00:00:07', 'fd00::7 02:00:00:00:00:07']);
    assert.deepEqual(outside.addresses.list({ device: 'lxc7' }), []);
  });

  test('carries packets to the host, both ways', { skip: missing('ip') }, () => {
    const { host, namespace } = routed();
    using outside = Network.open(host);
    outside.links.set('lo', { up: true });
    outside.addresses.add('lo', '198.51.100.1/32');
    outside.addresses.add('lo', '2001:db8::1/128');
    for (const [family, address] of [
      ['-4', '198.51.100.1'],
      ['-6', '2001:db8::1'],
    ] as const) {
      const ping = ['netns', 'exec', namespace.name ?? '', 'ping', family, '-c', '1', '-W', '2', address];
      assert.match(execFileSync('ip', ping, { encoding: 'utf8' }), / 0% packet loss/);
    }
  });

  test('is completed by the same call, where something is missing', () => {
    const { namespace, spec, connected: first } = connected();
    using inside = Network.open(namespace);
    inside.routes.delete({ destination: '0.0.0.0/0', device: 'eth0' });
    inside.addresses.delete('eth0', 'fd00::7/128');
    const second = connectEndpoint(spec);
    assert.deepEqual(second, { ...first, created: false });
    assert.equal(inside.routes.get('203.0.113.9').via, GATEWAY.ipv4);
    assert.equal(
      inside.addresses.list({ device: 'eth0', family: 6 }).filter(({ scope }) => scope === 'global').length,
      1,
    );
  });

  test('may be of one family, also where IPv6 was switched off', () => {
    const [host, namespace] = [create(), create()];
    namespace.run(() => {
      for (const each of ['all', 'default']) writeSysctl(`net/ipv6/conf/${each}/disable_ipv6`, 1);
    });
    connectEndpoint({ host, namespace, hostName: 'lxc1', addresses: { ipv4: '10.0.0.1' } });
    using inside = Network.open(namespace);
    assert.deepEqual(inside.addresses.list({ family: 6, device: 'eth0' }), []);
    const other = create();
    other.run(() => {
      for (const each of ['all', 'default']) writeSysctl(`net/ipv6/conf/${each}/disable_ipv6`, 1);
    });
    connectEndpoint({ host, namespace: other, hostName: 'lxc2', addresses: { ipv6: 'fd00::2' } });
    using second = Network.open(other);
    assert.equal(second.routes.get('2001:db8::9').via, GATEWAY.ipv6);
  });

  test('that cannot be had as a whole is not left as a part', () => {
    const [host, namespace] = [create(), create()];
    using inside = Network.open(namespace);
    inside.links.set('lo', { up: true });
    inside.routes.add({ destination: '0.0.0.0/0', device: 'lo' });
    const spec = { host, namespace, hostName: 'lxc3', addresses: { ipv4: '10.0.0.3' } };
    assert.throws(
      () => connectEndpoint(spec),
      code('EXISTS', /has a route to 0\.0\.0\.0\/0 already.*--network none/),
    );
    assert.deepEqual(devices(host), []);
    assert.deepEqual(devices(namespace), []);
  });

  test('leaves the devices of others alone', () => {
    const { host, spec } = connected();
    const namespace = create();
    assert.throws(
      () => connectEndpoint({ ...spec, namespace }),
      code('EXISTS', /the host has a device "lxc7" already/),
    );
    assert.throws(
      () => connectEndpoint({ ...spec, hostName: 'lxc8' }),
      code('EXISTS', /the endpoint's namespace has a device "eth0" already/),
    );
    assert.deepEqual(devices(host), ['lxc7']);
    assert.deepEqual(devices(namespace), []);
  });

  test('is gone from both ends when it is removed, and that may be done twice', async () => {
    const { host, namespace, spec, connected: pair } = routed();
    const removal = new PairRemoval(host, assert.fail);
    const end = { name: pair.hostName, index: pair.hostIndex };
    removal.remove(end, spec.addresses);
    using outside = Network.open(host);
    assert.throws(() => outside.routes.get('10.0.0.7'), code('SYSTEM', /ENETUNREACH/));
    await removal.settle();
    removal.remove(end, spec.addresses);
    await removal.close();
    assert.deepEqual([devices(host), devices(namespace)], [[], []]);
    assert.deepEqual(outside.routes.list(), []);
  });
});
