/** Datapaths that are pinned: opened again they are what they were; nobody else can open them meanwhile; removed, nothing is left. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMap, Link } from '@waggle/kernel';
import { needsRoot, withBpffs } from '../../kernel/src/testing/lab.ts';
import { SMALL, specOf, withDevice } from './testing/device.ts';

await import('@waggle/compiler/register');
const { Datapath } = await import('./datapath.ts');
const { generations } = await import('./connection.bpf.ts');

const ALLOW = {
  direction: 'ingress',
  identity: 301,
  protocol: 6,
  port: 80,
  portPrefix: 16,
  action: 'allow',
  audit: false,
} as const;

test('what is pinned is found again', { skip: needsRoot }, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    withDevice((device) => {
      const peers = [
        { prefix: '10.1.0.0/16', identity: 1000 },
        { prefix: '2001:db8:2::/48', identity: 1001 },
        { prefix: '10.1.0.7/32', identity: 1002 },
      ];
      {
        using datapath = Datapath.open({ pins, ...SMALL });
        assert.equal(datapath.adopted, false);
        datapath.apply({
          policies: [{ identity: 300, entries: [ALLOW], target: () => ({ cookie: 7 }) }],
          peers,
        });
        datapath.addEndpoint(specOf(device));
      }
      using datapath = Datapath.open({ pins });
      assert.equal(datapath.adopted, true);
      assert.deepEqual(datapath.endpoints(), [{ device, spec: specOf(device) }]);
      assert.deepEqual([...datapath.peers()], peers);
      assert.deepEqual(datapath.policyIdentities(), [300]);
      assert.deepEqual(datapath.policyEntries(300), [{ ...ALLOW, cookie: 7, proxyPort: 0 }]);
      assert.equal(datapath.maps.connections4?.info().maxEntries, SMALL.maxConnections, 'as it was made');
    });
  });
});

test('pins are for root alone', { skip: needsRoot }, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    using _datapath = Datapath.open({ pins, ...SMALL });
    for (const { path, kind } of Datapath.list(pins)) {
      assert.equal(statSync(path).mode & 0o777, kind === 'directory' ? 0o700 : 0o600, path);
    }
  });
});

test('nobody else opens or removes what is open', { skip: needsRoot }, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    {
      using _datapath = Datapath.open({ pins, ...SMALL });
      assert.throws(() => Datapath.open({ pins, patience: 40 }), { code: 'BUSY' });
      assert.throws(() => Datapath.remove(pins, 40), { code: 'BUSY' });
    }
    Datapath.open({ pins, patience: 40 }).close();
  });
});

test('removed, nothing is left', { skip: needsRoot }, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    withDevice((device) => {
      using datapath = Datapath.open({ pins, ...SMALL });
      datapath.addEndpoint(specOf(device));
    });
    assert.ok(Datapath.list(pins).length > 8);
    Datapath.remove(pins);
    assert.equal(existsSync(pins), false);
    assert.deepEqual(Datapath.remove(pins), [], 'nor is that an error');
  });
});

test('removed, whatever is left of it', { skip: needsRoot }, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    for (const damage of ['maps', 'a map', 'a link', 'something else']) {
      withDevice((device) => {
        const datapath = Datapath.open({ pins, ...SMALL });
        datapath.addEndpoint(specOf(device));
        datapath.close();
        const found = Datapath.list(pins);
        for (const { path, kind } of found) {
          const goes =
            (damage === 'maps' && kind === 'map') ||
            (damage === 'a map' && path.endsWith('/endpoints') && kind === 'map') ||
            (damage === 'a link' && path.endsWith('/from'));
          if (goes) unlinkSync(path);
        }
        if (damage === 'something else') {
          mkdirSync(join(pins, 'more'));
          using map = createMap({ ...generations, name: 'more' });
          map.pin(join(pins, 'more', 'maps'));
        }
        Datapath.remove(pins);
        assert.equal(existsSync(pins), false, damage);
      });
    }
  });
});

test('maps of another version are refused, or replaced while endpoints go on', {
  skip: needsRoot,
}, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    withDevice((device) => {
      {
        using datapath = Datapath.open({ pins, ...SMALL });
        datapath.apply({ policies: [{ identity: 300, entries: [ALLOW] }] });
        datapath.addEndpoint(specOf(device));
      }
      const [maps = ''] = readdirSync(pins).filter((name) => name.startsWith('maps-'));
      renameSync(join(pins, maps), join(pins, 'maps-0123456789ab'));
      assert.throws(() => Datapath.open({ pins }), { code: 'WRONG_TYPE', message: /another version/ });
      using link = Link.openPinned(join(pins, 'endpoints', String(device), 'from'));
      const before = link.info();
      using datapath = Datapath.open({ pins, otherLayout: 'replace', ...SMALL });
      assert.equal(datapath.adopted, false);
      assert.deepEqual(datapath.policyIdentities(), []);
      assert.deepEqual(link.info(), before, 'its program is there, with the maps that it has');
      assert.deepEqual(datapath.endpoints(), [{ device }], 'and waits to be added again');
      datapath.addEndpoint(specOf(device));
      assert.deepEqual(datapath.endpoints(), [{ device, spec: specOf(device) }]);
      assert.notEqual(link.info().programId, before.programId);
      assert.equal(link.info().id, before.id);
    });
  });
});

test('pins that are damaged are refused, or replaced', { skip: needsRoot }, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    Datapath.open({ pins, ...SMALL }).close();
    const [maps = ''] = readdirSync(pins).filter((name) => name.startsWith('maps-'));
    unlinkSync(join(pins, maps, 'ipcache'));
    assert.throws(() => Datapath.open({ pins }), { code: 'NOT_FOUND', message: /damaged/ });
    using datapath = Datapath.open({ pins, otherLayout: 'replace', ...SMALL });
    assert.equal(datapath.adopted, false);
  });
});
