import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errno } from '../sys/errno.ts';
import { features, probe } from './catalogue.ts';
import { explainRefusal } from './explain.ts';

const codes: Readonly<Record<string, string>> = {
  denied: 'DENIED',
  'locked down': 'LOCKED_DOWN',
  'not built in': 'NOT_SUPPORTED',
  'too old': 'NOT_SUPPORTED',
};

test('a refusal is explained exactly when the feature itself is missing', () => {
  for (const { name, title, group } of features.values()) {
    if (group !== 'maps' && group !== 'programs') continue;
    const result = probe(name);
    const explained = explainRefusal(name, errno.EINVAL);
    if (result.available) assert.deepEqual(explained, {}, name);
    else {
      assert.equal(explained.code, codes[result.reason], name);
      assert.equal(explained.hint, `No ${title} here: ${result.detail}`);
    }
  }
});

test('features that nobody knows explain nothing', () => {
  assert.deepEqual(explainRefusal('map of the world', errno.EINVAL), {});
});

test('what went wrong by chance is not put down to the kernel', () => {
  for (const { name } of features.values()) assert.deepEqual(explainRefusal(name, errno.ENOMEM), {}, name);
});
