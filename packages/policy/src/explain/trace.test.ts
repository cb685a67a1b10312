import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { PolicyRepository } from '../engine/repository.ts';
import { isAllowedBySome } from './near-miss.ts';
import { formatReference } from './rule-reference.ts';
import { BACKEND, BATCH, DATABASE, FRONTEND, HOST, OFFICE, rule, shop, WORLD } from './testing/shop.ts';
import { type DirectionTrace, type Trace, trace } from './trace.ts';

const TCP = 6;
const UDP = 17;

const api = rule(
  'api',
  'backend',
  `ingress:
  - fromEndpoints: [{ matchLabels: { app: frontend } }]
    toPorts: [{ ports: [{ port: "8080", protocol: TCP }] }]`,
);

const ask = (repository: PolicyRepository, from: number, to: number, port = 8080, protocol = TCP): Trace =>
  trace(repository, { from, to, protocol, port });

const ingress = ({ directions }: Trace): DirectionTrace => {
  const found = directions.find(({ direction }) => direction === 'ingress');
  assert.ok(found);
  return found;
};

/** The rules that came closest: name and place, and what each lacks. */
const nearest = (direction: DirectionTrace): string[] =>
  direction.nearest.map(({ rule: reference, text }) => `${formatReference(reference)} ${text}`);

describe('what is allowed', () => {
  test('names the rule, its place and the entry that the kernel finds', () => {
    const traced = ask(shop([api]), FRONTEND, BACKEND);
    assert.equal(traced.verdict, 'allowed');
    const { decidedBy, rules, entry, probes, enforced } = ingress(traced);
    assert.equal(decidedBy, 'rule');
    assert.equal(enforced, true);
    assert.deepEqual(rules.map(formatReference), ['api (1.yaml:4)']);
    assert.equal(rules[0]?.place.path, 'ingress[0]');
    assert.deepEqual(
      probes.map(({ step }) => step),
      ['L3+L4'],
    );
    assert.equal(entry?.identity, FRONTEND);
    assert.equal(traced.directions[0]?.decidedBy, 'default', 'egress of the frontend is not enforced');
  });

  test('by default has no rule', () => {
    const { decidedBy, rules, enforced } = ingress(ask(shop([api]), FRONTEND, DATABASE));
    assert.deepEqual({ decidedBy, rules, enforced }, { decidedBy: 'default', rules: [], enforced: false });
  });

  test('to the host may be so without a rule', () => {
    const { verdict, decidedBy } = ingress(ask(shop([api], { allowLocalhost: true }), HOST, BACKEND));
    assert.deepEqual([verdict, decidedBy], ['allowed', 'host']);
    assert.equal(ask(shop([api]), HOST, BACKEND).verdict, 'denied');
  });

  test('and what rules in audit mode would drop says which', () => {
    const repository = shop([
      api,
      `audit: true\n${rule('watch', 'backend', 'ingressDeny: [{ fromEntities: [all] }]')}`,
    ]);
    const { verdict, rules } = ingress(ask(repository, FRONTEND, BACKEND));
    assert.equal(verdict, 'audited');
    assert.deepEqual(rules.map(formatReference), ['watch (2.yaml:4)']);
  });
});

describe('what is redirected', () => {
  const http = (name: string, app: string, path: string): string =>
    rule(
      name,
      'backend',
      `ingress:
  - fromEndpoints: [{ matchLabels: { app: ${app} } }]
    toPorts: [{ ports: [{ port: "8080", protocol: TCP }], rules: { http: [{ method: GET, path: "${path}" }] } }]`,
    );

  test('says to whom, and what is checked for this peer', () => {
    const repository = shop([http('carts', 'frontend', '/cart'), http('jobs', 'batch', '/jobs')]);
    const traced = ask(repository, FRONTEND, BACKEND);
    assert.equal(traced.verdict, 'redirected');
    const { proxy } = ingress(traced);
    assert.equal(proxy?.redirect.parser, 'http');
    assert.deepEqual(
      proxy?.rules.map(({ rule: reference, l7 }) => [reference.name, l7?.http]),
      [['carts', [{ method: 'GET', path: '/cart' }]]],
    );
  });

  test('lets everything pass for a peer that another rule allows without conditions', () => {
    const all = rule('all', 'backend', 'ingress:\n  - fromEndpoints: [{ matchLabels: { app: frontend } }]');
    const { proxy } = ingress(ask(shop([http('carts', 'frontend', '/cart'), all]), FRONTEND, BACKEND));
    assert.ok(proxy?.rules.some(({ rule: reference, l7 }) => reference.name === 'all' && l7 === undefined));
  });

  test('is checked as before where a rule in audit mode would drop it', () => {
    const watch = `audit: true\n${rule('watch', 'backend', 'ingressDeny: [{ fromEntities: [all] }]')}`;
    const { rules, proxy } = ingress(
      ask(shop([http('carts', 'frontend', '/cart'), watch]), FRONTEND, BACKEND),
    );
    assert.deepEqual(
      rules.map(({ name }) => name),
      ['watch'],
    );
    assert.deepEqual(
      proxy?.rules.map(({ rule: reference }) => reference.name),
      ['carts'],
    );
  });
});

