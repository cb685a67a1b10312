import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { needsRoot } from '../testing/lab.ts';
import { Lab } from '../testing/namespaces.ts';

describe('offloads', { skip: needsRoot || false }, () => {
  const lab = needsRoot === false ? new Lab() : undefined;
  after(() => lab?.close());
  if (lab === undefined) return;
  const { host, pod } = lab;
  lab.join('veth0');
  host.links.set('lo', { up: true });
  const index = host.links.index('veth0');

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
      [...host.offloads.get('veth0')].find(([, { active, changeable }]) => !active && !changeable)?.[0] ?? '';
    assert.throws(() => host.offloads.set('veth0', { [fixed]: true }), { code: /NOT_SUPPORTED|INVALID/ });
  });
});
