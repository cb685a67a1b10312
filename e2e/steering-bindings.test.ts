/** Bindings in the kernel: what has no room, what was interrupted, and what stays when others change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetworkNamespace } from '@waggle/kernel';
import type { Binding, Steering as SteeringType } from '@waggle/steering';
import { needsRoot, uniqueName, withBpffs } from '../packages/kernel/src/testing/lab.ts';

await import('@waggle/compiler/register');
const { BindingStore, labelStatus, parseBinding, Steering } = await import('@waggle/steering');

const binding = (label: string, prefix: string, port: string, missing = 'drop'): Binding =>
  parseBinding({ label, protocol: 'tcp', prefix, port, missing });

async function loaded(body: (steering: SteeringType) => void): Promise<void> {
  await withBpffs((bpffs) => {
    const namespace = NetworkNamespace.create(uniqueName());
    try {
      using steering = Steering.load({ namespace, bpffs });
      body(steering);
    } finally {
      Steering.unload({ namespace, bpffs });
      namespace.remove();
    }
  });
}

/** Counts for a binding, as the program does. */
function count(steering: SteeringType, port: number, lookups: bigint): void {
  for (const [key, target] of steering.maps.targets) {
    if (key.port === port) steering.maps.targets.set(key, { ...target, lookups });
  }
}

test('what has no room is refused, and nothing is changed', { skip: needsRoot, timeout: 60_000 }, () =>
  loaded((steering) => {
    const store = new BindingStore(steering);
    store.add(binding('www', '10.0.0.0/8', '80'));
    const before = store.list();
    const one = binding('new', '10.0.0.0/8', '1');
    const tooMany = Array.from({ length: 131_073 }, (_, index) => ({
      ...one,
      prefix: { ...one.prefix, bytes: Uint8Array.of(11, index >> 16, index >> 8, index), length: 32 },
    }));
    assert.throws(() => store.replaceAll(tooMany), { code: 'FULL', message: /no room for 131073 bindings/ });
    // Thirty blocks each.
    const ranges = tooMany.slice(0, 10_000).map((each) => ({ ...each, ports: { first: 1, last: 65_534 } }));
    assert.throws(() => store.replaceAll(ranges), {
      code: 'FULL',
      message: /no room for 300001 blocks of ports/,
    });
    assert.throws(() => store.replaceAll([one, binding('x', '::/0', '1', 'fallback:wwww')]), {
      code: 'NOT_FOUND',
    });
    assert.throws(() => store.replaceAll([one, one]), { code: 'EXISTS' });
    assert.deepEqual(store.list(), before);
    assert.deepEqual(
      labelStatus(steering).map(({ label }) => label),
      ['www'],
    );
    assert.equal([...steering.maps.targets].length, 1);
  }),
);

test('counts stay with the bindings that stay', { skip: needsRoot, timeout: 60_000 }, () =>
  loaded((steering) => {
    const store = new BindingStore(steering);
    const [old, kept] = [binding('www', '10.0.0.0/8', '80'), binding('www', '10.0.0.0/8', '81')];
    store.replaceAll([old, kept]);
    count(steering, 80, 5n);
    count(steering, 81, 7n);
    store.add(binding('dns', '10.0.0.0/8', '*'));
    store.remove(old);
    const counts = () => store.list().map(({ label, ports, lookups }) => [label, ports.first, lookups]);
    assert.deepEqual(counts(), [
      ['www', 81, 7n],
      ['dns', 0, 0n],
    ]);
    const diff = store.replaceAll([{ ...kept, label: 'web' }, binding('web', '::/0', '5')]);
    assert.deepEqual(
      [diff.added.length, diff.removed.length, diff.changed.length, diff.unchanged],
      [1, 1, 1, 0],
    );
    assert.equal(diff.removed[0]?.label, 'dns');
    assert.deepEqual(counts(), [
      ['web', 81, 7n],
      ['web', 5, 0n],
    ]);
  }),
);

test(
  'what an interrupted replacement has left does not count, and goes with the next',
  { skip: needsRoot, timeout: 60_000 },
  () =>
    loaded((steering) => {
      const store = new BindingStore(steering);
      store.replaceAll([binding('www', '10.0.0.0/8', '80')]);
      const before = store.list();
      // As if a process had been killed before the switch: targets and levels of the generation that is not in use.
      for (const [key, target] of [...steering.maps.targets]) {
        for (const port of [90, 91])
          steering.maps.targets.set({ ...key, port, generation: 1 - key.generation }, target);
      }
      assert.deepEqual(store.list(), before);
      store.replaceAll([binding('www', '10.0.0.0/8', '82')]);
      assert.deepEqual(
        [...steering.maps.targets].map(([key]) => key.port),
        [82],
      );
    }),
);
