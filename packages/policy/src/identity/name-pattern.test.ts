import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesName } from './name-pattern.ts';

test('patterns match within a label, or any depth below', () => {
  const cases: [string, string, boolean][] = [
    ['api.example.com.', 'api.example.com.', true],
    ['api.example.com.', 'apixexample.com.', false],
    ['*.example.com.', 'api.example.com.', true],
    ['*.example.com.', 'a.b.example.com.', false],
    ['*.example.com.', 'example.com.', false],
    ['**.example.com.', 'a.b.example.com.', true],
    ['**.example.com.', 'example.com.', false],
    ['a*z.example.com.', 'abz.example.com.', true],
    ['a*z.example.com.', 'az.example.com.', true],
    ['*.', 'anything.at.all.', true],
  ];
  for (const [pattern, name, expected] of cases)
    assert.equal(matchesName(pattern, name), expected, `${pattern} ${name}`);
});
