import assert from 'node:assert/strict';
import { test } from 'node:test';
import { features } from './catalogue.ts';
import type { ProbeResult } from './feature.ts';
import { neededFeatures, unmetNeeds } from './needs.ts';

const missing = { available: false, reason: 'too old', detail: 'needs Linux 6.6, this is 5.15' } as const;
const all = new Map<string, ProbeResult>(neededFeatures.map((name) => [name, { available: true }]));

test('every needed feature is in the catalogue', () => {
  for (const name of neededFeatures) assert.ok(features.has(name), name);
});

test('nothing is unmet where everything is there', () => {
  assert.deepEqual(unmetNeeds(all), []);
});

test('one of two ways is enough', () => {
  assert.deepEqual(unmetNeeds(new Map([...all, ['attach tcx', missing]])), []);
  assert.deepEqual(unmetNeeds(new Map([...all, ['attach clsact', missing]])), []);
});

test('a need without any of its ways names the first', () => {
  const unmet = unmetNeeds(new Map([...all, ['attach tcx', missing], ['attach clsact', missing]]));
  assert.deepEqual(unmet, [
    { purpose: 'to enforce policy on network devices', feature: 'attach tcx', result: missing },
  ]);
});

test('every missing feature is named', () => {
  const unmet = unmetNeeds(new Map([...all, ['map hash', missing], ['network veth', missing]]));
  assert.deepEqual(
    unmet.map(({ feature }) => feature),
    ['map hash', 'network veth'],
  );
});
