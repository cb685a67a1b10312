import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Network, NetworkNamespace, readSysctl, writeSysctl } from '@waggle/kernel';
import { needsRoot, uniqueName } from '../../../kernel/src/testing/lab.ts';
import { mergeChanges, planHost, prepareHost, restoreHost } from './host-preparation.ts';
import { createIsolatedHost, removeIsolatedHost } from './isolated-host.ts';

describe('a host', { skip: needsRoot }, () => {
  const made: NetworkNamespace[] = [];
  after(() => {
    for (const namespace of made) namespace.remove();
  });
  /** With an uplink that accepts router advertisements, and a device besides. */
  const newHost = () => {
    const host = NetworkNamespace.create(uniqueName());
    made.push(host);
    using network = Network.open(host);
    for (const name of ['uplink', 'other']) {
      network.links.create({ kind: 'veth', name, up: true, peer: { name: `${name}-far` } });
    }
    const settings = () =>
      host.run(() =>
        [
          'net/ipv4/ip_forward',
          'net/ipv4/conf/uplink/forwarding',
          'net/ipv4/conf/other/forwarding',
          'net/ipv6/conf/uplink/accept_ra',
          'net/ipv6/conf/all/forwarding',
        ]
          .map(readSysctl)
          .join(' '),
      );
    return { host, settings };
  };
  const both = { uplinks: ['uplink'], ipv4: true, ipv6: true };

  test('is prepared by a plan that can be shown, and put back', () => {
    const { host, settings } = newHost();
    assert.equal(settings(), '0 0 0 1 0');
    const plan = planHost(host, both);
    assert.deepEqual(plan, [
      { what: 'sysctl', where: 'net/ipv4/conf/uplink/forwarding', from: '0', to: '1' },
      { what: 'sysctl', where: 'net/ipv6/conf/uplink/accept_ra', from: '1', to: '2' },
      { what: 'sysctl', where: 'net/ipv6/conf/all/forwarding', from: '0', to: '1' },
    ]);
    assert.equal(settings(), '0 0 0 1 0');
    prepareHost(host, plan);
    // It forwards between its uplink and endpoints, and not between its other networks.
    assert.equal(settings(), '0 1 0 2 1');
    assert.deepEqual(planHost(host, both), []);
    assert.deepEqual(restoreHost(host, plan), plan.toReversed());
    assert.equal(settings(), '0 0 0 1 0');
  });

  test('has any number of uplinks, and each parameter once', () => {
    const { host } = newHost();
    const places = planHost(host, { ...both, uplinks: ['uplink', 'other'] }).map(({ where }) => where);
    assert.deepEqual(places, [
      'net/ipv4/conf/uplink/forwarding',
      'net/ipv6/conf/uplink/accept_ra',
      'net/ipv4/conf/other/forwarding',
      'net/ipv6/conf/other/accept_ra',
      'net/ipv6/conf/all/forwarding',
    ]);
  });

  test('needs only what is not right already, and only for its families', () => {
    const { host } = newHost();
    assert.deepEqual(planHost(host, { uplinks: [], ipv4: true, ipv6: false }), []);
    assert.equal(planHost(host, { uplinks: [], ipv4: true, ipv6: true }).length, 1);
    host.run(() => writeSysctl('net/ipv6/conf/uplink/accept_ra', 0));
    const places = planHost(host, both).map(({ where }) => where);
    assert.ok(!places.includes('net/ipv6/conf/uplink/accept_ra'));
    assert.throws(() => planHost(host, { ...both, uplinks: ['nowhere'] }), { code: 'NOT_FOUND' });
  });

  test('that cannot be prepared is as it was', () => {
    const { host, settings } = newHost();
    const missing = {
      what: 'sysctl',
      where: 'net/ipv4/conf/nowhere/forwarding',
      from: '0',
      to: '1',
    } as const;
    assert.throws(() => prepareHost(host, [...planHost(host, both), missing]), { code: 'NOT_FOUND' });
    assert.equal(settings(), '0 0 0 1 0');
  });

  test('keeps what somebody else has changed since, and what is gone does not matter', () => {
    const { host, settings } = newHost();
    const plan = planHost(host, both);
    prepareHost(host, plan);
    host.run(() => writeSysctl('net/ipv6/conf/uplink/accept_ra', 0));
    const gone = { what: 'sysctl', where: 'net/ipv4/conf/nowhere/forwarding', from: '0', to: '1' } as const;
    assert.equal(restoreHost(host, [...plan, gone]).length, 2);
    assert.equal(settings(), '0 0 0 0 0');
  });

  test('is put back to what it was before the first of several runs', () => {
    const { host } = newHost();
    const first = planHost(host, { uplinks: ['uplink'], ipv4: true, ipv6: false });
    prepareHost(host, first);
    host.run(() => writeSysctl('net/ipv4/conf/uplink/forwarding', 0));
    const second = planHost(host, both);
    const remembered = mergeChanges(first, second);
    assert.equal(remembered.length, 3);
    assert.deepEqual(remembered[0], first[0]);
    // By way of JSON, as it is saved.
    assert.deepEqual(mergeChanges(JSON.parse(JSON.stringify(remembered)), second), remembered);
  });

  test('of its own is made once, kept, and removed with what is in it', () => {
    const name = `waggle-${uniqueName()}`;
    const host = createIsolatedHost(name);
    try {
      using network = Network.open(host);
      assert.ok(network.links.get('lo').up);
      network.links.create({ kind: 'veth', name: 'lxc1', peer: { name: 'eth0' } });
      using again = createIsolatedHost(name);
      assert.equal(again.inode, host.inode);
    } finally {
      host.close();
      removeIsolatedHost(name);
    }
    assert.ok(!NetworkNamespace.list().some((each) => each.name === name));
    removeIsolatedHost(name);
  });
});
