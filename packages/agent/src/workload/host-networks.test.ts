import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { needsRoot, uniqueName } from '../../../kernel/src/testing/lab.ts';
import { HostNetworks, hostNameOf } from './host-networks.ts';

describe('the networks of a host', { skip: needsRoot }, () => {
  const made: NetworkNamespace[] = [];
  const open: HostNetworks[] = [];
  const create = () => {
    const namespace = NetworkNamespace.create(uniqueName());
    made.push(namespace);
    return namespace;
  };
  after(async () => {
    for (const networks of open) await networks.close();
    for (const namespace of made) if (!namespace.closed) namespace.remove();
  });
  const newHost = () => {
    const host = create();
    const vanished: number[] = [];
    const networks = new HostNetworks({
      host,
      mtu: 1500,
      onVanished: (index) => vanished.push(index),
      onProblem: assert.fail,
    });
    open.push(networks);
    return { host, networks, vanished };
  };
  const place = (namespace: NetworkNamespace) => ({ path: `/proc/${process.pid}/fd/${namespace.fd}` });
  const devices = (namespace: NetworkNamespace) => {
    using network = Network.open(namespace);
    return network.links.list({ kind: 'veth' }).map(({ name }) => name);
  };
  /** Waits for what comes by the event loop. */
  const until = async (condition: () => boolean) => {
    const deadline = Date.now() + 3000;
    while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
    assert.ok(condition());
  };
  const descriptors = () => readdirSync('/proc/self/fd').length;

  test('come and go by the hundred, and leave nothing', async () => {
    const { host, networks, vanished } = newHost();
    const before = descriptors();
    const namespaces = Array.from({ length: 200 }, () => NetworkNamespace.createAnonymous());
    try {
      const connected = await Promise.all(
        namespaces.map(async (namespace, index) => {
          await new Promise((resolve) => setImmediate(resolve));
          const addresses = {
            ipv4: `10.0.${index >> 8}.${index & 0xff}`,
            ipv6: `fd00::${index.toString(16)}`,
          };
          const device = networks.connect(place(namespace), index + 1, addresses);
          networks.admit(device, addresses);
          return { device, addresses };
        }),
      );
      assert.equal(devices(host).length, 200);
      assert.equal(new Set(connected.map(({ device }) => device.mac)).size, 200);
      for (const { device, addresses } of connected) networks.disconnect(device, addresses);
      await networks.settle();
      assert.deepEqual(devices(host), []);
      assert.ok(namespaces.every((namespace) => devices(namespace).length === 0));
      using network = Network.open(host);
      assert.deepEqual([network.routes.list(), network.neighbours.list()], [[], []]);
    } finally {
      for (const namespace of namespaces) namespace.close();
    }
    assert.equal(descriptors(), before);
    assert.deepEqual(vanished, []);
  });

  test('tell of an endpoint whose namespace is gone, and of a device that somebody deleted', async () => {
    const { host, networks, vanished } = newHost();
    const namespace = NetworkNamespace.createAnonymous();
    const first = networks.connect(place(namespace), 1, { ipv4: '10.0.0.1' });
    const second = networks.connect(place(create()), 2, { ipv4: '10.0.0.2' });
    assert.equal(networks.find(first), 'unfinished');
    networks.admit(first, { ipv4: '10.0.0.1' });
    assert.deepEqual([networks.find(first), networks.find(second)], ['there', 'unfinished']);
    namespace.close();
    await until(() => vanished.length === 1);
    assert.equal(networks.find(first), 'gone');
    using network = Network.open(host);
    network.links.delete(second.interfaceName);
    await until(() => vanished.length === 2);
    assert.deepEqual(vanished, [first.interfaceIndex, second.interfaceIndex]);
    // Another device of that name is another one.
    network.links.create({ kind: 'veth', name: second.interfaceName, peer: { name: 'other' } });
    assert.equal(networks.find(second), 'gone');
    networks.disconnect(second, { ipv4: '10.0.0.2' });
    await networks.settle();
    assert.deepEqual(devices(host).sort(), ['lxc2', 'other']);
  });

  test('know a device that was gone before they could watch it', async () => {
    const { host, networks, vanished } = newHost();
    const device = networks.connect(place(create()), 1, { ipv4: '10.0.0.1' });
    using network = Network.open(host);
    network.links.delete(device.interfaceIndex);
    await until(() => vanished.length === 1);
  });

  test('take the pair of somebody else, and leave it', async () => {
    const { host, networks } = newHost();
    const namespace = create();
    using network = Network.open(host);
    const mac = '02:00:00:00:00:09';
    network.links.create({ kind: 'veth', name: 'plugin0', peer: { name: 'eth0', namespace, mac } });
    const addresses = { ipv4: '10.0.0.9', ipv6: 'fd00::9' };
    const device = networks.take({ name: 'plugin0', mac });
    assert.deepEqual([device.ownsDevice, device.mac], [false, mac]);
    networks.admit(device, addresses);
    assert.equal(network.routes.get('10.0.0.9').interfaceIndex, device.interfaceIndex);
    networks.disconnect(device, addresses);
    await networks.settle();
    assert.deepEqual(devices(host), ['plugin0']);
    assert.throws(() => network.routes.get('10.0.0.9'), /ENETUNREACH/);
    assert.throws(() => networks.take({ name: 'lo', mac }), { code: 'WRONG_TYPE' });
    assert.throws(() => networks.take({ name: 'none', mac }), { code: 'NOT_FOUND' });
  });

  test('remove what an earlier run has left, and nothing else', async () => {
    const { host, networks } = newHost();
    const kept = networks.connect(place(create()), 1, { ipv4: '10.0.0.1' });
    networks.connect(place(create()), 2, { ipv4: '10.0.0.2' });
    using network = Network.open(host);
    network.links.create({ kind: 'veth', name: 'lxc3', peer: { name: 'other' } });
    assert.deepEqual(networks.removeStrays([kept]), [hostNameOf(2)]);
    await networks.settle();
    assert.deepEqual(devices(host).sort(), ['lxc1', 'lxc3', 'other']);
  });

  test('refuse the namespace of the host, and of this process', () => {
    const { host, networks } = newHost();
    assert.throws(() => networks.connect(place(host), 1, {}), {
      code: 'DENIED',
      message: /has the network of the host/,
    });
    assert.throws(() => networks.connect({ pid: process.pid }, 1, {}), { code: 'DENIED' });
    assert.throws(() => networks.connect({ path: '/dev/null' }, 1, {}), { code: 'WRONG_TYPE' });
    assert.throws(() => networks.connect({ pid: 2 ** 22 + 1 }, 1, {}), { code: 'NOT_FOUND' });
    assert.deepEqual(devices(host), []);
  });
});
