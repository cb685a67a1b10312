import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicies } from '../rules/parse.ts';
import { formatPlace, formatReference, ruleName } from './rule-reference.ts';

const names = (text: string): string[] => parsePolicies(text).rules.map(ruleName);

test('rules are called by their documents, or by what they say themselves', () => {
  const named = (namespace: string): string =>
    `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: web${namespace} }
spec: { endpointSelector: {}, ingress: [{}] }`;
  assert.deepEqual(names(named('')), ['web']);
  assert.deepEqual(names(named(', namespace: shop')), ['shop/web']);
  assert.deepEqual(names(named(', namespace: default')), ['web']);
  const bare = (selector: string, more = ''): string =>
    `endpointSelector: ${selector}\ningress: [{}]\n${more}`;
  assert.deepEqual(names(bare('{}', 'labels: [name=mine]')), ['mine']);
  assert.deepEqual(names(bare('{ matchLabels: { app: web } }')), ['rule for app=web']);
  assert.deepEqual(names(bare('{}')), ['rule for all endpoints']);
});

test('places lead editors to the line, as far as it is known', () => {
  assert.equal(formatPlace({ file: 'a.yaml', line: 3, path: 'spec' }), 'a.yaml:3');
  assert.equal(formatPlace({ file: 'a.yaml', path: 'spec' }), 'a.yaml');
  assert.equal(formatPlace({ line: 3, path: 'spec' }), 'line 3');
  assert.equal(formatReference({ name: 'web', place: { path: '' } }), 'web');
});
