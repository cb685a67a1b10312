import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { needsRoot } from '../testing/lab.ts';
import { Lab, missing } from '../testing/namespaces.ts';

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

describe('addresses', { skip: needsRoot || missing('ip') }, () => {
  const lab = needsRoot === false ? new Lab() : undefined;
  after(() => lab?.close());
  if (lab === undefined) return;
  const { host } = lab;
  lab.join('veth0');
  host.links.set('lo', { up: true });
  const index = host.links.index('veth0');
  const ip = <Answer>(...args: string[]) => lab.witness<Answer>(lab.hostNamespace, 'ip', ...args);

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
    assert.deepEqual([address?.prefixlen, address?.scope, address?.broadcast], [24, 'global', '10.0.0.255']);
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
