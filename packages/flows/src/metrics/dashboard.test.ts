/** The dashboard that comes with the docs asks for metrics and labels that there are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { METRIC_KINDS } from './metric-kinds.ts';

const file = new URL('../../../../docs/flows-dashboard.json', import.meta.url);
const LABELS = new Map<string, readonly string[]>([
  ...Object.values(METRIC_KINDS).map(({ name, labels }) => [name, labels] as const),
  ['hubble_lost_events_total', ['source']],
  ['waggle_forward_bytes_total', ['direction']],
]);

test('the dashboard asks for what there is', () => {
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { panels: { targets: { expr: string }[] }[] };
  const asked = new Set<string>();
  for (const { expr } of panels.flatMap(({ targets }) => targets)) {
    const [name = ''] = /(?:hubble|waggle)_\w+/.exec(expr) ?? [];
    const labels = LABELS.get(name);
    assert.ok(labels, `${expr}: there is no such metric`);
    asked.add(name);
    const by = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(/, */) ?? [];
    const where = [...expr.matchAll(/(\w+)=~?"/g)].map(([, label = '']) => label);
    for (const label of [...by, ...where])
      assert.ok(label === 'instance' || labels.includes(label), `${expr}: ${label}`);
  }
  assert.deepEqual([...asked].sort(), [...LABELS.keys()].sort());
});
