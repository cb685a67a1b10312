import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLabel } from '../labels/label.ts';
import type { Rule } from '../rules/rule.ts';
import { labelReport } from './label-report.ts';

const endpoint = (...labels: string[]) => ({ labels: labels.map((label) => parseLabel(label, 'k8s')) });

const rule: Rule = {
  subject: {
    kind: 'endpoints',
    selector: { requirements: [{ source: 'any', key: 'app', operator: 'in', values: ['web'] }] },
  },
  ingress: {
    defaultDeny: true,
    elements: [
      {
        action: 'allow',
        peers: [
          {
            kind: 'endpoints',
            selector: { requirements: [{ source: 'k8s', key: 'tier', operator: 'exists', values: [] }] },
          },
        ],
        requires: [{ requirements: [{ source: 'any', key: 'zone', operator: 'exists', values: [] }] }],
        place: { path: 'ingress[0]' },
      },
    ],
  },
  labels: [],
  audit: false,
  origin: { kind: 'Rule', path: '' },
};

test('it is said of each label how many identities it adds, and how many rules ask for it', () => {
  const endpoints = [
    endpoint('app=web', 'build=1', 'tier=a'),
    endpoint('app=web', 'build=2', 'tier=a'),
    endpoint('app=web', 'build=3', 'container:tier=a'),
    endpoint('app=db', 'build=4', 'tier=b'),
  ];
  const report = labelReport(endpoints, [rule, { ...rule, ingress: { defaultDeny: true, elements: [] } }]);
  assert.equal(report.identities, 4);
  const line = ({
    source,
    key,
    endpoints: count,
    values,
    identitiesAdded,
    rules,
  }: (typeof report.labels)[number]) =>
    `${source}:${key} on ${count}, ${values} values, adds ${identitiesAdded}, ${rules} rules`;
  assert.deepEqual(report.labels.map(line), [
    'k8s:build on 4, 4 values, adds 1, 0 rules',
    'k8s:app on 4, 2 values, adds 0, 2 rules',
    'k8s:tier on 3, 2 values, adds 0, 1 rules',
    'container:tier on 1, 1 values, adds 0, 0 rules',
  ]);
});

test('without endpoints there is nothing to say', () => {
  assert.deepEqual(labelReport([], [rule]), { endpoints: 0, identities: 0, labels: [] });
});
