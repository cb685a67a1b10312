import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf/messages';
import { changeLabels } from './label-change.ts';

const labels = ['k8s:app=web', 'container:tier=front', 'k8s:canary'];

test('an added label takes the place of one with its source and key', () => {
  assert.deepEqual(changeLabels(labels, { add: ['app=api'] }), [...labels.slice(1), 'app=api']);
  assert.deepEqual(changeLabels(labels, { add: ['tier=back'] }), [...labels, 'tier=back']);
  assert.deepEqual(changeLabels(labels, { add: ['k8s:app=api'] }), [...labels.slice(1), 'k8s:app=api']);
});

test('a label goes by its key, by key and value, or in full', () => {
  assert.deepEqual(changeLabels(labels, { delete: ['app', 'tier=front', 'k8s:canary'] }), []);
  assert.deepEqual(changeLabels(labels, { delete: ['k8s:app'] }), labels.slice(1));
});

test('one that is not there is an error that says what there is', () => {
  for (const unwanted of ['app=api', 'container:app', 'role']) {
    assert.throws(
      () => changeLabels(labels, { delete: [unwanted] }),
      (error) =>
        error instanceof WaggleError &&
        error.message ===
          `The endpoint has no label ${unwanted}. It has k8s:app=web, container:tier=front, k8s:canary`,
    );
  }
});
