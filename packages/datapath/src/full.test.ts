/** Maps that are full: what did not fit is named, with what makes the map larger, and nothing of the change is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsRoot } from '../../kernel/src/testing/lab.ts';
import type { Datapath as Open } from './datapath.ts';
import type { PolicyMapEntry } from './policy-map.ts';
import { SMALL, specOf, withDevice } from './testing/device.ts';

await import('@waggle/compiler/register');
const { Datapath } = await import('./datapath.ts');

const entries = (count: number): PolicyMapEntry[] =>
  Array.from({ length: count }, (_, index) => ({
    direction: 'ingress',
    identity: 1000 + index,
    protocol: 6,
    port: 80,
    portPrefix: 16,
    action: 'allow',
    audit: false,
  }));
const peers = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ prefix: `10.${index}.0.0/16`, identity: 2000 + index }));

const stateOf = (datapath: Open) => ({
  policies: datapath.policyIdentities().map((identity) => [identity, datapath.policyEntries(identity)]),
  peers: [...datapath.peers()],
});

/** Fills a datapath, then makes a change that does not fit. */
function assertNothingChanges(change: Parameters<Open['apply']>[0], error: object) {
  using datapath = Datapath.create(SMALL);
  datapath.apply({ policies: [{ identity: 300, entries: entries(3) }], peers: peers(3) });
  const before = stateOf(datapath);
  assert.throws(() => datapath.apply(change), error);
  assert.deepEqual(stateOf(datapath), before);
  datapath.apply({ policies: [{ identity: 300, entries: entries(8) }], peers: peers(8) });
  assert.equal(datapath.policyEntries(300)?.length, 8, 'what fits goes on to fit');
}

test('a policy that does not fit', { skip: needsRoot }, () => {
  const error = {
    code: 'FULL',
    message: /the policy of identity 300 is full: it has room for 8 entries\. Give a larger maxPolicyEntries/,
  };
  const others = { identity: 301, entries: entries(1) };
  assertNothingChanges(
    { policies: [others, { identity: 300, entries: entries(9) }], peers: peers(4) },
    error,
  );
  const upserted = entries(9).slice(3);
  assertNothingChanges({ policies: [{ identity: 300, upserted, removed: [] }] }, error);
});

test('more policies than there is room for', { skip: needsRoot }, () => {
  const more = [301, 302].map((identity) => ({ identity, entries: entries(1) }));
  const error = {
    code: 'FULL',
    message: /policies is full: it has room for 2 entries\. Give a larger maxPolicies/,
  };
  assertNothingChanges({ policies: [...more, { identity: 300, entries: [] }] }, error);
});

test('a policy in the place of another one, where there is room for no more', { skip: needsRoot }, () => {
  using datapath = Datapath.create(SMALL);
  const policyOf = (identity: number, count: number) => ({ identity, entries: entries(count) });
  datapath.apply({ policies: [policyOf(300, 3), policyOf(301, 2)] });
  datapath.apply({ policies: [{ identity: 300, entries: null }, policyOf(302, 1)] });
  assert.deepEqual(datapath.policyIdentities().sort(), [301, 302]);
  assert.equal(datapath.policyEntries(302)?.length, 1);
});

test('more peers than there is room for', { skip: needsRoot }, () => {
  const error = {
    code: 'FULL',
    message: /peers is full: it has room for 8 entries\. Give a larger maxPeers/,
  };
  const policies = [{ identity: 300, entries: entries(1) }];
  assertNothingChanges(
    { policies, peers: [{ prefix: '10.0.0.0/16', identity: null }, ...peers(10).slice(1)] },
    error,
  );
  const hosts = Array.from({ length: 9 }, (_, index) => ({ prefix: `10.0.0.${index}/32`, identity: 2000 }));
  assertNothingChanges({ policies, peers: [...peers(5).slice(3), ...hosts] }, error);
});

test('more endpoints than there is room for', { skip: needsRoot }, () => {
  withDevice((device, lab) => {
    lab.host.links.create({ kind: 'veth', name: 'veth1', peer: { name: 'veth2' } });
    const other = lab.host.links.index('veth1');
    using datapath = Datapath.create(SMALL);
    datapath.addEndpoint(specOf(device));
    const error = {
      code: 'FULL',
      message: /endpoints is full: it has room for 2 entries\. Give a larger maxEndpoints/,
    };
    assert.throws(
      () => datapath.addEndpoint(specOf(other, { ipv4: '10.0.0.2', ipv6: '2001:db8::2' })),
      error,
    );
    assert.deepEqual(datapath.endpoints(), [{ device, spec: specOf(device) }]);
    assert.deepEqual(lab.witness(lab.hostNamespace, 'tc', 'filter', 'show', 'dev', 'veth1', 'ingress'), []);
    datapath.removeEndpoint(device);
    datapath.addEndpoint(specOf(other));
    assert.deepEqual(datapath.endpoints(), [{ device: other, spec: specOf(other) }]);
  });
});

test('sizes that no map can have are refused', () => {
  for (const maxPeers of [0, -1, 1.5, 2 ** 25, Number.NaN]) {
    assert.throws(() => Datapath.create({ maxPeers }), { code: 'OUT_OF_RANGE', message: /maxPeers/ });
  }
});
