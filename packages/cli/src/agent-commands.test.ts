/** Commands that ask the agent, as users have them: an agent in memory answers over a real socket. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { AgentLab } from './testing/agent-lab.ts';

const lab = await AgentLab.open();
after(() => lab[Symbol.asyncDispose]());

const json = async (...args: string[]) => JSON.parse((await lab.run(...args, '-o', 'json')).stdout);

/** Runs a command that has to succeed, within 100 columns. */
async function ok(...args: string[]): Promise<string> {
  const { stdout, stderr, status } = await lab.run(...args);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100, `too wide: ${line}`);
  return stdout;
}

describe('waggle status', () => {
  test('has the sections of the agent', async () => {
    const text = await ok('status');
    assert.match(text, /^\S waggle 0\.1\.0 on bee: all is well\n {2}process \d+, running for /);
    assert.match(text, /\n {2}\S datapath +3 programs\n/);
    assert.equal(await ok('status', '--brief'), 'OK\n');
    assert.match(await ok('status', '--verbose'), /\nCONTROLLER +SUCCESSES .*\nconntrack +3 +1 /);
    assert.match(await ok('status', '--verbose'), /\nMAP +TYPE .*\nipcache /);
    assert.equal((await json('status')).cilium.state, 'Ok');
    assert.match(await ok('status', '-o', 'yaml'), /^cilium:\n {2}state: Ok\n/);
  });

  test('ends with 1 when something is wrong, and waits for it to be mended', async () => {
    const well = lab.agent.status();
    lab.agent.status = () => ({ ...well, state: 'Warning' as never, message: 'the map is full' });
    const ill = await lab.run('status', '--brief');
    assert.deepEqual([ill.stdout, ill.status], ['Warning: the map is full\n', 1]);
    assert.equal((await lab.run('status', '--wait', '300ms')).status, 1);
    setTimeout(() => {
      lab.agent.status = () => well;
    }, 300);
    assert.equal((await lab.run('status', '--wait', '20s')).status, 0);
  });
});

describe('waggle endpoint', () => {
  test('list shows all, or those with labels', async () => {
    assert.match(await ok('endpoint', 'list'), /\n 1 +web +ready .*app=web +10\.200\.0\.2\n 2 +db /);
    const some = await json('endpoint', 'list', '-l', 'k8s:app=db');
    assert.deepEqual(
      some.map(({ id }: { id: number }) => id),
      [2],
    );
    assert.equal(await ok('endpoint', 'list', '-l', 'k8s:app=none'), 'no endpoint has k8s:app=none\n');
  });

  test('get finds it by name, number and address', async () => {
    for (const name of ['db', '2', '10.200.0.3'])
      assert.match(await ok('endpoint', 'get', name), /^db {2}\(endpoint 2\)/);
    const { stderr, status } = await lab.run('endpoint', 'get', 'dbb');
    assert.match(stderr, /^waggle: There is no endpoint/);
    assert.equal(status, 1);
  });

  test('log, health and regenerate', async () => {
    assert.match(await ok('endpoint', 'log', 'web'), /^TIME .*\n.* waiting-for-identity .*\n.* ready /);
    assert.match(await ok('endpoint', 'health', 'web'), /^ {2}overall +OK\n/);
    lab.agent.change(1, { state: 'regenerating' });
    assert.equal((await lab.run('endpoint', 'health', 'web')).status, 1);
    lab.agent.change(1, { state: 'ready' });
    assert.match(await ok('endpoint', 'regenerate', 'web'), /^the policy of web was written anew/);
    assert.deepEqual(lab.agent.regenerated, [1]);
  });

  test('labels are shown, added and deleted', async () => {
    const changed = await ok('endpoint', 'labels', 'web', '--add', 'k8s:canary=yes');
    assert.match(changed, /\nk8s:canary=yes +identity +user\n/);
    const back = await ok('endpoint', 'labels', 'web', '-d', 'canary');
    assert.equal(back, await ok('endpoint', 'labels', 'web'));
    const { stderr, status } = await lab.run('endpoint', 'labels', 'web', '-d', 'canary');
    assert.match(stderr, /^waggle: The endpoint has no label canary\. It has k8s:app=web, /);
    assert.equal(status, 1);
  });

  test('delete deletes, one after the other', async () => {
    await lab.agent.endpoints.create({ name: 'old', labels: ['k8s:app=old'] });
    const { stdout, stderr, status } = await lab.run('endpoint', 'delete', 'old', 'older');
    assert.equal(stdout, 'deleted endpoint old\n');
    assert.match(stderr, /There is no endpoint/);
    assert.equal(status, 1);
    assert.equal(lab.agent.endpoints.list().length, 2);
  });
});

