/** Datapaths that are pinned: opened again they are what they were; nobody else can open them meanwhile; removed, nothing is left. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsRoot, withBpffs } from '../../kernel/src/testing/lab.ts';
import { Lab } from '../../kernel/src/testing/namespaces.ts';
import type { EndpointSpec } from './endpoint-table.ts';

await import('@waggle/compiler/register');
const { Datapath } = await import('./datapath.ts');

const SIZES = { maxConnections: 64, maxPolicyEntries: 64, maxPeers: 64, maxEndpoints: 16, maxPolicies: 8 };
const MACS = { mac: '02:00:00:00:00:01', gatewayMac: '02:77:61:67:67:01' };
const ALLOW = {
  direction: 'ingress',
  identity: 301,
  protocol: 6,
  port: 80,
  portPrefix: 16,
  action: 'allow',
  audit: false,
} as const;

/** A device in a namespace of its own. */
function withDevice(body: (device: number, lab: Lab) => void): void {
  const lab = new Lab();
  try {
    lab.join();
    const device = lab.host.links.index('veth0');
    lab.hostNamespace.run(() => body(device, lab));
  } finally {
    lab.close();
  }
}

const specOf = (device: number): EndpointSpec => ({
  interface: device,
  identity: 300,
  ipv4: '10.0.0.1',
  ipv6: '2001:db8::1',
  ...MACS,
});

test('what is pinned is found again', { skip: needsRoot }, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    withDevice((device) => {
      const peers = [
        { prefix: '10.1.0.0/16', identity: 1000 },
        { prefix: '2001:db8:2::/48', identity: 1001 },
      ];
      {
        using datapath = Datapath.open({ pins, ...SIZES });
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
      assert.equal(datapath.maps.connections?.info().maxEntries, SIZES.maxConnections, 'as it was made');
    });
  });
});

test('pins are for root alone', { skip: needsRoot }, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    using _datapath = Datapath.open({ pins, ...SIZES });
    for (const { path, kind } of Datapath.list(pins)) {
      assert.equal(statSync(path).mode & 0o777, kind === 'directory' ? 0o700 : 0o600, path);
    }
  });
});

test('nobody else opens or removes what is open', { skip: needsRoot }, async () => {
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    {
      using _datapath = Datapath.open({ pins, ...SIZES });
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
      using datapath = Datapath.open({ pins, ...SIZES });
      datapath.addEndpoint(specOf(device));
    });
    assert.ok(Datapath.list(pins).length > 8);
    Datapath.remove(pins);
    assert.equal(existsSync(pins), false);
    assert.deepEqual(Datapath.remove(pins), [], 'nor is that an error');
  });
});
