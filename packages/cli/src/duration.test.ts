import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agoText, durationText, parseDuration } from './duration.ts';

test('durations are numbers with units, seconds without', () => {
  const cases = {
    '30': 30_000,
    '500ms': 500,
    '1.5s': 1500,
    '2m': 120_000,
    '2 min': 120_000,
    '1h': 3_600_000,
  };
  for (const [text, milliseconds] of Object.entries(cases)) assert.equal(parseDuration(text), milliseconds);
  for (const text of ['', '-1', 'soon', '5 days', '1s2'])
    assert.throws(() => parseDuration(text), /500ms, 30s/);
});

test('spans are told in their two greatest units', () => {
  const cases: [number, string][] = [
    [-5, '0 s'],
    [0, '0 s'],
    [999, '999 ms'],
    [59_999, '59 s'],
    [125_000, '2 min 5 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [100_000_000, '1 d 3 h'],
  ];
  for (const [milliseconds, text] of cases) assert.equal(durationText(milliseconds), text);
  assert.equal(agoText('2026-03-01T11:59:57Z', Date.parse('2026-03-01T12:00:00Z')), '3 s ago');
  assert.equal(agoText(undefined, 0), 'never');
});
