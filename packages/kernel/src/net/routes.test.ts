import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { needsRoot } from '../testing/lab.ts';
import { Lab, missing } from '../testing/namespaces.ts';

interface IpRoute {
  dst: string;
  type?: string;
  gateway?: string;
  via?: { family: string; host: string };
  dev?: string;
  table?: string;
  metric?: number;
  prefsrc?: string;
  scope?: string;
  protocol?: string;
  flags?: string[];
  metrics?: { mtu?: number }[];
  nexthops?: { gateway?: string; dev: string; weight: number; flags: string[] }[];
}

describe('routes', { skip: needsRoot || missing('ip') }, () => {
  const lab = needsRoot === false ? new Lab() : undefined;
  after(() => lab?.close());
  if (lab === undefined) return;
  const { host } = lab;
  lab.join('veth0');
  host.links.set('lo', { up: true });
  const index = host.links.index('veth0');
  const ip = <Answer>(...args: string[]) => lab.witness<Answer>(lab.hostNamespace, 'ip', ...args);

  const shown = (...args: string[]) => ip<IpRoute>('-d', ...args);
  const listed = (destination: string, table: number | 'all' = 'all') =>
    host.routes.list({ table }).find((route) => route.destination === destination);

  test('IPv4 by a gateway, with all that a route can have', () => {
    host.addresses.add('veth0', '10.0.0.1/24');
    host.routes.add({
      destination: '10.1.0.0/16',
      via: '10.0.0.2',
      device: 'veth0',
      table: 1000,
      metric: 50,
      source: '10.0.0.1',
      mtu: 1300,
      protocol: 'bgp',
    });
    assert.deepEqual(listed('10.1.0.0/16'), {
      family: 4,
      destination: '10.1.0.0/16',
      via: '10.0.0.2',
      interfaceIndex: index,
      nextHops: [],
      table: 1000,
      metric: 50,
      source: '10.0.0.1',
      scope: 'global',
      type: 'unicast',
      protocol: 186,
      mtu: 1300,
      onLink: false,
    });
    const [route] = shown('route', 'show', 'table', '1000');
    assert.deepEqual(
      [
        route?.dst,
        route?.gateway,
        route?.dev,
        route?.metric,
        route?.prefsrc,
        route?.protocol,
        route?.metrics,
      ],
      ['10.1.0.0/16', '10.0.0.2', 'veth0', 50, '10.0.0.1', 'bgp', [{ mtu: 1300 }]],
    );
    assert.throws(
      () => host.routes.add({ destination: '10.1.0.0/16', via: '10.0.0.3', table: 1000, metric: 50 }),
      {
        code: 'EXISTS',
        message: /^add route to 10\.1\.0\.0\/16 in table 1000: EEXIST/,
      },
    );
    host.routes.replace({ destination: '10.1.0.0/16', via: '10.0.0.3', table: 1000, metric: 50 });
    assert.equal(listed('10.1.0.0/16')?.via, '10.0.0.3');
    host.routes.delete({ destination: '10.1.0.0/16', table: 1000 });
    assert.equal(listed('10.1.0.0/16'), undefined);
    assert.throws(() => host.routes.delete({ destination: '10.1.0.0/16' }), { code: 'NOT_FOUND' });
  });

  test('IPv6, and IPv4 by an IPv6 gateway', () => {
    host.addresses.add('veth0', 'fd00::1/64', { noDuplicateDetection: true });
    host.routes.add({ destination: 'fd01::/48', via: 'fd00::2', metric: 7 });
    const [route] = shown('-6', 'route', 'show', 'fd01::/48');
    assert.deepEqual([route?.gateway, route?.dev, route?.metric], ['fd00::2', 'veth0', 7]);
    assert.deepEqual([listed('fd01::/48')?.via, listed('fd01::/48')?.metric], ['fd00::2', 7]);
    host.routes.add({ destination: '10.3.0.0/16', via: 'fd00::2', device: 'veth0' });
    assert.equal(listed('10.3.0.0/16')?.via, 'fd00::2');
    assert.equal(shown('route', 'show', '10.3.0.0/16')[0]?.via?.host, 'fd00::2');
    host.routes.delete({ destination: 'fd01::/48' });
    host.routes.delete({ destination: '10.3.0.0/16' });
  });

  test('a default route, told apart by its gateway', () => {
    host.routes.add({ destination: 'default', via: '10.0.0.2' });
    host.routes.add({ destination: 'default', via: 'fd00::2' });
    host.routes.add({ destination: '0.0.0.0/0', device: 'veth0', metric: 9 });
    assert.deepEqual(
      shown('route', 'show', 'default').map(({ gateway, dev, scope }) => [gateway, dev, scope]),
      [
        ['10.0.0.2', 'veth0', 'global'],
        [undefined, 'veth0', 'link'],
      ],
    );
    assert.equal(shown('-6', 'route', 'show', 'default')[0]?.gateway, 'fd00::2');
    assert.equal(
      host.routes.list({ family: 6 }).find(({ destination }) => destination === '::/0')?.via,
      'fd00::2',
    );
    host.routes.delete({ destination: 'default', via: '10.0.0.2' });
    host.routes.delete({ destination: 'default', via: 'fd00::2' });
    host.routes.delete({ destination: '0.0.0.0/0', metric: 9 });
    assert.deepEqual(shown('route', 'show', 'default'), []);
  });

  test('of the types that drop, and local', () => {
    const types = ['blackhole', 'unreachable', 'prohibit'] as const;
    for (const [number, type] of types.entries()) {
      host.routes.add({ destination: `10.4.${number}.0/24`, type });
      host.routes.add({ destination: `fd04:${number}::/32`, type });
      assert.equal(shown('route', 'show', `10.4.${number}.0/24`)[0]?.type, type);
      assert.equal(listed(`10.4.${number}.0/24`)?.type, type);
      assert.equal(
        listed(`fd04:${number === 0 ? '' : `${number}`}::/32`.replace('fd04:::', 'fd04::'))?.type,
        type,
      );
      host.routes.delete({ destination: `10.4.${number}.0/24`, type });
      host.routes.delete({ destination: `fd04:${number}::/32` });
    }
    host.routes.add({ destination: '10.6.0.0/24', type: 'local', device: 'lo', table: 'local' });
    const [route] = shown('route', 'show', 'table', 'local', '10.6.0.0/24');
    assert.deepEqual([route?.type, route?.dev, route?.scope], ['local', 'lo', 'host']);
    host.routes.delete({ destination: '10.6.0.0/24', type: 'local', table: 'local' });
  });

  test('by several ways, with weights', () => {
    host.routes.add({
      destination: '10.7.0.0/16',
      nextHops: [
        { via: '10.0.0.2', weight: 3 },
        { via: '10.200.0.1', device: 'veth0', onLink: true },
      ],
    });
    assert.deepEqual(listed('10.7.0.0/16')?.nextHops, [
      { via: '10.0.0.2', interfaceIndex: index, weight: 3, onLink: false },
      { via: '10.200.0.1', interfaceIndex: index, weight: 1, onLink: true },
    ]);
    assert.deepEqual(
      shown('route', 'show', '10.7.0.0/16')[0]?.nexthops?.map(({ gateway, weight }) => [gateway, weight]),
      [
        ['10.0.0.2', 3],
        ['10.200.0.1', 1],
      ],
    );
    host.routes.delete({ destination: '10.7.0.0/16' });
    host.routes.add({
      destination: 'fd07::/32',
      nextHops: [{ via: 'fd00::2', weight: 2 }, { via: 'fd00::3' }],
    });
    assert.deepEqual(
      listed('fd07::/32')?.nextHops.map(({ via, weight }) => [via, weight]),
      [
        ['fd00::2', 2],
        ['fd00::3', 1],
      ],
    );
    host.routes.delete({ destination: 'fd07::/32' });
  });

  test('a gateway that no address reaches, on link', () => {
    const route = { destination: '10.8.0.0/16', via: '10.201.0.1', device: 'veth0' };
    assert.throws(() => host.routes.add(route), { message: /Nexthop has invalid gateway/ });
    host.routes.add({ ...route, onLink: true });
    assert.deepEqual(shown('route', 'show', '10.8.0.0/16')[0]?.flags, ['onlink']);
    assert.equal(listed('10.8.0.0/16')?.onLink, true);
    host.routes.delete(route);
  });

  test('a look-up answers what the kernel would do', () => {
    host.routes.add({ destination: '10.9.0.0/16', via: '10.0.0.2', table: 2000 });
    host.rules.add({ family: 4, mark: 0x77, table: 2000, priority: 500 });
    assert.equal(host.routes.get('10.0.0.9')?.interfaceIndex, index);
    assert.equal(host.routes.get('10.0.0.9')?.source, '10.0.0.1');
    const marked = host.routes.get('10.9.0.1', { mark: 0x77, from: '10.0.0.1' });
    assert.deepEqual([marked?.via, marked?.table], ['10.0.0.2', 2000]);
    assert.equal(host.routes.get('fd00::9', { outputDevice: 'veth0' })?.interfaceIndex, index);
    assert.throws(() => host.routes.get('10.9.0.1'), {
      errnoName: 'ENETUNREACH',
      message: /^find a route to 10\.9\.0\.1: /,
    });
    // A packet from outside with a martian source, or without forwarding, has no way.
    assert.throws(() => host.routes.get('10.9.0.1', { from: '10.0.0.7', inputDevice: 'veth0' }), {
      errnoName: /EHOSTUNREACH|ENETUNREACH|EXDEV|EINVAL/,
    });
    host.rules.delete({ family: 4, priority: 500 });
    host.routes.delete({ destination: '10.9.0.0/16', table: 2000 });
  });

  test('lists by table, family and device', () => {
    assert.ok(host.routes.list({ family: 4 }).every(({ family, table }) => family === 4 && table === 254));
    assert.ok(host.routes.list({ table: 'local' }).every(({ table }) => table === 255));
    const others = host.routes
      .list({ table: 'all', device: 'lo' })
      .filter((route) => route.interfaceIndex === index);
    assert.deepEqual(others, []);
    assert.deepEqual(host.routes.list({ table: 31337 }), []);
    assert.equal(
      host.routes.list({ family: 4, table: 'all' }).length,
      shown('-4', 'route', 'show', 'table', 'all').length,
    );
    const tables6 = shown('-6', 'route', 'show', 'table', 'all');
    assert.equal(host.routes.list({ family: 6, table: 'all' }).length, tables6.length);
  });

  test('a list longer than one message', () => {
    const count = 500;
    const destination = (number: number) => `10.${100 + (number >> 8)}.${number & 255}.0/24`;
    for (let number = 0; number < count; number++)
      host.routes.add({ destination: destination(number), device: 'veth0', table: 77 });
    assert.equal(host.routes.list({ table: 77 }).length, count);
    for (let number = 0; number < count; number++)
      host.routes.delete({ destination: destination(number), table: 77 });
    assert.deepEqual(host.routes.list({ table: 77 }), []);
  });

  test('mistakes', () => {
    assert.throws(() => host.routes.add({ destination: 'default', device: 'veth0' }), {
      code: 'INVALID',
      message: /0\.0\.0\.0\/0/,
    });
    assert.throws(() => host.routes.add({ destination: '10.1.2.3/16', device: 'veth0' }), {
      hint: 'Did you mean 10.1.0.0/16?',
    });
    assert.throws(() => host.routes.add({ destination: 'fd01::/48', via: '10.0.0.2' }), {
      code: 'INVALID',
    });
    assert.throws(() => host.routes.add({ destination: '10.1.0.0/16', via: '10.0.0.2', source: 'fd00::1' }), {
      code: 'MALFORMED',
    });
    assert.throws(() => host.routes.add({ destination: '10.1.0.0/16', device: 'eth7' }), {
      message: /^add route to 10\.1\.0\.0\/16: ENODEV/,
    });
    assert.throws(() => host.routes.add({ destination: '10.1.0.0/16', device: 'veth0', table: 0 }), {
      code: 'OUT_OF_RANGE',
    });
    // @ts-expect-error no such type
    assert.throws(() => host.routes.add({ destination: '10.1.0.0/16', type: 'blackhole!' }), {
      hint: 'Did you mean "blackhole"?',
    });
  });
});
