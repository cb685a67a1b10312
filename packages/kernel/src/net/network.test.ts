import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as libc from '../sys/libc.ts';
import type { NetworkEvent } from './events.ts';
import { NetworkNamespace } from './namespace.ts';
import { Network } from './network.ts';
import { Lab, loadProgram, missing, skipReason } from './testing/lab.ts';

interface IpAddress {
  ifname: string;
  addr_info: {
    local: string;
    prefixlen: number;
    scope: string;
    address?: string;
    broadcast?: string;
    tentative?: boolean;
    nodad?: boolean;
    noprefixroute?: boolean;
  }[];
}

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

interface IpRule {
  priority: number;
  src: string;
  srclen?: number;
  dst?: string;
  dstlen?: number;
  iif?: string;
  oif?: string;
  fwmark?: string;
  fwmask?: string;
  table?: string;
  action?: string;
  not?: null;
}

describe('network', { skip: skipReason || missing('ip') }, () => {
  const lab = skipReason === false ? new Lab() : undefined;
  after(() => lab?.close());
  if (lab === undefined) return;
  const { host, pod } = lab;
  lab.join('veth0');
  host.links.set('lo', { up: true });
  const index = host.links.index('veth0');
  const ip = <Answer>(...args: string[]) => lab.witness<Answer>(lab.hostNamespace, 'ip', ...args);

  describe('addresses', () => {
    const shown = (...args: string[]) =>
      ip<IpAddress>(...args, 'address', 'show', 'dev', 'veth0')[0]?.addr_info ?? [];
    const of = (address: string) => shown().find(({ local }) => local === address);

    test('IPv4: added, listed, deleted', () => {
      host.addresses.add('veth0', '10.0.0.1/24', { broadcast: '10.0.0.255' });
      assert.deepEqual(host.addresses.list({ device: 'veth0', family: 4 }), [
        {
          interfaceIndex: index,
          family: 4,
          address: '10.0.0.1',
          prefixLength: 24,
          prefix: '10.0.0.1/24',
          peer: undefined,
          broadcast: '10.0.0.255',
          scope: 'global',
          flags: ['permanent'],
        },
      ]);
      const address = of('10.0.0.1');
      assert.deepEqual(
        [address?.prefixlen, address?.scope, address?.broadcast],
        [24, 'global', '10.0.0.255'],
      );
      assert.throws(() => host.addresses.add('veth0', '10.0.0.1/24'), {
        code: 'EXISTS',
        message: /^add address 10\.0\.0\.1\/24 to device "veth0": EEXIST/,
      });
      host.addresses.replace('veth0', '10.0.0.1/24');
      host.addresses.delete('veth0', '10.0.0.1/24');
      assert.equal(of('10.0.0.1'), undefined);
    });

    test('IPv6: usable at once without duplicate detection', () => {
      host.addresses.add('veth0', 'fd00:0:0::1/64', { noDuplicateDetection: true, noPrefixRoute: true });
      host.addresses.add('veth0', 'fd00::2/64');
      const list = host.addresses.list({ device: 'veth0', family: 6 });
      const [first] = list.filter(({ address }) => address === 'fd00::1');
      assert.deepEqual(first?.flags, ['noDuplicateDetection', 'permanent', 'noPrefixRoute']);
      assert.deepEqual(
        [of('fd00::1')?.nodad, of('fd00::1')?.noprefixroute, of('fd00::1')?.tentative],
        [true, true, undefined],
      );
      const [second] = list.filter(({ address }) => address === 'fd00::2');
      assert.equal(second?.flags.includes('tentative'), of('fd00::2')?.tentative === true);
      for (const address of ['fd00::1/64', 'fd00::2/64']) host.addresses.delete('veth0', address);
      assert.equal(of('fd00::1'), undefined);
    });

    test('a peer, and a scope', () => {
      host.addresses.add('veth0', '10.5.0.1', { peer: '10.5.0.2', scope: 'link' });
      const [address] = host.addresses.list({ device: index, family: 4 });
      assert.deepEqual([address?.address, address?.peer, address?.scope], ['10.5.0.1', '10.5.0.2', 'link']);
      assert.deepEqual([of('10.5.0.1')?.address, of('10.5.0.1')?.scope], ['10.5.0.2', 'link']);
      host.addresses.delete('veth0', '10.5.0.1', { peer: '10.5.0.2' });
      assert.deepEqual(host.addresses.list({ device: 'veth0', family: 4 }), []);
    });

    test('a filter lists no other device', () => {
      assert.ok(host.addresses.list().some(({ address }) => address === '127.0.0.1'));
      assert.ok(
        host.addresses.list({ device: 'veth0' }).every(({ interfaceIndex }) => interfaceIndex === index),
      );
    });

    test('mistakes', () => {
      assert.throws(() => host.addresses.add('eth7', '10.0.0.1/24'), {
        message: /^add address 10\.0\.0\.1\/24 to device "eth7": ENODEV \(no such device\)/,
      });
      assert.throws(() => host.addresses.add('veth0', '10.0.0.300/24'), {
        message: /^10\.0\.0\.300\/24 is not an IP prefix/,
      });
      assert.throws(() => host.addresses.delete('veth0', '10.77.0.1/24'), {
        message: /EADDRNOTAVAIL.*The kernel says/,
      });
    });
  });

  describe('routes', () => {
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
      assert.throws(
        () => host.routes.add({ destination: '10.1.0.0/16', via: '10.0.0.2', source: 'fd00::1' }),
        { code: 'MALFORMED' },
      );
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

  describe('rules', () => {
    const shown = (...args: string[]) => ip<IpRule>(...args, 'rule', 'show');
    const at = (priority: number, ...args: string[]) =>
      shown(...args).find((rule) => rule.priority === priority);

    test('choose a table by what the packet is like', () => {
      host.rules.add({
        from: '10.0.0.0/8',
        to: '10.1.0.0/16',
        inputDevice: 'veth0',
        outputDevice: 'later0',
        mark: 0x100,
        mask: 0xf00,
        priority: 100,
        table: 4096,
      });
      assert.deepEqual(
        host.rules.list({ family: 4 }).find(({ priority }) => priority === 100),
        {
          family: 4,
          from: '10.0.0.0/8',
          to: '10.1.0.0/16',
          inputDevice: 'veth0',
          outputDevice: 'later0',
          mark: 0x100,
          mask: 0xf00,
          invert: false,
          priority: 100,
          table: 4096,
          action: 'lookup',
        },
      );
      const rule = at(100);
      assert.deepEqual(
        [
          rule?.src,
          rule?.srclen,
          rule?.dst,
          rule?.dstlen,
          rule?.iif,
          rule?.oif,
          rule?.fwmark,
          rule?.fwmask,
          rule?.table,
        ],
        ['10.0.0.0', 8, '10.1.0.0', 16, 'veth0', 'later0', '0x100', '0xf00', '4096'],
      );
      assert.throws(
        () =>
          host.rules.add({
            from: '10.0.0.0/8',
            to: '10.1.0.0/16',
            inputDevice: 'veth0',
            outputDevice: 'later0',
            mark: 0x100,
            mask: 0xf00,
            priority: 100,
            table: 4096,
          }),
        {
          code: 'EXISTS',
          message: /^add routing rule 100 from 10\.0\.0\.0\/8 to 10\.1\.0\.0\/16 mark 256: EEXIST/,
        },
      );
      host.rules.delete({ family: 4, priority: 100 });
      assert.equal(at(100), undefined);
    });

    test('for IPv6, inverted, and dropping', () => {
      host.rules.add({ from: 'fd00::/8', invert: true, priority: 200, table: 'main' });
      host.rules.add({ family: 6, mark: 1, priority: 201, action: 'prohibit' });
      assert.deepEqual(
        [at(200, '-6')?.src, at(200, '-6')?.not, at(200, '-6')?.table],
        ['fd00::', null, 'main'],
      );
      assert.equal(at(201, '-6')?.action, 'prohibit');
      const listed = host.rules.list({ family: 6 });
      assert.equal(listed.find(({ priority }) => priority === 200)?.invert, true);
      assert.deepEqual(listed.find(({ priority }) => priority === 201)?.action, 'prohibit');
      for (const priority of [200, 201]) host.rules.delete({ family: 6, priority });
      assert.throws(() => host.rules.delete({ family: 6, priority: 200 }), { code: 'NOT_FOUND' });
    });

    test('the list begins with the kernel’s own', () => {
      assert.deepEqual(
        host.rules.list({ family: 4 }).map(({ priority, table }) => [priority, table]),
        [
          [0, 255],
          [32766, 254],
          [32767, 253],
        ],
      );
      assert.equal(host.rules.list().length, 5);
    });

    test('mistakes', () => {
      assert.throws(() => host.rules.add({ mark: 1, table: 5 }), {
        code: 'INVALID',
        message: /needs a family/,
      });
      assert.throws(() => host.rules.add({ from: '10.0.0.0/8', to: 'fd00::/8', table: 5 }), {
        message: /mixes IPv4 and IPv6/,
      });
      assert.throws(() => host.rules.add({ from: '10.0.0.0/8' }), { message: /needs table/ });
      assert.throws(() => host.rules.add({ family: 4, action: 'blackhole', table: 5 }), { code: 'INVALID' });
    });
  });

  describe('neighbours', () => {
    interface IpNeighbour {
      dst: string;
      dev: string;
      lladdr?: string;
      state?: string[];
      router?: null;
      proxy?: null;
    }
    const shown = (...args: string[]) => ip<IpNeighbour>('neighbour', 'show', ...args);

    test('are added, replaced, listed and deleted', () => {
      host.neighbours.add({ device: 'veth0', address: '10.0.0.50', mac: '02:00:00:00:00:50' });
      host.neighbours.add({
        device: 'veth0',
        address: 'fd00::50',
        mac: '02:00:00:00:00:50',
        state: 'reachable',
        router: true,
      });
      assert.deepEqual(host.neighbours.list({ device: 'veth0', family: 4 }), [
        {
          interfaceIndex: index,
          family: 4,
          address: '10.0.0.50',
          mac: '02:00:00:00:00:50',
          state: 'permanent',
          router: false,
          proxy: false,
        },
      ]);
      const six = host.neighbours.list({ family: 6 }).find(({ address }) => address === 'fd00::50');
      assert.deepEqual([six?.state, six?.router], ['reachable', true]);
      const [witness] = shown('10.0.0.50');
      assert.deepEqual(
        [witness?.dev, witness?.lladdr, witness?.state],
        ['veth0', '02:00:00:00:00:50', ['PERMANENT']],
      );
      assert.equal(shown('fd00::50')[0]?.router, null);
      assert.throws(
        () => host.neighbours.add({ device: 'veth0', address: '10.0.0.50', mac: '02:00:00:00:00:51' }),
        {
          code: 'EXISTS',
          message: /^add neighbour 10\.0\.0\.50 on device "veth0": EEXIST/,
        },
      );
      host.neighbours.replace({ device: 'veth0', address: '10.0.0.50', mac: '02:00:00:00:00:51' });
      assert.equal(shown('10.0.0.50')[0]?.lladdr, '02:00:00:00:00:51');
      host.neighbours.delete('veth0', '10.0.0.50');
      host.neighbours.delete('veth0', 'fd00::50');
      assert.deepEqual(host.neighbours.list({ device: 'veth0', family: 4 }), []);
      assert.throws(() => host.neighbours.delete('veth0', '10.0.0.50'), { code: 'NOT_FOUND' });
    });

    test('proxies are a list of their own', () => {
      host.neighbours.addProxy('veth0', '10.0.0.60');
      assert.deepEqual(
        host.neighbours.list({ proxy: true }).map(({ address, proxy }) => [address, proxy]),
        [['10.0.0.60', true]],
      );
      assert.equal(shown('proxy')[0]?.dst, '10.0.0.60');
      host.neighbours.deleteProxy('veth0', '10.0.0.60');
      assert.deepEqual(host.neighbours.list({ proxy: true }), []);
    });
  });

  describe('forwarding databases', { skip: missing('bridge') }, () => {
    interface BridgeEntry {
      mac: string;
      ifname: string;
      dst?: string;
      vni?: number;
      port?: number;
      vlan?: number;
      master?: string;
    }
    const shown = (device: string) =>
      lab.witness<BridgeEntry>(lab.hostNamespace, 'bridge', 'fdb', 'show', 'dev', device);

    test('of a VXLAN device: one end for a MAC address, several for unknown ones', () => {
      host.links.create({ kind: 'vxlan', name: 'vx0', external: true });
      const mac = '02:00:00:00:00:70';
      host.fdb.add({ device: 'vx0', mac, remote: '10.0.0.70', vni: 77, port: 4790 });
      host.fdb.append({ device: 'vx0', mac: '00:00:00:00:00:00', remote: '10.0.0.71' });
      host.fdb.append({
        device: 'vx0',
        mac: '00:00:00:00:00:00',
        remote: '10.0.0.73',
        outputDevice: 'veth0',
      });
      const entry = host.fdb.list({ device: 'vx0' }).find((found) => found.mac === mac);
      assert.deepEqual(
        [entry?.remote, entry?.vni, entry?.port, entry?.interfaceIndex],
        ['10.0.0.70', 77, 4790, host.links.index('vx0')],
      );
      const [witness] = shown('vx0').filter((found) => found.mac === mac);
      assert.deepEqual([witness?.dst, witness?.vni, witness?.port], ['10.0.0.70', 77, 4790]);
      const unknown = shown('vx0').filter((found) => found.mac === '00:00:00:00:00:00');
      assert.deepEqual(unknown.map(({ dst }) => dst).sort(), ['10.0.0.71', '10.0.0.73']);
      host.fdb.replace({ device: 'vx0', mac, remote: '10.0.0.72' });
      assert.ok(shown('vx0').some((found) => found.mac === mac && found.dst === '10.0.0.72'));
      host.links.delete('vx0');
    });

    test('of a bridge: an entry for a port', () => {
      host.links.create({ kind: 'bridge', name: 'br0' });
      host.links.set('veth0', { master: 'br0' });
      const spec = { device: 'veth0', mac: '02:00:00:00:00:80', master: true };
      host.fdb.add(spec);
      assert.equal(shown('veth0').find(({ mac }) => mac === spec.mac)?.master, 'br0');
      const entry = host.fdb.list({ device: 'veth0' }).find(({ mac }) => mac === spec.mac);
      assert.equal(entry?.masterIndex, host.links.index('br0'));
      host.fdb.delete(spec);
      assert.equal(
        shown('veth0').find(({ mac }) => mac === spec.mac),
        undefined,
      );
      host.links.delete('br0');
    });
  });

  describe('queueing disciplines and filters', { skip: missing('tc') }, () => {
    interface TcQdisc {
      kind: string;
      handle: string;
      parent?: string;
      root?: boolean;
      options?: { limit?: number };
    }
    interface TcFilter {
      kind: string;
      pref: number;
      protocol: string;
      options?: {
        handle: string;
        bpf_name: string;
        'direct-action'?: boolean;
        prog?: { id: number; tag: string };
      };
    }
    const qdiscs = () => lab.witness<TcQdisc>(lab.hostNamespace, 'tc', 'qdisc', 'show', 'dev', 'veth0');
    const filters = (direction: string) =>
      lab
        .witness<TcFilter>(lab.hostNamespace, 'tc', 'filter', 'show', 'dev', 'veth0', direction)
        .filter(({ options }) => options);

    test('a queue at the root', () => {
      host.qdiscs.replace('veth0', { kind: 'pfifo', limit: 123 });
      const [witness] = qdiscs();
      assert.deepEqual([witness?.kind, witness?.root, witness?.options?.limit], ['pfifo', true, 123]);
      const [qdisc] = host.qdiscs.list({ device: 'veth0' });
      assert.deepEqual([qdisc?.kind, qdisc?.parent, qdisc?.interfaceIndex], ['pfifo', 'root', index]);
      assert.equal(`${qdisc?.handle.split(':')[0]}:`, witness?.handle);
      host.qdiscs.replace('veth0', { kind: 'bfifo' });
      assert.equal(qdiscs()[0]?.kind, 'bfifo');
      host.qdiscs.delete('veth0', 'root');
      assert.equal(qdiscs()[0]?.kind, 'noqueue');
    });

    test('programs at clsact: added, replaced, listed, deleted', () => {
      const first = loadProgram();
      const second = loadProgram();
      try {
        const place = { device: 'veth0', direction: 'ingress', priority: 5, handle: 2 } as const;
        assert.throws(() => host.filters.add({ ...place, program: { fd: first }, name: 'one' }), {
          name: 'KernelError',
        });
        assert.equal(host.qdiscs.ensureClsact('veth0'), true);
        assert.equal(host.qdiscs.ensureClsact('veth0'), false);
        assert.ok(qdiscs().some(({ kind }) => kind === 'clsact'));
        host.filters.add({ ...place, program: { fd: first }, name: 'one' });
        host.filters.add({ ...place, direction: 'egress', program: { fd: first }, name: 'out' });
        assert.throws(() => host.filters.add({ ...place, program: { fd: second }, name: 'two' }), {
          code: 'EXISTS',
          message: /^add filter 5\/2 at ingress of device "veth0": EEXIST/,
        });
        const [filter, ...more] = host.filters.list({ device: 'veth0', direction: 'ingress' });
        assert.equal(more.length, 0);
        const [witness] = filters('ingress');
        assert.deepEqual([witness?.kind, witness?.pref, witness?.protocol], ['bpf', 5, 'all']);
        assert.deepEqual(
          [witness?.options?.handle, witness?.options?.bpf_name, witness?.options?.['direct-action']],
          ['0x2', 'one', true],
        );
        assert.deepEqual(filter, {
          interfaceIndex: index,
          direction: 'ingress',
          priority: 5,
          handle: 2,
          kind: 'bpf',
          name: 'one',
          programId: witness?.options?.prog?.id,
          programTag: witness?.options?.prog?.tag,
          direct: true,
        });
        assert.ok(filter?.programId);
        host.filters.replace({ ...place, program: { fd: second }, name: 'two' });
        const [replaced] = host.filters.list({ device: 'veth0', direction: 'ingress' });
        assert.equal(replaced?.name, 'two');
        assert.notEqual(replaced?.programId, filter?.programId);
        host.filters.delete(place);
        assert.deepEqual(filters('ingress'), []);
        assert.deepEqual(
          host.filters.list({ device: 'veth0' }).map(({ name, direction }) => [name, direction]),
          [['out', 'egress']],
        );
        assert.throws(() => host.filters.delete(place), { code: 'NOT_FOUND' });
        host.qdiscs.delete('veth0', 'clsact');
        assert.deepEqual(host.filters.list({ device: 'veth0' }), []);
      } finally {
        libc.close(first);
        libc.close(second);
      }
    });

    test('ingress in the place of clsact is in the way', () => {
      host.qdiscs.add('veth0', { kind: 'ingress' });
      assert.throws(() => host.qdiscs.ensureClsact('veth0'), { code: 'EXISTS' });
      host.qdiscs.delete('veth0', 'clsact');
    });

    test('a kind that the kernel lacks is a clear error', () => {
      try {
        host.qdiscs.add('veth0', { kind: 'fq' });
        host.qdiscs.delete('veth0', 'root');
      } catch (error) {
        assert.match(
          String(error),
          /add queueing discipline fq to device "veth0": ENOENT .*The kernel says: Specified qdisc kind is unknown/,
        );
      }
    });
  });

  describe('offloads', () => {
    test('are switched by name, and by the short names of ethtool', () => {
      const before = host.offloads.get('veth0');
      assert.deepEqual(before.get('tx-checksum-ip-generic'), {
        active: true,
        wanted: true,
        changeable: true,
      });
      assert.equal(before.get('netns-local')?.changeable ?? false, false);
      host.offloads.set('veth0', { 'tx-checksum-ip-generic': false });
      assert.equal(host.offloads.get(index).get('tx-checksum-ip-generic')?.active, false);
      // Segmentation needs the checksum.
      assert.deepEqual(host.offloads.get('veth0').get('tx-tcp-segmentation'), {
        active: false,
        wanted: true,
        changeable: true,
      });
      assert.throws(() => host.offloads.set('veth0', { 'tx-tcp-segmentation': true }), {
        code: 'NOT_SUPPORTED',
        message: /the kernel left tx-tcp-segmentation off/,
      });
      host.offloads.set('veth0', { tx: true, gro: true });
      assert.deepEqual(host.offloads.get('veth0').get('rx-gro'), {
        active: true,
        wanted: true,
        changeable: true,
      });
      host.offloads.set('veth0', { tso: false });
      const after = host.offloads.get('veth0');
      for (const name of ['tx-tcp-segmentation', 'tx-tcp-ecn-segmentation', 'tx-tcp6-segmentation']) {
        assert.equal(after.get(name)?.active, false, name);
      }
      assert.equal(after.get('tx-checksum-ip-generic')?.active, true);
    });

    test('of the other namespace are its own', () => {
      pod.offloads.set('eth0', { gro: true });
      assert.equal(pod.offloads.get('eth0').get('rx-gro')?.active, true);
      assert.throws(() => pod.offloads.get('veth0'), {
        code: 'NOT_FOUND',
        message: /^get offloads of device "veth0": ENODEV/,
      });
    });

    test('that do not exist, or are fixed, are refused', () => {
      assert.throws(() => host.offloads.set('veth0', { 'rx-gor': true }), {
        code: 'NOT_FOUND',
        hint: 'Did you mean rx-gro?',
      });
      const fixed =
        [...host.offloads.get('veth0')].find(([, { active, changeable }]) => !active && !changeable)?.[0] ??
        '';
      assert.throws(() => host.offloads.set('veth0', { [fixed]: true }), { code: /NOT_SUPPORTED|INVALID/ });
    });
  });

  describe('watching', () => {
    async function collect(
      topics: Parameters<Network['watch']>[0],
      act: () => void,
    ): Promise<NetworkEvent[]> {
      const events: NetworkEvent[] = [];
      const watch = host.watch(topics, (event) => events.push(event));
      try {
        act();
        for (let round = 0; events.length === 0 && round < 100; round++) await sleep(5);
        await sleep(20);
      } finally {
        watch.close();
      }
      return events;
    }

    test('tells what was set and what is gone, in its own words', async () => {
      const events = await collect(['addresses', 'routes', 'rules', 'neighbours'], () => {
        host.addresses.add('veth0', '10.55.0.1/24');
        host.routes.add({ destination: '10.56.0.0/16', via: '10.55.0.2' });
        host.rules.add({ from: '10.55.0.0/24', table: 5, priority: 300 });
        host.rules.delete({ family: 4, priority: 300 });
        host.neighbours.add({ device: 'veth0', address: '10.55.0.9', mac: '02:00:00:00:00:09' });
        host.addresses.delete('veth0', '10.55.0.1/24');
        host.neighbours.delete('veth0', '10.55.0.9');
      });
      const has = (subject: string, change: string, text: string) =>
        events.some(
          (event) =>
            'change' in event &&
            event.subject === subject &&
            event.change === change &&
            JSON.stringify(event).includes(text),
        );
      assert.ok(has('address', 'set', '"10.55.0.1/24"'));
      assert.ok(has('address', 'delete', '"10.55.0.1/24"'));
      assert.ok(has('route', 'set', '"10.56.0.0/16"'));
      assert.ok(has('rule', 'set', '"priority":300'));
      assert.ok(has('rule', 'delete', '"priority":300'));
      assert.ok(has('neighbour', 'set', '"02:00:00:00:00:09"'));
    });

    test('of links sees only this namespace', async () => {
      const events = await collect(['links'], () => {
        pod.links.create({ kind: 'bridge', name: 'elsewhere' });
        host.links.create({ kind: 'bridge', name: 'here' });
        host.links.delete('here');
        pod.links.delete('elsewhere');
      });
      const names = events.map((event) =>
        event.subject === 'link' ? `${event.change} ${event.link.name}` : event.subject,
      );
      assert.ok(names.includes('set here') && names.includes('delete here'), names.join());
      assert.ok(!names.join().includes('elsewhere'));
    });

    test('tells when events were lost', async () => {
      const events = await collect(['links'], () => {
        for (let round = 0; round < 1500; round++) host.links.set('veth0', { alias: `round ${round}` });
      });
      assert.ok(events.some(({ subject }) => subject === 'lost'));
    });
  });

  test('without privilege the error says what is missing', () => {
    process.seteuid?.(65534);
    try {
      assert.throws(() => host.links.set('veth0', { mtu: 1400 }), {
        code: 'DENIED',
        message: /^change device "veth0": EPERM .*CAP_NET_ADMIN$/,
      });
    } finally {
      process.seteuid?.(0);
    }
  });

  test('a closed connection is an error', () => {
    using namespace = NetworkNamespace.createAnonymous();
    const network = Network.open(namespace);
    network.offloads.get('lo');
    network.close();
    network.close();
    assert.throws(() => network.links.list(), { code: 'CLOSED' });
    assert.throws(() => network.offloads.get('lo'), { code: 'CLOSED' });
  });
});
