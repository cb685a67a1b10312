import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatLabel, parseLabel } from '../labels/label.ts';
import { LabelFilter } from './label-filter.ts';

const kept = (filter: LabelFilter, ...labels: string[]): string[] =>
  filter.split(labels.map((label) => parseLabel(label, 'k8s'))).identity.map(formatLabel);

describe('without rules of the user', () => {
  const filter = new LabelFilter();

  test('labels that differ from instance to instance are left out', () => {
    const noise = [
      'pod-template-hash=6b7bc6df8d',
      'pod-template-generation=2',
      'controller-revision-hash=6b7bc6df8d',
      'io.kubernetes.container.name=web',
      'statefulset.kubernetes.io/pod-name=db-0',
      'batch.kubernetes.io/job-name=x',
      'beta.kubernetes.io/os=linux',
      'k8s.io/x=y',
      'container:annotation.kubernetes=1',
      'etcd_node=etcd-1',
    ];
    assert.deepEqual(kept(filter, ...noise), []);
  });

  test('what policies speak of stays', () => {
    const meant = [
      'k8s:app=web',
      'k8s:io.kubernetes.pod.namespace=prod',
      'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=prod',
      'k8s:io.cilium.k8s.policy.serviceaccount=web',
      'k8s:app.kubernetes.io/name=web',
      'reserved:host',
      'container:role=front',
    ];
    assert.deepEqual(kept(filter, ...meant), meant);
  });
});

describe('the user’s rules', () => {
  test('leave labels out', () => {
    const filter = new LabelFilter(['!k8s:release', '!version$']);
    assert.deepEqual(kept(filter, 'release-2', 'container:release-2', 'version=1', 'versions=2'), [
      'container:release-2',
      'k8s:versions=2',
    ]);
  });

  test('that name labels leave out all others, but for what always counts', () => {
    const filter = new LabelFilter(['k8s:app']);
    assert.deepEqual(
      kept(
        filter,
        'app=web',
        'tier=1',
        'container:app=web',
        'reserved:host',
        'io.kubernetes.pod.namespace=x',
      ),
      ['k8s:app=web', 'reserved:host', 'k8s:io.kubernetes.pod.namespace=x'],
    );
  });

  test('that match more of the key win against those that leave it out', () => {
    assert.deepEqual(kept(new LabelFilter(['pod-template-hash']), 'pod-template-hash=1'), []);
    assert.deepEqual(
      kept(new LabelFilter(['io\\.kubernetes\\.container']), 'io.kubernetes.container.name=x'),
      ['k8s:io.kubernetes.container.name=x'],
    );
  });

  test('must be expressions', () => {
    assert.throws(() => new LabelFilter(['k8s:(']), /label rule "k8s:\(" has no valid expression.*SOURCE/);
    assert.throws(() => new LabelFilter(['!']), /it is empty/);
  });
});

test('what is not part of the identity is kept apart', () => {
  const { information } = new LabelFilter().split([parseLabel('k8s:app=web'), parseLabel('k8s:etcd_node=a')]);
  assert.deepEqual(information.map(formatLabel), ['k8s:etcd_node=a']);
});
