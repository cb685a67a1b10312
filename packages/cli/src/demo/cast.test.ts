/** The policies of the story are what its reader finds among the examples, and what the policy language takes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parsePolicies } from '@waggle/policy';
import { CLOSED_POLICY, LANDING_POLICY } from './cast.ts';

test('the first policy is the example', () => {
  const example = new URL(`../../../../examples/policies/${LANDING_POLICY.file}`, import.meta.url);
  assert.equal(LANDING_POLICY.text, readFileSync(example, 'utf8'));
});

test('both are understood, and called what the story calls them', () => {
  for (const { text, file, name } of [LANDING_POLICY, CLOSED_POLICY]) {
    const { documents } = parsePolicies(text, { file });
    assert.deepEqual(
      documents.map((document) => document.name),
      [name],
    );
  }
});
