/** Policies of the running agent: applied, shown, asked about and deleted; an agent in memory answers over a real socket. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AgentLab, labelsOf } from './testing/agent-lab.ts';

const lab = await AgentLab.open();
after(() => lab[Symbol.asyncDispose]());
await lab.agent.endpoints.create({
  name: 'batch',
  labels: labelsOf('batch'),
  namedPorts: [{ name: 'http', port: 8080, protocol: 'TCP' }],
});

const policy = (...args: string[]) => lab.run('policy', ...args);
const json = async (...args: string[]) => JSON.parse((await policy(...args, '-o', 'json')).stdout);

async function ok(...args: string[]): Promise<string> {
  const { stdout, stderr, status } = await policy(...args);
  assert.equal(stderr, '');
  assert.equal(status, 0, stdout);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100, `too wide: ${line}`);
  return stdout;
}

/** Lets `app` be reached from `from` alone. */
const allow = (app: string, from: string, name = app): string => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: ${name} }
spec:
  description: who may reach ${app}
  endpointSelector: { matchLabels: { app: ${app} } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: ${from} } }]
      toPorts: [{ ports: [{ port: "5432", protocol: TCP }] }]
`;
const database = lab.file('database.yaml', allow('db', 'web'));
const BARE = '[{ "labels": [{ "key": "team", "value": "shop" }], "endpointSelector": {}, "ingress": [{}] }]';

describe('before there are policies', () => {
  test('get says so, and a trace passes', async () => {
    assert.match(await ok('get'), /^revision \d+: no policies/);
    assert.match(await ok('trace', '--from', 'batch', '--to', 'db', '--port', '5432'), /^ALLOWED /);
  });

  test('a dry run says what would change, and changes nothing', async () => {
    const text = await ok('apply', database, '--dry-run');
    assert.match(text, /^would be: 1 added, 0 replaced, 0 unchanged, 0 deleted\n\n/);
    assert.match(
      text,
      /\nweb +db +everything except +allowed by default +denied: no rule allows\n +5432\/TCP /,
    );
    assert.equal(lab.agent.policy.list().rules.length, 0);
  });
});

describe('waggle policy apply', () => {
  test('puts policies in force, and says what that came to', async () => {
    assert.match(
      await ok('apply', database),
      /^revision \d+: 1 added, 0 replaced, 0 unchanged, 0 deleted\n$/,
    );
    assert.match(await ok('apply', database), /^revision \d+: 0 added, 0 replaced, 1 unchanged/);
    const { revision, rules } = lab.agent.policy.list();
    assert.equal(rules[0]?.name, 'db');
    assert.equal((await json('get')).revision, revision);
  });

  test('refuses a text with a mistake, with its line', async () => {
    const wrong = lab.file('wrong.yaml', allow('x', 'y').replace('endpointSelector', 'endpointSelektor'));
    const { stdout, stderr, status } = await policy('apply', wrong);
    assert.equal(stdout, '');
    assert.match(stderr, /wrong\.yaml:6/);
    assert.equal(status, 1);
  });

  test('applies none of several when one is wrong', async () => {
    const wrong = lab.file('wrong.yaml', 'kind: Nonsense\n');
    const other = lab.file('other.yaml', allow('web', 'batch'));
    assert.equal((await policy('apply', other, wrong)).status, 1);
    assert.equal(lab.agent.policy.list().rules.length, 1);
  });

  test('replaces all others where that is asked for, in one step', async () => {
    const [web, bare] = [lab.file('web.yaml', allow('web', 'batch')), lab.file('bare.json', BARE)];
    assert.match(
      await ok('apply', web, bare, '--replace', '--dry-run'),
      /^would be: 2 added, .* 1 deleted\n/,
    );
    assert.match(
      await ok('apply', web, bare, '--replace'),
      /: 2 added, 0 replaced, 0 unchanged, 1 deleted\n$/,
    );
    assert.match(await ok('apply', database), /: 1 added/);
  });

  test('waits until it is in force, and says where it is not', async () => {
    const bring = () => {
      for (const { id, policy: before } of lab.agent.endpoints.list()) {
        lab.agent.change(id, { policy: { ...before, revision: lab.agent.policy.revision } });
      }
    };
    const late = await policy('wait', '--timeout', '200ms');
    assert.equal(late.status, 1);
    assert.match(
      late.stderr,
      /^waggle: Revision \d+ is not in force everywhere after 200 ms:\n {2}web is at/,
    );
    const waiting = policy('apply', database, '--wait', '20s');
    await setTimeout(300);
    bring();
    assert.equal((await waiting).status, 0);
    assert.match(await ok('wait', '--timeout', '5s'), /^revision \d+ is in force at every endpoint\n$/);
    assert.match((await policy('wait', '999')).stderr, /There is no revision 999 yet/);
    assert.equal((await policy('wait', 'now')).status, 2);
  });
});

describe('what is in force', () => {
  test('is listed with whom it selects and where it came from', async () => {
    const text = await ok('get');
    assert.match(text, /\nKIND +NAME +ENDPOINTS +SOURCE +DESCRIPTION\n/);
    assert.match(text, /\nCiliumNetworkPolicy +db +1 +api +who may reach db\n/);
    assert.match(
      await ok('get', 'db'),
      /^db {2}\(CiliumNetworkPolicy\)\n[\s\S]*\nkind: CiliumNetworkPolicy\n/,
    );
    assert.equal((await json('get', 'team=shop')).documents.length, 1);
    assert.equal((await policy('get', 'nobody')).status, 1);
    assert.match((await policy('get', 'db', 'web')).stderr, /Give one name, or only labels/);
  });

  test('as YAML can be applied again', async () => {
    const text = await ok('get', '-o', 'yaml');
    assert.match(await ok('apply', lab.file('again.yaml', text)), /: 0 added, 0 replaced, 3 unchanged/);
  });

  test('is asked by a trace: the agent answers, and names rules and endpoints', async () => {
    const denied = await policy('trace', '--from', 'batch', '--to', 'db', '--port', '5432/TCP');
    assert.equal(denied.status, 1);
    assert.match(denied.stdout, /^DENIED {2}batch to db, 5432\/TCP\n/);
    assert.match(denied.stdout, /only from app=web/);
    const address = lab.agent.endpoints.get({ name: 'web' }).ipv4 ?? '';
    const allowed = await ok('trace', '--from', address, '--to', 'db', '--port', '5432');
    assert.match(allowed, /\n {2}allowed by db \(.*again\.yaml:\d+\)/);
    assert.match(
      await ok('trace', '--from', 'app=web', '--to', 'db', '--port', '5432'),
      /^ALLOWED {2}app=web to db/,
    );
    const named = await policy('trace', '--from', 'host', '--to', 'batch', '--port', 'http');
    assert.match(named.stdout, /^DENIED {2}host to batch, 8080\/TCP\n/);
    const one = await json(
      'trace',
      '--from',
      'batch',
      '--to',
      'db',
      '--port',
      '5432',
      '--direction',
      'egress',
    );
    assert.deepEqual([one.verdict, one.directions.length], ['allowed', 1]);
    const unknown = await policy('trace', '--from', 'batsch', '--to', 'db', '--port', '80');
    assert.match(unknown.stderr, /The agent knows nobody called "batsch"\. Did you mean "batch"\?/);
    assert.equal(unknown.status, 2);
  });

  test('is asked by a trace for labels that nobody has, too', async () => {
    const { stdout } = await policy('trace', '--from', 'app=nobody', '--to', 'db', '--port', '5432');
    assert.match(stdout, /^DENIED {2}app=nobody to db, 5432\/TCP\n/);
    assert.match(stdout, /\n {2}from +app=nobody +app=nobody \(no endpoint has these labels\)\n/);
    assert.match(stdout, /\n {2}to +db +app=db \(identity \d+\)\n/);
    const { from, identities } = await json('trace', '--from', 'tier=none', '--to', 'db', '--port', '5432');
    assert.deepEqual(identities[from].labels, ['k8s:tier=none', 'k8s:io.kubernetes.pod.namespace=default']);
  });

  test('is what other modes and files are compared with', async () => {
    const always = ['--from', 'web', '--to', 'batch', '--port', '80', '--enforcement', 'always'];
    assert.equal((await policy('trace', ...always)).status, 1);
    const open = lab.file('open.yaml', allow('db', 'batch'));
    const { stdout, status } = await policy('diff', '--after', open);
    assert.equal(status, 1);
    assert.match(stdout, /\nbatch +db +5432\/TCP +denied.*allowed/s);
  });

  test('is explained, without lines that nobody knows', async () => {
    const text = await ok('explain', 'db');
    assert.match(text, /\ningress +web \(app=web\) +5432\/TCP +allow +db \(spec\.ingress\[0\]\)\n/);
  });

  test('has selectors', async () => {
    assert.match(await ok('selectors'), /^SELECTOR +USERS +IDENTITIES\napp=web +2 +256\n/);
  });
});

describe('waggle policy delete', () => {
  test('wants to know what', async () => {
    for (const args of [[], ['db', '--all']]) assert.equal((await policy('delete', ...args)).status, 2);
  });

  test('deletes by name, by label, and all', async () => {
    assert.match(await ok('delete', 'default/web'), /: 0 added, 0 replaced, 0 unchanged, 1 deleted\n$/);
    assert.match((await policy('delete', 'web')).stderr, /There is no policy web/);
    assert.match(await ok('delete', 'team=shop'), /1 unchanged, 1 deleted\n$/);
    assert.match(await ok('delete', '--all'), /0 unchanged, 1 deleted\n$/);
    assert.equal(lab.agent.policy.list().rules.length, 0);
  });
});