describe('waggle identity and waggle ip', () => {
  test('identities are listed, with how many endpoints have them', async () => {
    assert.match(await ok('identity', 'list'), /^ +ID {2}LABELS\n +1 {2}reserved:host\n/);
    const used = await ok('identity', 'list', '--endpoints', '-l', 'k8s:app=web');
    assert.match(used, /^ +ID {2}ENDPOINTS {2}LABELS\n\d+ +1 {2}k8s:app=web /);
    assert.equal(await ok('identity', 'get', '1'), 'identity 1\n  reserved:host\n');
    assert.match((await lab.run('identity', 'get', 'web')).stderr, /waggle identity list -l LABEL/);
  });

  test('addresses are listed with who is there', async () => {
    assert.match(await ok('ip', 'list'), /\n10\.200\.0\.2\/32 +\d+ +k8s:app=web .*endpoint +web\n/);
    assert.equal((await json('ip', 'list')).length, 3);
  });
});

describe('the rest of the agent', () => {
  test('config is shown and changed', async () => {
    assert.match(await ok('config'), /PolicyEnforcement +default\n/);
    assert.match(
      await ok('config', 'policyenforcement=always', 'LogLevel=debug'),
      /PolicyEnforcement +always\n/,
    );
    assert.equal(lab.agent.config().mutable.logLevel, 'debug');
    await ok('config', 'PolicyEnforcement=default');
    const wrong = async (...changes: string[]) => (await lab.run('config', ...changes)).stderr;
    assert.match(await wrong('LogLvel=info'), /There is no option LogLvel .*Did you mean LogLevel\?/);
    assert.match(
      await wrong('PolicyEnforcement=no'),
      /"no" is no mode of enforcement\. There are default, always, never/,
    );
    assert.match(await wrong('LogLevel=loud'), /LogLevel/);
    assert.match(await wrong('LogLevel'), /"LogLevel" changes nothing\. A change is written OPTION=VALUE/);
  });

  test('figures are listed, or those of a pattern', async () => {
    assert.match(await ok('metrics', 'list'), /^METRIC +LABELS +VALUE\nwaggle_drops_total .* 3\n/);
    assert.equal((await json('metrics', 'list', '-p', 'endpoints$')).length, 1);
    assert.match((await lab.run('metrics', 'list', '-p', '(')).stderr, /"\(" is no regular expression/);
  });

  test('devices are listed and confirmed', async () => {
    assert.match(await ok('device', 'list'), /\neth1 +7 {2}yes +let go of in 13 s\n/);
    assert.equal(await ok('device', 'confirm', 'eth1'), 'confirmed: what is attached to eth1 stays\n');
    assert.deepEqual(lab.agent.confirmed, ['eth1']);
    assert.equal((await lab.run('device', 'confirm', 'eth7')).status, 1);
  });

  test('maps are listed, and what is in them', async () => {
    assert.match(await ok('map', 'list'), /\nipcache +lpm_trie +2 {2}512000 {2}0 % /);
    assert.match(
      await ok('map', 'get', 'ipcache', '--limit', '1'),
      /\n10\.200\.0\.1\/32 +identity 1\n… of 2; --limit/,
    );
    assert.equal(await ok('bpf', 'ipcache', 'get', '0.0.0.0/0'), 'KEY        VALUE\n0.0.0.0/0  identity 2\n');
    const { stdout, status } = await lab.run('bpf', 'ipcache', 'get', '0.200.0.1');
    assert.deepEqual([stdout, status], ['no entries\n', 1]);
    assert.match((await lab.run('map', 'get', 'ct')).stderr, /There is no map ct/);
  });

  test('what may pass is shown of an endpoint, or of an identity', async () => {
    const { identity } = (await json('endpoint', 'get', 'web')).status;
    const before = lab.agent.maps.get;
    lab.agent.maps.get = () => ({
      ...before('ipcache'),
      content: [
        { key: `identity=${identity.id} direction=ingress peer=7 port=80/tcp`, value: 'action=allow' },
        { key: `identity=7 direction=egress peer=${identity.id} port=any`, value: 'action=deny' },
      ],
    });
    try {
      const own = await ok('bpf', 'policy', 'get', 'web');
      assert.match(own, /^IDENTITY .*\n\d+ +ingress +7 +80\/tcp +allow\n$/);
      assert.equal(await ok('bpf', 'policy', 'get', String(identity.id)), own);
      assert.match(await ok('bpf', 'policy', 'get', '7'), /\n7 +egress /);
      assert.equal((await lab.run('bpf', 'policy', 'get', '8')).status, 1);
      assert.match((await lab.run('bpf', 'policy', 'get', 'wob')).stderr, /There is no endpoint/);
    } finally {
      lab.agent.maps.get = before;
    }
  });

  test('debuginfo has it all in one', async () => {
    const text = (await lab.run('debuginfo')).stdout;
    for (const heading of ['Versions', 'Status', 'Endpoints'])
      assert.ok(text.includes(`## ${heading}\n`), heading);
    assert.equal((await json('debuginfo'))['endpoint-list'].length, 2);
  });

  test('version names both sides', async () => {
    assert.match(await ok('version'), /^waggle .*\nagent 0\.1\.0 \(process \d+\)\n$/);
  });
});
