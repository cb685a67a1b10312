import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Label, parseLabel } from '../labels/label.ts';
import { IdentityAllocator } from './allocator.ts';
import { cidrLabels, nameLabels } from './outside.ts';
import { reservedIdentities, wellKnownIdentities } from './well-known.ts';

const labels = (...texts: string[]): Label[] => texts.map((text) => parseLabel(text, 'k8s'));

test('the same set of labels has the same number, in any order and with repetitions', () => {
  const allocator = new IdentityAllocator();
  const { id } = allocator.allocate(labels('app=web', 'role=front'));
  assert.equal(id, 256);
  assert.equal(allocator.allocate(labels('role=front', 'app=web', 'app=web')).id, id);
  assert.notEqual(allocator.allocate(labels('app=web')).id, id);
  assert.notEqual(allocator.allocate([parseLabel('container:app=web'), parseLabel('k8s:role=front')]).id, id);
});

test('a number stays until its last user has gone, and is not given again soon', () => {
  const allocator = new IdentityAllocator();
  const { id } = allocator.allocate(labels('app=a'));
  allocator.allocate(labels('app=a'));
  assert.equal(allocator.release(id), false);
  assert.equal(allocator.release(id), true);
  assert.equal(allocator.release(id), false);
  assert.equal(allocator.allocate(labels('app=b')).id, id + 1);
  assert.equal(allocator.allocate(labels('app=a')).id, id + 2);
});

test('when all numbers are in use there is an error that says what to do', () => {
  const allocator = IdentityAllocator.restore({
    next: 65535,
    nextLocal: 1 << 24,
    identities: Array.from({ length: 65535 - 256 }, (_, i) => ({
      id: 256 + i,
      labels: [`k8s:n=${i}`],
      users: 1,
    })),
  });
  assert.equal(allocator.allocate(labels('app=last')).id, 65535);
  assert.throws(() => allocator.allocate(labels('app=more')), /from 256 to 65535 are in use.*labelReport/);
  allocator.release(300);
  assert.equal(allocator.allocate(labels('app=more')).id, 300, 'what was given back comes round');
});

describe('numbers that are not allocated', () => {
  test('reserved labels have theirs', () => {
    const allocator = new IdentityAllocator();
    for (const { id, labels: own } of reservedIdentities().filter(({ id }) => id !== 7)) {
      assert.equal(allocator.allocate(own).id, id);
      assert.equal(allocator.release(id), false);
    }
    assert.equal(allocator.allocate(labels('reserved:host', 'zone=a')).id, 1);
    assert.equal(allocator.allocate(labels('reserved:remote-node', 'zone=a')).id, 6);
    assert.equal(allocator.allocate(labels('reserved:remote-node', 'reserved:kube-apiserver')).id, 7);
    assert.deepEqual(allocator.identities(), []);
  });

  test('a workload does not get a reserved number by adding a reserved label to its own', () => {
    assert.equal(new IdentityAllocator().allocate(labels('reserved:health', 'app=x')).id, 256);
  });

  test('well-known workloads are 100 to 115', () => {
    const identities = wellKnownIdentities({ clusterName: 'east' });
    assert.deepEqual(
      identities.map(({ id }) => id),
      Array.from({ length: 16 }, (_, i) => 100 + i),
    );
    const dns = labels(
      'k8s-app=kube-dns',
      'io.kubernetes.pod.namespace=kube-system',
      'io.cilium.k8s.policy.serviceaccount=coredns',
      'io.cilium.k8s.policy.cluster=east',
    );
    const allocator = new IdentityAllocator({ clusterName: 'east' });
    assert.equal(allocator.allocate(dns).id, 104);
    const named = labels('io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=kube-system');
    assert.equal(allocator.allocate([...dns, ...named]).id, 112);
    assert.equal(new IdentityAllocator().allocate(dns).id, 256, 'another cluster');
  });

  test('fixed ones are the user’s choice, 128 to 255', () => {
    const fixed = [{ id: 130, labels: labels('app=bastion') }];
    assert.equal(new IdentityAllocator({ fixed }).allocate(labels('app=bastion')).id, 130);
    const at = (...ids: number[]) => ids.map((id) => ({ id, labels: labels(`n=${id}`) }));
    assert.throws(() => new IdentityAllocator({ fixed: at(127) }), /127 is not from 128 to 255/);
    assert.throws(() => new IdentityAllocator({ fixed: at(200, 200) }), /200 is there twice/);
  });
});

test('CIDRs and names have numbers of this host’s own', () => {
  const allocator = new IdentityAllocator();
  assert.equal(allocator.allocate(cidrLabels('10.0.0.0/8')).id, 1 << 24);
  assert.equal(allocator.allocate(nameLabels('api.example.com.')).id, (1 << 24) + 1);
  assert.equal(allocator.allocate(cidrLabels('0.0.0.0/0')).id, 2);
  assert.equal(allocator.allocate(cidrLabels('::/0', { worldByFamily: true })).id, 10);
});

test('a restored allocator goes on as the one that was saved', () => {
  const step = fc.record({ name: fc.nat(9), release: fc.boolean() });
  const run = (
    allocator: IdentityAllocator,
    steps: readonly { name: number; release: boolean }[],
  ): unknown[] =>
    steps.map(({ name, release }) => {
      const set = name < 5 ? labels(`n=${name}`) : cidrLabels(`10.${name}.0.0/16`);
      if (!release) return allocator.allocate(set).id;
      const { id } = allocator.allocate(set);
      allocator.release(id);
      return allocator.release(id);
    });
  fc.assert(
    fc.property(fc.array(step), fc.array(step), (before, after) => {
      const original = new IdentityAllocator();
      run(original, before);
      const saved: ReturnType<IdentityAllocator['snapshot']> = JSON.parse(
        JSON.stringify(original.snapshot()),
      );
      const restored = IdentityAllocator.restore(saved);
      assert.deepEqual(run(restored, after), run(original, after));
      assert.deepEqual(restored.snapshot(), original.snapshot());
    }),
  );
});

test('a saved state in which a number is twice is refused', () => {
  const identities = ['k8s:a=1', 'k8s:a=2'].map((label) => ({ id: 256, labels: [label], users: 1 }));
  assert.throws(
    () => IdentityAllocator.restore({ next: 257, nextLocal: 1 << 24, identities }),
    /256 .* twice/,
  );
});
