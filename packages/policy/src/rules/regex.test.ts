import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regexProblem } from './regex.ts';

test('regular expressions of proxies are taken', () => {
  for (const text of [
    '',
    '/',
    '.*',
    '/api/v[0-9]+',
    'GET|POST',
    '(?i)get',
    '(?P<id>[a-z]+)',
    '[[:alpha:]_][^[:space:]]*',
    'a{2,1000}',
    '[]a]',
    '[+]+',
    '\\+\\+',
    'a+?',
    '\\d+\\.\\w*',
    '(a|b)*',
    '(?:x)',
    '\\\\1',
    '[*+]*',
    'é',
  ]) {
    assert.equal(regexProblem(text), undefined, text);
  }
});

test('others are refused, with the reason', () => {
  const cases: [string, RegExp][] = [
    ['*', /nothing to repeat/],
    ['(', /unterminated group/],
    ['[', /unterminated character class/],
    ['[b-a]', /out of order/],
    ['a**', /nothing to repeat/],
    ['a{2,1}', /out of order/],
    ['a{1001}', /more than 1000 times/],
    ['a(?=b)', /looks ahead/],
    ['(?<!a)b', /looks ahead/],
    ['(a)\\1', /refers back/],
    ['a++', /repeats a repetition/],
    ['[[:letters:]]', /is no class/],
  ];
  for (const [text, reason] of cases) assert.match(regexProblem(text) ?? 'taken', reason, text);
});
