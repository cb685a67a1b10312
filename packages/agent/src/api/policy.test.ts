/** Policies over the wire: the field's rules in a JSON text, our documents, traces, and each way in which they are refused. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Policy, PolicyDocuments } from './models/policy.ts';
import { ApiLab } from './testing/lab.ts';

const RULE = JSON.stringify([
  {
    labels: ['name=web'],
    endpointSelector: { matchLabels: { app: 'web' } },
    ingress: [
      {
        fromEndpoints: [{ matchLabels: { app: 'api' } }],
        toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }] }],
      },
    ],
  },
]);
const DOCUMENT = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: db } }
  ingress: [{ fromEndpoints: [{ matchLabels: { app: web } }] }]
`;

let lab: ApiLab;
beforeEach(async () => {
  lab = await ApiLab.open();
});
afterEach(async () => {
  assert.deepEqual(lab.failures, []);
  await lab[Symbol.asyncDispose]();
});

const putText = (path: string, text: string) => lab.ask('PUT', path, text, { 'content-type': 'text/plain' });

describe('/v1/policy', () => {
  it('takes rules in a JSON string, and gives them back', async () => {
    const put = await lab.json('PUT', '/v1/policy', RULE);
    assert.equal(put.status, 200);
    const { revision } = put.body as Policy;
    const all = (await lab.json('GET', '/v1/policy', [])).body as Policy;
    assert.equal(all.revision, revision);
    assert.deepEqual(JSON.parse(all.policy), [{ labels: ['any:name=web'] }]);
    assert.equal((await lab.json('GET', '/v1/policy', ['name=web'])).status, 200);
    const none = await lab.json('GET', '/v1/policy', ['name=nobody']);
    assert.deepEqual([none.status, none.body], [404, 'No rule with name=nobody.']);
  });

  it('deletes rules by labels', async () => {
    await lab.json('PUT', '/v1/policy', RULE);
    assert.equal((await lab.json('DELETE', '/v1/policy', ['name=nobody'])).status, 404);
    const { status, body } = await lab.json('DELETE', '/v1/policy', ['name=web']);
    assert.equal(status, 200);
    assert.equal((body as Policy).policy, '[]');
    assert.equal((await lab.json('DELETE', '/v1/policy', ['name=web'])).status, 404);
    assert.equal((await lab.json('DELETE', '/v1/policy', [])).status, 200, 'all of nothing');
    assert.equal((await lab.json('DELETE', '/v1/policy')).status, 200);
  });

  it('replaces rules with labels', async () => {
    await lab.json('PUT', '/v1/policy', RULE);
    const other = RULE.replace('name=web', 'name=other');
    await lab.json('PUT', '/v1/policy?replace-with-labels=name%3Dweb&replace=true', other);
    assert.equal((await lab.json('GET', '/v1/policy', ['name=web'])).status, 404);
    assert.equal((await lab.json('GET', '/v1/policy', ['name=other'])).status, 200);
  });

  it('tells all mistakes at once, and takes nothing', async () => {
    const wrong = JSON.stringify([
      { endpointSelector: {}, ingres: [] },
      { endpointSelector: {}, ingress: [{ toPorts: [{ ports: [{ port: '70000' }] }] }] },
    ]);
    const { status, body } = await lab.json('PUT', '/v1/policy', wrong);
    assert.equal(status, 400);
    assert.match(String(body), /ingres[\s\S]*70000/);
    assert.deepEqual(lab.agent.policy.list().rules, []);
  });

  it('refuses what is no string of rules', async () => {
    const list = await lab.json('PUT', '/v1/policy', []);
    assert.deepEqual([list.status, list.body], [400, 'The body must be a string, and is a list.']);
    assert.equal((await lab.json('PUT', '/v1/policy')).status, 400);
    assert.equal((await lab.json('PUT', '/v1/policy?replce=true', RULE)).status, 400);
  });
});

describe('/v1/policy/documents', () => {
  it('applies documents, shows them with where they came from, deletes them by name', async () => {
    const put = await putText('/v1/policy/documents?file=db.yaml', DOCUMENT);
    assert.equal(put.status, 200);
    assert.equal(JSON.parse(put.text).added, 1);
    const all = (await lab.json('GET', '/v1/policy/documents')).body as PolicyDocuments;
    assert.deepEqual(
      all.documents.map(({ kind, source }) => [kind, source]),
      [['CiliumNetworkPolicy', 'api']],
    );
    for (const [query, count] of [
      ['name=shop%2Fdb', 1],
      ['name=other', 0],
      ['kind=CiliumNetworkPolicy', 1],
      ['kind=NetworkPolicy', 0],
      ['namespace=other', 0],
    ] as const) {
      const { body } = await lab.json('GET', `/v1/policy/documents?${query}`);
      assert.equal((body as PolicyDocuments).documents.length, count, query);
    }
    assert.equal((await lab.json('DELETE', '/v1/policy/documents?name=shop%2Fdb')).status, 200);
    assert.equal((await lab.json('DELETE', '/v1/policy/documents?name=shop%2Fdb')).status, 404);
    assert.equal((await lab.json('DELETE', '/v1/policy/documents')).status, 400);
  });

  it('tells mistakes with file, line and path', async () => {
    const { status, text } = await putText(
      '/v1/policy/documents?file=db.yaml',
      DOCUMENT.replace('ingress', 'ingres'),
    );
    assert.equal(status, 400);
    assert.match(JSON.parse(text), /^db\.yaml:6: spec\.ingres: /m);
  });

  it('replaces all that there is where that is asked for', async () => {
    await putText('/v1/policy/documents', DOCUMENT);
    const { text } = await putText(
      '/v1/policy/documents?replace=true',
      DOCUMENT.replace('name: db', 'name: db2'),
    );
    assert.deepEqual(JSON.parse(text), { ...JSON.parse(text), added: 1, deleted: 1 });
  });

  it('refuses text that is no UTF-8', async () => {
    const { status, text } = await lab.ask('PUT', '/v1/policy/documents', Buffer.from([0xff, 0xfe]));
    assert.deepEqual([status, text], [400, '"The body is no text in UTF-8."']);
  });
});

describe('/v1/policy/resolve', () => {
  const resolve = (body: unknown) => lab.json('GET', '/v1/policy/resolve', body);

  it('says what the policies say, and which rule decides', async () => {
    await lab.json('PUT', '/v1/policy', RULE);
    const to = { labels: ['app=web'], dports: [{ port: 80, protocol: 'TCP' }] };
    const allowed = await resolve({ from: { labels: ['app=api'] }, to });
    const { verdict, log, traces } = allowed.body as { verdict: string; log: string; traces: unknown[] };
    assert.equal(verdict, 'allowed');
    assert.match(
      log,
      /^80\/TCP: allowed\n {2}egress of identity \d+: allowed \(default\)\n {2}ingress of .*web/,
    );
    assert.equal(traces.length, 1);
    const denied = await resolve({ from: { labels: ['app=other'] }, to });
    assert.equal((denied.body as { verdict: string }).verdict, 'denied');
    assert.match((denied.body as { log: string }).log, /ingress of identity \d+: denied[\s\S]*To allow it, /);
  });

  it('asks about each port, and about all of them', async () => {
    await lab.json('PUT', '/v1/policy', RULE);
    const about = async (dports?: unknown) => {
      const to = { labels: ['app=web'], ...(dports !== undefined && { dports }) };
      const { body } = await resolve({ from: { labels: ['app=api'] }, to });
      const { verdict, traces } = body as { verdict: string; traces: { protocol: number; port: number }[] };
      return [verdict, ...traces.map(({ protocol, port }) => `${protocol}/${port}`)];
    };
    assert.deepEqual(await about(), ['denied', '0/0']);
    assert.deepEqual(
      await about([
        { port: 80, protocol: 'TCP' },
        { port: 81, protocol: 'TCP' },
      ]),
      ['denied', '6/80', '6/81'],
    );
    assert.deepEqual(await about([{ port: 80 }]), ['denied', '6/80', '17/80']);
  });

  it('takes ends by endpoint, identity or address, too', async () => {
    await lab.json('PUT', '/v1/endpoint/0', { pid: 1, labels: ['app=web'] });
    for (const from of [{ endpoint: 1 }, { identity: 256 }, { address: '10.200.0.2' }])
      assert.equal((await resolve({ from, to: { endpoint: 1 } })).status, 200, JSON.stringify(from));
    assert.equal((await resolve({ from: { endpoint: 9 }, to: { endpoint: 1 } })).status, 404);
    assert.equal((await resolve({ from: { identity: 999 }, to: { endpoint: 1 } })).status, 404);
  });

  it('refuses ends that are not clear', async () => {
    const to = { labels: ['a'] };
    const wrong: [body: unknown, message: RegExp][] = [
      [undefined, /^The body is missing/],
      [{ to }, /^from in the body is missing: it must be an object/],
      [{ from: {}, to }, /^from in the body must say in one way who is meant/],
      [{ from: { endpoint: 1, identity: 2 }, to }, /^from in the body must say in one way/],
      [{ from: { address: 'bee' }, to }, /^from\.address in the body is "bee"/],
      [
        { from: to, to: { ...to, dports: [{ port: 80, protocol: 'tcp' }] } },
        /^to\.dports\[0\]\.protocol .* one of TCP/,
      ],
      [
        { from: to, to: { ...to, dports: Array.from({ length: 65 }, () => ({ port: 1 })) } },
        /more than 64 ports/,
      ],
    ];
    for (const [body, message] of wrong) {
      const answer = await resolve(body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.match(String(answer.body), message);
    }
  });
});

describe('/v1/policy/selectors', () => {
  it('lists selectors and whom they select', async () => {
    const { status, body } = await lab.json('GET', '/v1/policy/selectors');
    assert.deepEqual([status, body], [200, [{ selector: 'app=web', identities: [256], users: 2 }]]);
  });
});
