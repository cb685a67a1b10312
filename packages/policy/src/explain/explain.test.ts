import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type ExplainedRow, type Explanation, explain } from './explain.ts';
import { foldRanges, formatRange } from './port-range.ts';
import { formatReference } from './rule-reference.ts';
import { BACKEND, BATCH, DATABASE, FRONTEND, OFFICE, rule, shop } from './testing/shop.ts';

const line = ({ direction, peers, ports, action, redirect, audit, rules }: ExplainedRow): string =>
  [
    direction,
    peers === 'everybody' ? peers : peers.join('+'),
    ports.map(formatRange).join(', '),
    redirect?.parser ?? action,
    ...(audit ? ['audit'] : []),
    rules.map(formatReference).join(', ') || 'default',
  ].join(' | ');

const lines = ({ rows }: Explanation): string[] => rows.map(line);

test('a range of ports is one row, however many entries it takes', () => {
  const range = rule(
    'range',
    'backend',
    `ingress:
  - fromEndpoints: [{ matchLabels: { app: frontend } }]
    toPorts: [{ ports: [{ port: "1000", endPort: 2999, protocol: TCP }, { port: "53", protocol: UDP }] }]`,
  );
  const explanation = explain(shop([range]), BACKEND);
  assert.ok(explanation.entries > 5);
  assert.deepEqual(explanation.selectedBy, ['range']);
  assert.deepEqual(explanation.enforced, { ingress: true, egress: false });
  assert.deepEqual(lines(explanation), [
    'ingress | 300 | 1000-2999/TCP, 53/UDP | allow | range (1.yaml:4)',
    'egress | everybody | everything | allow | default',
  ]);
});

test('peers for whom the same is said share a row, and everybody comes last', () => {
  const text = rule(
    'open',
    'backend',
    `ingress:
  - fromEndpoints: [{ matchExpressions: [{ key: app, operator: In, values: [frontend, batch] }] }]
  - toPorts: [{ ports: [{ port: "443", protocol: TCP }] }]
ingressDeny:
  - fromEndpoints: [{ matchLabels: { app: database } }]`,
  );
  const rows = lines(explain(shop([text]), BACKEND)).filter((row) => row.startsWith('ingress'));
  assert.deepEqual(rows, [
    `ingress | ${FRONTEND}+${BATCH} | everything | allow | open (1.yaml:4)`,
    `ingress | ${DATABASE} | everything | deny | open (1.yaml:7)`,
    'ingress | everybody | 443/TCP | allow | open (1.yaml:5)',
  ]);
});

test('redirects, audit and authentication are in the row', () => {
  const text = rule(
    'strict',
    'backend',
    `ingress:
  - fromEndpoints: [{ matchLabels: { app: frontend } }]
    authentication: { mode: required }
    toPorts: [{ ports: [{ port: "80", protocol: TCP }], rules: { http: [{ method: GET }] } }]
  - fromCIDR: [203.0.113.0/24]`,
  );
  const watch = `audit: true\n${rule('watch', 'backend', 'ingressDeny: [{ fromCIDR: [203.0.113.0/24] }]')}`;
  const { rows } = explain(shop([text, watch]), BACKEND);
  assert.equal(rows.find(({ redirect }) => redirect)?.authentication, 'required');
  const texts = rows.map(line);
  assert.ok(
    texts.includes(`ingress | ${OFFICE} | everything | allow | audit | watch (2.yaml:4)`),
    texts.join('\n'),
  );
  assert.ok(texts.includes(`ingress | ${FRONTEND} | 80/TCP | http | strict (1.yaml:4)`), texts.join('\n'));
});

describe('what is wrong', () => {
  const parser = (name: string, rules: string): string =>
    rule(
      name,
      'backend',
      `ingress: [{ toPorts: [{ ports: [{ port: "9092", protocol: TCP }], rules: { ${rules} } }] }]`,
    );

  test('conflicts name both rules', () => {
    const repository = shop([parser('web', 'http: [{}]'), parser('queue', 'kafka: [{ topic: orders }]')]);
    const { conflicts, status } = explain(repository, BACKEND);
    assert.equal(status.kind, 'conflict');
    assert.equal(conflicts.length, 1);
    const [conflict] = conflicts;
    assert.ok(conflict);
    assert.equal(formatRange(conflict.ports), '9092/TCP');
    assert.deepEqual(conflict.rules.map(formatReference).sort(), ['queue (2.yaml:3)', 'web (1.yaml:3)']);
  });

  test('an identity that there is not is an error', () => {
    assert.throws(() => explain(shop([]), 999), /no identity 999/);
  });
});

test('folded ranges hold the same ports, in order, none of them touching', () => {
  const range = fc
    .tuple(fc.nat(40), fc.nat(10))
    .map(([first, more]) => ({ protocol: 6, first, last: first + more }));
  const portsOf = (ranges: readonly { first: number; last: number }[]): number[] => {
    const ports = ranges.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    );
    return [...new Set(ports)].sort((a, b) => a - b);
  };
  fc.assert(
    fc.property(fc.array(range), (ranges) => {
      const folded = foldRanges(ranges);
      assert.deepEqual(portsOf(folded), portsOf(ranges));
      assert.ok(
        folded.every(({ first }, index) => index === 0 || first > (folded[index - 1]?.last ?? 0) + 1),
      );
    }),
  );
});

test('ranges are written as people write them', () => {
  const texts = [
    [6, 80, 80],
    [17, 8000, 8999],
    [6, 0, 65535],
    [1, 8, 8],
    [58, 0, 65535],
    [0, 0, 65535],
    [47, 0, 65535],
  ].map(([protocol = 0, first = 0, last = 0]) => formatRange({ protocol, first, last }));
  assert.deepEqual(texts, [
    '80/TCP',
    '8000-8999/UDP',
    'all TCP',
    'ICMP type 8',
    'all ICMPv6',
    'everything',
    'all protocol 47',
  ]);
});