describe('what is denied by a rule', () => {
  const deny = rule('no-web', 'backend', 'ingressDeny:\n  - fromEndpoints: [{ matchLabels: { role: web } }]');

  test('names the rule, though another allows it', () => {
    const traced = ask(shop([api, deny]), FRONTEND, BACKEND);
    assert.equal(traced.verdict, 'denied');
    const { decidedBy, rules, nearest: misses } = ingress(traced);
    assert.equal(decidedBy, 'rule');
    assert.deepEqual(rules.map(formatReference), ['no-web (2.yaml:4)']);
    assert.deepEqual(misses, [], 'an allow rule is not what is missing');
  });

  test('says also that no rule would allow it', () => {
    const direction = ingress(ask(shop([api, deny]), FRONTEND, BACKEND, 9090));
    assert.deepEqual(nearest(direction), ['api (1.yaml:4) allows this peer only on 8080/TCP']);
  });
});

describe('what is denied because no rule allows it says what is missing', () => {
  const lacks = (text: string, from: number, port = 8080, protocol = TCP): string[] => {
    const traced = ask(shop([text]), from, BACKEND, port, protocol);
    assert.equal(traced.verdict, 'denied');
    assert.equal(ingress(traced).decidedBy, 'default');
    return nearest(ingress(traced));
  };

  test('a port', () => {
    assert.deepEqual(lacks(api, FRONTEND, 9090), ['api (1.yaml:4) allows this peer only on 8080/TCP']);
    assert.deepEqual(lacks(api, FRONTEND, 8080, UDP), ['api (1.yaml:4) allows this peer only on 8080/TCP']);
  });

  test('a label of the peer', () => {
    assert.deepEqual(lacks(api, BATCH), [
      'api (1.yaml:4) allows this port only from app=frontend; the peer has app=batch',
    ]);
    assert.deepEqual(lacks(api.replace('app: frontend', 'tier: front'), BATCH), [
      'api (1.yaml:4) allows this port only from tier=front; the peer has no label tier',
    ]);
    assert.deepEqual(lacks(api.replace('app: frontend', '"container:app": batch'), BATCH), [
      'api (1.yaml:4) allows this port only from container:app=batch; the peer has k8s:app=batch',
    ]);
  });

  test('both', () => {
    assert.deepEqual(lacks(api, BATCH, 9090), [
      'api (1.yaml:4) allows only 8080/TCP from app=frontend; the peer has app=batch',
    ]);
  });

  test('the peer’s being something else', () => {
    assert.deepEqual(lacks(api, WORLD), [
      'api (1.yaml:4) allows this port only from app=frontend; the peer is outside of the cluster',
    ]);
    const office = rule(
      'office',
      'backend',
      'ingress: [{ fromCIDRSet: [{ cidr: 203.0.113.0/24, except: [203.0.113.7/32] }] }]',
    );
    assert.deepEqual(lacks(office, WORLD), [
      'office (1.yaml:3) allows this port only from 203.0.113.0/24 except 203.0.113.7/32',
    ]);
    assert.equal(ask(shop([office]), OFFICE, BACKEND).verdict, 'allowed');
    const cluster = rule('inside', 'backend', 'ingress: [{ fromEntities: [cluster] }]');
    assert.deepEqual(lacks(cluster, OFFICE), [
      'inside (1.yaml:3) allows this port only from the entity cluster',
    ]);
  });

  test('a port that the subject does not name', () => {
    const named = api.replace('"8080"', '"grpc"');
    assert.deepEqual(lacks(named, FRONTEND), [
      'api (1.yaml:4) allows this peer only on "grpc"/TCP (which has no number there)',
    ]);
    assert.deepEqual(lacks(api.replace('"8080"', '"http"'), FRONTEND, 80), [
      'api (1.yaml:4) allows this peer only on "http"/TCP (8080)',
    ]);
  });

  test('a label of the subject, where a rule for others would allow it', () => {
    const others = api.replace('app: backend', 'app: backends');
    const closed = rule('closed', 'backend', 'ingress: [{ fromEntities: [none] }]');
    const apart = api.replace('app: backend', 'app: payroll');
    assert.deepEqual(nearest(ingress(ask(shop([closed, others, apart]), FRONTEND, BACKEND))), [
      'api (2.yaml:4) would allow this, but is about app=backends; the subject has app=backend',
      'closed (1.yaml:3) allows this port only from the entity none',
    ]);
  });

  test('that the rule is in force', () => {
    const closed = rule('closed', 'backend', 'ingress: [{}]');
    const direction = ingress(ask(shop([closed, `audit: true\n${api}`]), FRONTEND, BACKEND));
    assert.match(nearest(direction).join(), /api \(2.yaml:5\) would allow this, but is in audit mode/);
  });

  test('and further requirements of other rules count', () => {
    const require = rule(
      'staff',
      'backend',
      'ingress: [{ fromRequires: [{ matchLabels: { team: shop } }] }]',
    );
    const [first] = nearest(ingress(ask(shop([api, require]), FRONTEND, BACKEND)));
    assert.equal(first, 'api (1.yaml:4) allows this port only from team=shop; the peer has no label team');
  });

  test('the closest comes first, and no more than three', () => {
    const on = (port: number): string =>
      api.replace('8080', String(port)).replace('name=api', `name=p${port}`);
    const direction = ingress(ask(shop([api, on(1), on(2), on(3)]), BATCH, BACKEND));
    assert.deepEqual(
      direction.nearest.map(({ rule: { name } }) => name),
      ['api', 'p1', 'p2'],
    );
  });
});

