/** Devices of the host: the only way to the world is let go of again unless somebody confirms it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { needsRoot, uniqueName } from '../../../kernel/src/testing/lab.ts';
import { HostDevices, type HostDevicesOptions } from './devices.ts';

const PATIENCE = 0.2;

function host() {
  const namespace = NetworkNamespace.create(uniqueName());
  using network = Network.open(namespace);
  for (const [index, name] of ['up0', 'up1'].entries()) {
    network.links.create({ kind: 'veth', name, up: true, peer: { name: `peer${index}` } });
    network.links.set(`peer${index}`, { up: true });
    network.addresses.add(name, `198.51.10${index}.1/24`);
  }
  network.routes.add({ destination: '0.0.0.0/0', via: '198.51.100.2', device: 'up0' });
  const said: string[] = [];
  const say = (what: string) => (device: string | { readonly name: string }) =>
    void said.push(`${what} ${typeof device === 'string' ? device : device.name}`);
  const devices = (
    confirmed: readonly string[] = [],
    onConfirmed: HostDevicesOptions['onConfirmed'] = say('confirmed'),
  ) =>
    new HostDevices({
      host: namespace,
      masquerade: true,
      attach: say('attach'),
      detach: say('detach'),
      onConfirmed,
      onReleased: say('released'),
      confirmed,
      patience: PATIENCE,
    });
  return {
    devices,
    said,
    network: () => Network.open(namespace),
    [Symbol.dispose]: () => namespace.remove(),
  };
}

test('the only way to the world is let go of when nobody confirms it', { skip: needsRoot }, async () => {
  using lab = host();
  const devices = lab.devices();
  devices.add('up0');
  devices.add('up1');
  assert.deepEqual(
    devices.list().map(({ name, unconfirmed }) => [name, unconfirmed]),
    [
      ['up0', 1],
      ['up1', undefined],
    ],
  );
  await setTimeout(PATIENCE * 2000);
  assert.deepEqual(lab.said, ['attach up0', 'attach up1', 'detach up0', 'released up0']);
  assert.throws(() => devices.confirm('up0'), /does not work on a device up0. It works on up1/);
});

test('it stays when somebody does, or did before', { skip: needsRoot }, async () => {
  using lab = host();
  const devices = lab.devices();
  devices.add('up0');
  devices.confirm('up0');
  await setTimeout(PATIENCE * 2000);
  assert.deepEqual(lab.said, ['attach up0', 'confirmed up0']);
  const again = lab.devices(['up0']);
  again.add('up0');
  assert.equal(again.list()[0]?.unconfirmed, undefined);
});

test('each that is confirmed is remembered with those before it', { skip: needsRoot }, () => {
  using lab = host();
  const remembered: (readonly string[])[] = [];
  const devices = lab.devices(['long ago'], (_, confirmed) => remembered.push(confirmed));
  devices.add('up0');
  using network = lab.network();
  network.routes.delete({ destination: '0.0.0.0/0', via: '198.51.100.2', device: 'up0' });
  network.routes.add({ destination: '0.0.0.0/0', via: '198.51.101.2', device: 'up1' });
  devices.add('up1');
  devices.confirm('up0');
  devices.confirm('up1');
  assert.deepEqual(remembered, [
    ['long ago', 'up0'],
    ['long ago', 'up0', 'up1'],
  ]);
});

test('with another default route there is another way', { skip: needsRoot }, () => {
  using lab = host();
  {
    using network = lab.network();
    network.routes.add({ destination: '::/0', device: 'up1' });
  }
  const devices = lab.devices();
  devices.add('up0');
  assert.equal(devices.list()[0]?.unconfirmed, undefined);
});

test('when the agent ends before anybody confirms, the device is let go of', { skip: needsRoot }, () => {
  using lab = host();
  const devices = lab.devices();
  devices.add('up0');
  devices.close();
  assert.deepEqual(lab.said, ['attach up0', 'detach up0', 'released up0']);
});
