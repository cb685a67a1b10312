import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { PolicyRepository } from '../engine/repository.ts';
import { diff, type PolicyDiff, type PortChange } from './diff.ts';
import { formatRange, type PortRange } from './port-range.ts';
import { BACKEND, BATCH, DATABASE, FRONTEND, HOST, OFFICE, rule, shop, WORLD } from './testing/shop.ts';
import { trace } from './trace.ts';

const change = ({ ports, except, before, after }: PortChange): string => {
  const but = except.length > 0 ? ` but ${except.map(formatRange).join(', ')}` : '';
  const side = ({ verdict, rules }: PortChange['before']): string =>
    [verdict, ...rules.map(({ name }) => name)].join(' ');
  return `${ports.map(formatRange).join(', ')}${but}: ${side(before)} -> ${side(after)}`;
};

const lines = ({ pairs }: PolicyDiff): string[] =>
  pairs.flatMap(({ from, to, changes }) => changes.map((each) => `${from} to ${to}: ${change(each)}`));

const from = (name: string, peers: string, ports: string): string =>
  rule(name, 'backend', `ingress:\n  - ${peers}\n    toPorts: [{ ports: [${ports}] }]`);
const FROM_FRONTEND = 'fromEndpoints: [{ matchLabels: { app: frontend } }]';
const tcp = (port: number, endPort = port): string =>
  `{ port: "${port}", endPort: ${endPort}, protocol: TCP }`;

test('equal policies make no difference, whatever their rules are called and in which order they come', () => {
  const [a, b] = [from('a', FROM_FRONTEND, tcp(80)), from('b', 'fromEntities: [world]', tcp(443))];
  const same = diff(shop([a, b]), shop([b.replace('name=b', 'name=c'), a]));
  assert.deepEqual(same.pairs, []);
  assert.equal(same.compared.examined, 0, 'equal entries are not looked at');
  assert.ok(same.compared.pairs > 50);
});

test('a wider range changes its new ports alone, and names the rules before and after', () => {
  const before = shop([from('api', FROM_FRONTEND, tcp(8000, 8010))]);
  const after = shop([from('api2', FROM_FRONTEND, tcp(8000, 8999))]);
  assert.deepEqual(lines(diff(before, after)), [
    `${FRONTEND} to ${BACKEND}: 8011-8999/TCP: denied -> allowed api2`,
  ]);
  assert.deepEqual(lines(diff(after, before)), [
    `${FRONTEND} to ${BACKEND}: 8011-8999/TCP: allowed api2 -> denied`,
  ]);
});

test('a first rule closes what was open: everything but what it allows', () => {
  const found = lines(diff(shop([]), shop([from('api', FROM_FRONTEND, tcp(8080))])));
  assert.ok(
    found.includes(`${FRONTEND} to ${BACKEND}: everything but 8080/TCP: allowed -> denied`),
    found.join('\n'),
  );
  assert.ok(found.includes(`${WORLD} to ${BACKEND}: everything: allowed -> denied`));
  assert.ok(
    !found.some((line) => line.startsWith(`${BACKEND} to`) && !line.startsWith(`${BACKEND} to ${BACKEND}`)),
  );
});

test('what the other end denies anyway is no change', () => {
  const out = rule('out', 'frontend', 'egress: [{ toEndpoints: [{ matchLabels: { app: database } }] }]');
  const api = from('api', FROM_FRONTEND, tcp(8080));
  const closed = rule('closed', 'backend', 'ingress: [{}]');
  assert.deepEqual(lines(diff(shop([out, closed]), shop([out, closed, api]))), []);
});

test('a CIDR is a peer like others', () => {
  const world = from('public', 'fromEntities: [world]', tcp(443));
  const office = rule('no-office', 'backend', 'ingressDeny: [{ fromCIDR: [203.0.113.0/24] }]');
  assert.deepEqual(lines(diff(shop([world]), shop([world, office]))), [
    `${OFFICE} to ${BACKEND}: 443/TCP: allowed public -> denied no-office`,
  ]);
});

