import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { needsRoot } from '../testing/lab.ts';
import { Lab, missing } from '../testing/namespaces.ts';

describe('neighbours', { skip: needsRoot || missing('ip') }, () => {
  const lab = needsRoot === false ? new Lab() : undefined;
  after(() => lab?.close());
  if (lab === undefined) return;
  const { host } = lab;
  lab.join('veth0');
  host.links.set('lo', { up: true });
  const index = host.links.index('veth0');
  const ip = <Answer>(...args: string[]) => lab.witness<Answer>(lab.hostNamespace, 'ip', ...args);

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
});
