/** A change that fails has changed nothing; one that is cut off anywhere leaves a state from which the next one goes on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openMap } from '@waggle/kernel';
import { needsRoot, withBpffs } from '../../kernel/src/testing/lab.ts';
import type { Datapath as DatapathType } from './datapath.ts';
import { policy } from './policy.bpf.ts';
import type { PolicyMapEntry } from './policy-map.ts';
import { type Fault, InjectedFault, withFault } from './testing/faults.ts';

const { Datapath } = await import('./datapath.ts');

const SIZES = { maxConnections: 64, maxPolicyEntries: 64, maxPeers: 64, maxEndpoints: 16, maxPolicies: 8 };

const entry = (identity: number, action: 'allow' | 'deny'): PolicyMapEntry => ({
  direction: 'ingress',
  identity,
  protocol: 6,
  port: 80,
  portPrefix: 16,
  action,
  audit: false,
});
const entries = (action: 'allow' | 'deny', ...identities: number[]) => ({
  entries: identities.map((identity) => entry(identity, action)),
  target: () => ({ cookie: 1 }),
});

/** Two versions in which everything differs: entries, policies that come and go, peers that come, go and change. */
const BEFORE = {
  policies: [
    { identity: 1, ...entries('allow', 10, 11, 12) },
    { identity: 2, ...entries('allow', 10) },
    { identity: 3, ...entries('deny', 10) },
    { identity: 4, entries: null },
    { identity: 5, ...entries('deny', 5) },
  ],
  peers: [
    { prefix: '10.0.0.0/8', identity: 20 },
    { prefix: '10.1.0.0/16', identity: 21 },
    { prefix: '10.2.0.0/16', identity: null },
    { prefix: '10.3.0.0/16', identity: null },
    { prefix: '10.1.0.1/32', identity: 25 },
    { prefix: '2001:db8::1/128', identity: 26 },
    { prefix: '10.1.0.2/32', identity: null },
  ],
};
const AFTER = {
  policies: [
    { identity: 1, ...entries('deny', 11, 12, 13) },
    { identity: 2, ...entries('allow', 10) },
    { identity: 3, entries: null },
    { identity: 4, ...entries('allow', 10, 11) },
    { identity: 5, ...entries('deny', 6) },
  ],
  peers: [
    { prefix: '10.0.0.0/8', identity: 22 },
    { prefix: '10.1.0.0/16', identity: null },
    { prefix: '10.2.0.0/16', identity: 23 },
    { prefix: '10.3.0.0/16', identity: 24 },
    { prefix: '10.1.0.1/32', identity: null },
    { prefix: '2001:db8::1/128', identity: 27 },
    { prefix: '10.1.0.2/32', identity: 28 },
  ],
};

/** Policies by identity. */
function policiesOf(datapath: DatapathType): Record<string, unknown> {
  const list = datapath
    .policyIdentities()
    .map((identity) => [identity, datapath.policyEntries(identity)] as const);
  return Object.fromEntries(list);
}

const peersOf = (datapath: DatapathType): Record<string, number> =>
  Object.fromEntries([...datapath.peers()].map(({ prefix, identity }) => [prefix, identity]));

const stateOf = (datapath: DatapathType) => ({ policies: policiesOf(datapath), peers: peersOf(datapath) });

/** What is in both sets, which is the same once a change has settled. */
function assertSettled(datapath: DatapathType): void {
  const sets: Record<number, unknown>[] = [{}, {}];
  for (const [{ identity, set }, id] of datapath.maps.policies) {
    using map = openMap({ id }, policy);
    const content = [...map];
    const rows = sets[set];
    if (rows) rows[identity] = content;
  }
  assert.deepEqual(sets[0], sets[1]);
}

/** Every place at which a change can fail, until there is none any more. */
function everyFault(forGood: boolean, body: (fault: Fault) => boolean): number {
  for (let at = 0; ; at++) {
    const reached = [false, true].map((halfWay) => body({ at, halfWay, forGood }));
    if (!reached.includes(true)) return at;
  }
}

/** The states of before and after. */
function states() {
  using datapath = Datapath.create(SIZES);
  datapath.apply(BEFORE);
  const before = stateOf(datapath);
  datapath.apply(AFTER);
  const after = stateOf(datapath);
  assert.notDeepEqual(before.policies, after.policies);
  return { before, after };
}

test('a change that fails has changed nothing', { skip: needsRoot }, () => {
  const { before, after } = states();
  using datapath = Datapath.create(SIZES);
  const places = everyFault(false, (fault) => {
    datapath.apply(BEFORE);
    const failed = withFault(fault, () => {
      try {
        datapath.apply(AFTER);
      } catch (error) {
        assert.ok(error instanceof InjectedFault);
        assert.deepEqual(stateOf(datapath), before, `${JSON.stringify(fault)} ${error.message}`);
      }
    });
    datapath.apply(AFTER);
    assert.deepEqual(stateOf(datapath), after);
    return failed;
  });
  assert.ok(places > 8, `${places} places`);
});

test('a change that is cut off leaves one version or the other, from which the next goes on', {
  skip: needsRoot,
}, async () => {
  const { before, after } = states();
  await withBpffs((bpffs) => {
    const pins = join(bpffs, 'waggle');
    const places = everyFault(true, (fault) => {
      {
        using datapath = Datapath.open({ pins, ...SIZES });
        datapath.apply(BEFORE);
      }
      const cutOff = withFault(fault, () => {
        const datapath = Datapath.open({ pins });
        try {
          datapath.apply(AFTER);
        } catch (error) {
          assert.ok(error instanceof InjectedFault);
        } finally {
          datapath.close();
        }
      });
      using datapath = Datapath.open({ pins });
      const found = stateOf(datapath);
      const which = [before, after].map(({ policies }) => JSON.stringify(policies));
      assert.ok(which.includes(JSON.stringify(found.policies)), `${JSON.stringify(fault)} leaves a mixture`);
      datapath.apply(AFTER);
      assert.deepEqual(stateOf(datapath), after);
      datapath.apply({});
      datapath.close();
      using again = Datapath.open({ pins });
      assertSettled(again);
      return cutOff;
    });
    assert.ok(places > 10, `${places} places`);
  });
});