describe('proxies', () => {
  const http = (path: string): string =>
    `${from('api', FROM_FRONTEND, tcp(80)).slice(0, -2)}, rules: { http: [{ path: "${path}" }] } }]`;

  test('are a change, and so is what they check', () => {
    const plain = shop([from('api', FROM_FRONTEND, tcp(80))]);
    assert.deepEqual(lines(diff(plain, shop([http('/a')]))), [
      `${FRONTEND} to ${BACKEND}: 80/TCP: allowed api -> redirected api`,
    ]);
    assert.deepEqual(lines(diff(shop([http('/a')]), shop([http('/b')]))), [
      `${FRONTEND} to ${BACKEND}: 80/TCP: redirected api -> redirected api`,
    ]);
    assert.deepEqual(lines(diff(shop([http('/a')]), shop([http('/a')]))), []);
  });
});

test('a policy that can no longer be put in force is reported', () => {
  const api = from('api', FROM_FRONTEND, tcp(80));
  const options = { capacity: 1, safeState: 'deny' } as const;
  const { statuses } = diff(shop([api]), shop([api], options));
  assert.ok(statuses.some(({ identity, after }) => identity === BACKEND && after.kind === 'overflow'));
});

test('it says what two traces say', () => {
  const names = ['frontend', 'batch', 'backend', 'database'] as const;
  const ports = fc
    .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(5))
    .map(([first, more]) => tcp(first, first + more));
  const peers = fc.constantFrom(
    ...names.map((name) => ['Endpoints', `[{ matchLabels: { app: ${name} } }]`] as const),
    ['Entities', '[world]'] as const,
    ['Entities', '[all]'] as const,
    ['CIDR', '[203.0.113.0/24]'] as const,
  );
  const element = fc
    .record({ peers, ports, all: fc.boolean(), ingress: fc.boolean(), deny: fc.boolean() })
    .map(({ peers: [kind, list], ports: some, all, ingress, deny }) => {
      const section = `${ingress ? 'ingress' : 'egress'}${deny ? 'Deny' : ''}`;
      const at = all ? '' : `, toPorts: [{ ports: [${some}] }]`;
      return `${section}: [{ ${ingress ? 'from' : 'to'}${kind}: ${list}${at} }]`;
    });
  const text = fc.tuple(fc.constantFrom(...names), element).map(([app, body]) => rule('r', app, body));
  const ends = [FRONTEND, BATCH, BACKEND, DATABASE, WORLD, OFFICE, HOST];
  const verdict = (repository: PolicyRepository, a: number, b: number, protocol: number, port: number) =>
    trace(repository, { from: a, to: b, protocol, port }).verdict;
  const packet = fc.record({
    a: fc.constantFrom(...ends),
    b: fc.constantFrom(FRONTEND, BATCH, BACKEND, DATABASE),
    protocol: fc.constantFrom(6, 6, 17),
    port: fc.integer({ min: 0, max: 27 }),
  });
  const rules = fc.array(text, { maxLength: 4 });
  fc.assert(
    fc.property(rules, rules, fc.array(packet, { minLength: 10 }), (common, more, packets) => {
      const [before, after] = [shop([...common]), shop([...common, ...more])];
      const { pairs } = diff(before, after);
      for (const { a, b, protocol, port } of packets) {
        const covers = (range: PortRange): boolean =>
          range.protocol === 0 || (range.protocol === protocol && range.first <= port && port <= range.last);
        const found = (pairs.find((pair) => pair.from === a && pair.to === b)?.changes ?? []).filter(
          (each) => each.ports.some(covers) && !each.except.some(covers),
        );
        const was = verdict(before, a, b, protocol, port);
        const is = verdict(after, a, b, protocol, port);
        assert.deepEqual(
          found.map((each) => [each.before.verdict, each.after.verdict]),
          was === is ? [] : [[was, is]],
        );
      }
    }),
    { numRuns: 25 },
  );
});
