import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsRoot } from '../testing/lab.ts';
import { Lab } from '../testing/namespaces.ts';
import type { NetworkEvent } from './events.ts';
import { NetworkNamespace } from './namespace.ts';
import { Network } from './network.ts';

describe('network', { skip: needsRoot }, () => {
  const lab = needsRoot === false ? new Lab() : undefined;
  after(() => lab?.close());
  if (lab === undefined) return;
  const { host, pod } = lab;
  lab.join('veth0');
  host.links.set('lo', { up: true });

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
        host.neighbours.delete('veth0', '10.55.0.9');
        host.addresses.delete('veth0', '10.55.0.1/24');
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

  test('no descriptor is left open', () => {
    const count = () => readdirSync('/proc/self/fd').length;
    host.watch(['links'], () => {}).close();
    const before = count();
    for (let round = 0; round < 5; round++) {
      using network = Network.open(lab.hostNamespace);
      network.offloads.get('lo');
      network.watch(['links'], () => {}).close();
    }
    assert.equal(count(), before);
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
