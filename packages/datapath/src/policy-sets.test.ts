/** Policies that were prepared: in force without a wait, and never anything but whole. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { openMap, TableMap } from '@waggle/kernel';
import { needsRoot, withBpffs } from '../../kernel/src/testing/lab.ts';
import { Datapath } from './datapath.ts';
import { policy } from './policy.bpf.ts';
import type { PolicyMapEntry } from './policy-map.ts';
import { SMALL } from './testing/device.ts';

const ENTRY: PolicyMapEntry = {
  direction: 'ingress',
  identity: 10,
  protocol: 6,
  port: 80,
  portPrefix: 16,
  action: 'allow',
  audit: false,
};
const target = () => ({ cookie: 1 });

/** How many entries each identity has in each set. */
function sets(datapath: Datapath): Record<string, number> {
  return Object.fromEntries(
    [...datapath.maps.policies]
      .map(([{ identity, set }, id]) => {
        using map = openMap({ id }, policy);
        return [`${identity} in ${set}`, [...map].length] as const;
      })
      .sort(),
  );
}

test('a prepared identity gets its policy without a wait', { skip: needsRoot }, async () => {
  using datapath = Datapath.create(SMALL);
  await datapath.preparePolicy(300);
  assert.deepEqual(sets(datapath), { '300 in 0': 0, '300 in 1': 0 });
  // What is new in the map of policies is what the kernel lets us wait for.
  const changes = mock.method(TableMap.prototype, 'setAll');
  const rows = () => changes.mock.calls.filter(({ this: map }) => map === datapath.maps.policies).length;
  datapath.setPolicy(300, [ENTRY], target);
  assert.deepEqual(datapath.policyEntries(300), [{ ...ENTRY, cookie: 1, proxyPort: 0 }]);
  datapath.apply({ policies: [{ identity: 300, entries: [ENTRY, { ...ENTRY, identity: 11 }], target }] });
  assert.equal(rows(), 0);
  datapath.setPolicy(301, [ENTRY], target);
  assert.equal(rows(), 1, 'where it was not prepared');
  changes.mock.restore();
  assert.deepEqual(datapath.policyIdentities().sort(), [300, 301]);
});

test('what is there, or has no room, is not prepared', { skip: needsRoot }, async () => {
  using datapath = Datapath.create(SMALL);
  datapath.setPolicy(300, [ENTRY], target);
  await datapath.preparePolicy(300);
  assert.equal(datapath.policyEntries(300)?.length, 1);
  datapath.setPolicy(301, [ENTRY], target);
  await datapath.preparePolicy(302);
  assert.deepEqual(datapath.policyIdentities().sort(), [300, 301]);
  assert.throws(() => datapath.setPolicy(302, [ENTRY], target), { code: 'FULL' });
});

test('a policy that comes while it is prepared is in force, in both sets', { skip: needsRoot }, async () => {
  using datapath = Datapath.create(SMALL);
  const prepared = datapath.preparePolicy(300);
  datapath.setPolicy(300, [ENTRY], target);
  assert.equal(datapath.policyEntries(300)?.length, 1);
  await prepared;
  assert.equal(datapath.policyEntries(300)?.length, 1);
  datapath.setPolicy(301, [ENTRY], target);
  datapath.removePolicy(301);
  assert.equal(datapath.policyEntries(300)?.length, 1);
  await datapath.preparePolicy(302);
  assert.equal(sets(datapath)['300 in 0'], 1);
  assert.equal(sets(datapath)['300 in 1'], 1);
});

test('what is being prepared when the process ends is the same in both sets afterwards', {
  skip: needsRoot,
}, async () => {
  await withBpffs(async (bpffs) => {
    const pins = join(bpffs, 'waggle');
    {
      using datapath = Datapath.open({ pins, ...SMALL });
      void datapath.preparePolicy(300);
    }
    // As if the process had ended between the two.
    await new Promise((resolve) => setTimeout(resolve, 100));
    {
      using datapath = Datapath.open({ pins });
      assert.equal(datapath.maps.generations.get(1), 1, 'it is on record that they may differ');
      datapath.maps.policies.delete({ identity: 300, set: 1 });
    }
    using datapath = Datapath.open({ pins });
    datapath.setPolicy(300, [ENTRY], target);
    assert.equal(datapath.policyEntries(300)?.length, 1);
  });
});