test('a packet has to pass both ends', () => {
  const out = rule('out', 'frontend', 'egress: [{ toEndpoints: [{ matchLabels: { app: database } }] }]');
  const traced = ask(shop([api, out]), FRONTEND, BACKEND);
  assert.equal(traced.verdict, 'denied');
  assert.deepEqual(
    traced.directions.map(({ direction, verdict }) => `${direction} ${verdict}`),
    ['egress denied', 'ingress allowed'],
  );
  const only = trace(shop([api, out]), {
    from: FRONTEND,
    to: BACKEND,
    protocol: TCP,
    port: 8080,
    direction: 'ingress',
  });
  assert.equal(only.verdict, 'allowed');
});

test('what is outside has no policy, and is a peer like others', () => {
  const traced = ask(shop([api]), WORLD, BACKEND);
  assert.deepEqual(
    traced.directions.map(({ verdict, decidedBy }) => [verdict, decidedBy]),
    [
      ['allowed', 'no policy'],
      ['denied', 'default'],
    ],
  );
});

test('a policy that could not be put in force says so', () => {
  const direction = ingress(ask(shop([api], { capacity: 1, safeState: 'deny' }), FRONTEND, BACKEND));
  assert.equal(direction.verdict, 'denied');
  assert.equal(direction.decidedBy, 'safe state');
  assert.deepEqual(direction.nearest, [], 'the rules are not what is missing');
  assert.equal(direction.status.kind, 'overflow');
});

test('a number that is no identity is an error', () => {
  assert.throws(() => ask(shop([]), 999, BACKEND), /no identity 999/);
});

test('what is said to be missing agrees with the entries', () => {
  const apps = ['frontend', 'batch', 'backend', 'database'];
  const peers = fc.oneof(
    fc.constantFrom(...apps).map((app) => `fromEndpoints: [{ matchLabels: { app: ${app} } }]`),
    fc.constantFrom('web', 'jobs').map((role) => `fromEndpoints: [{ matchLabels: { role: ${role} } }]`),
    fc.constantFrom('world', 'cluster', 'all', 'host').map((entity) => `fromEntities: [${entity}]`),
    fc.constantFrom('203.0.113.0/24', '0.0.0.0/0').map((cidr) => `fromCIDR: [${cidr}]`),
  );
  const ports = fc
    .constantFrom('', '8080', 'http', '53')
    .map((port) => (port === '' ? '' : `, toPorts: [{ ports: [{ port: "${port}", protocol: TCP }] }]`));
  const element = fc
    .tuple(fc.constantFrom('ingress', 'ingress', 'ingressDeny'), peers, ports)
    .map(([section, who, where]) => rule('r', 'backend', `${section}: [{ ${who}${where} }]`));
  const packet = fc.tuple(
    fc.constantFrom(FRONTEND, BATCH, BACKEND, HOST, WORLD, OFFICE),
    fc.constantFrom(8080, 53, 1),
  );
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 5 }), fc.array(packet), (rules, packets) => {
      const repository = shop(rules);
      for (const [from, port] of packets) {
        const direction = ingress(ask(repository, from, BACKEND, port));
        const { verdict, decidedBy, nearest: misses } = direction;
        assert.ok(
          misses.every(({ gaps }) => gaps.length > 0),
          'each of them lacks something',
        );
        const subject = repository.identity(BACKEND);
        const peer = repository.identity(from);
        assert.ok(subject && peer);
        const allowed = isAllowedBySome(repository, {
          direction: 'ingress',
          subject,
          peer,
          protocol: TCP,
          port,
        });
        if (decidedBy === 'rule' && verdict !== 'denied') assert.ok(allowed);
        if (decidedBy === 'default') assert.ok(!allowed);
      }
    }),
    { numRuns: 60 },
  );
});

test('the trace is plain data', () => {
  const traced = ask(shop([api]), BATCH, BACKEND);
  assert.deepEqual(JSON.parse(JSON.stringify(traced)), traced);
});
