/** The client against the server: every method, and every way in which there is no answer. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AgentClient, ApiError } from './client.ts';
import { ApiLab } from './testing/lab.ts';

const POLICY = `
- labels: [name=web]
  endpointSelector: { matchLabels: { app: web } }
  ingress: [{ fromEndpoints: [{ matchLabels: { app: api } }] }]
`;

describe('the client', { timeout: 20_000 }, () => {
  let lab: ApiLab;
  before(async () => {
    lab = await ApiLab.open();
  });
  after(() => lab[Symbol.asyncDispose]());

  it('makes, shows, changes and deletes endpoints', async () => {
    const { client } = lab;
    const made = await client.createEndpoint({ name: 'web/1', labels: ['app=web'], pid: 1 });
    assert.equal(made.status.waggle.name, 'web/1');
    assert.equal((await client.endpoint('name:web/1')).id, made.id);
    assert.equal((await client.endpoints()).length, 1);
    assert.equal((await client.endpoints(['app=web'])).length, 1);
    assert.deepEqual(await client.endpoints(['app=nobody']), []);
    await client.setEndpointLabels(made.id, ['app=api']);
    assert.deepEqual((await client.endpointLabels(made.id)).spec.user, ['app=api']);
    assert.equal((await client.endpointLog(made.id)).length, 2);
    assert.equal((await client.endpointHealth(made.id)).overallHealth, 'OK');
    assert.deepEqual((await client.endpointConfig(made.id)).immutable, {});
    await client.regenerateEndpoint(made.id);
    assert.deepEqual(lab.agent.regenerated, [made.id]);
    await client.deleteEndpoint(made.id);
    await client.createEndpoint({ pid: 1, 'container-id': 'c1' });
    await client.deleteEndpointsOf('c1');
    assert.deepEqual(await client.endpoints(), []);
  });

  it('asks for identities and addresses', async () => {
    const { client } = lab;
    assert.ok((await client.identities()).length > 3);
    assert.deepEqual(await client.identities(['app=nobody']), []);
    assert.equal((await client.identity(1)).id, 1);
    assert.deepEqual(await client.identityEndpoints(), []);
    const { address } = await client.allocateAddresses('me', { family: 'ipv4', expires: true });
    await client.takeAddress('10.200.0.6', 'me');
    await client.releaseAddress(address.ipv4 ?? '');
    await client.releaseAddress('me');
    assert.deepEqual(lab.agent.addresses.list(), []);
    assert.equal((await client.addresses()).length, 1);
    assert.deepEqual(await client.addresses('10.9.0.0/16'), []);
  });

  it('applies, shows, traces and deletes policies', async () => {
    const { client } = lab;
    assert.equal((await client.applyPolicies(POLICY, { file: 'web.yaml' })).added, 1);
    assert.equal((await client.policyDocuments()).documents.length, 1);
    assert.deepEqual((await client.policyDocuments({ name: 'nobody' })).documents, []);
    assert.match((await client.policy(['name=web'])).policy, /name=web/);
    const ends = { from: { labels: ['app=api'] }, to: { labels: ['app=web'] } };
    const { verdict, traces } = await client.tracePolicy(ends);
    assert.equal(verdict, 'allowed');
    assert.equal(traces[0]?.directions[1]?.rules[0]?.name, 'web');
    assert.equal((await client.policySelectors()).length, 1);
    assert.equal((await client.deletePolicyDocument({ name: 'web' })).deleted, 1);
    await client.applyPolicies(POLICY, { replace: true, namespace: 'shop' });
    assert.equal((await client.deletePolicy(['name=web'])).policy, '[]');
  });

  it('asks for the agent itself, its maps, figures and devices', async () => {
    const { client } = lab;
    assert.ok((await client.status()).waggle);
    assert.equal((await client.status({ brief: true })).waggle, undefined);
    assert.equal((await client.config()).spec['policy-enforcement'], 'default');
    const changed = await client.changeConfig({ 'policy-enforcement': 'never' });
    assert.equal(changed.spec['policy-enforcement'], 'never');
    assert.equal((await client.debugInfo())['cilium-version'], '0.1.0');
    assert.equal((await client.maps()).maps.length, 1);
    assert.equal((await client.map('ipcache', 1)).cache?.length, 1);
    assert.equal((await client.metrics()).length, 3);
    const [device] = await client.devices();
    await client.confirmDevice(device?.name ?? '');
    assert.deepEqual(lab.agent.confirmed, ['eth1']);
  });

  it('passes on what the agent says, under its code', async () => {
    await assert.rejects(lab.client.endpoint(77), (error: unknown) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.code, error.status], ['NOT_FOUND', 404]);
      assert.match(error.message, /^There is no endpoint with /);
      return true;
    });
    await assert.rejects(lab.client.applyPolicies('- endpointSelector: 7'), {
      code: 'MALFORMED',
      status: 400,
    });
  });

  it('is answered a hundred times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, id) => lab.client.identity(1 + (id % 3))),
    );
    assert.deepEqual(
      answers.map(({ id }) => id),
      Array.from({ length: 100 }, (_, id) => 1 + (id % 3)),
    );
  });
});

describe('where there is no answer', { timeout: 20_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-client-'));
  const socket = join(directory, 's');
  after(() => rmSync(directory, { recursive: true, force: true }));

  /** Whatever listens there while the task runs. */
  async function among(server: ReturnType<typeof createServer>, task: () => Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      await task();
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it('says that no agent runs', async () => {
    for (const path of [join(directory, 'nowhere'), import.meta.filename])
      await assert.rejects(new AgentClient({ socket: path }).status(), {
        code: 'NOT_FOUND',
        message:
          /^No agent is running: nobody answers at .*\. Start it with `waggle agent`, or name the socket/,
      });
    await assert.rejects(
      new AgentClient({ socket: join(directory, 'nowhere') }).endpoints(['a']),
      WaggleNotRunning,
    );
    await assert.rejects(async () => {
      for await (const _ of new AgentClient({ socket: join(directory, 'nowhere') }).monitor());
    }, WaggleNotRunning);
  });

  it('says who may ask', {
    skip: process.getuid?.() !== 0 && 'needs root to become somebody else',
  }, async () => {
    chmodSync(directory, 0o755);
    await among(createServer(), async () => {
      chmodSync(socket, 0o600);
      process.seteuid?.(65_534);
      try {
        await assert.rejects(new AgentClient({ socket }).status(), {
          code: 'DENIED',
          message: /^You may not open the agent's socket .*\. Do it as root, or as a member of the group/,
        });
      } finally {
        process.seteuid?.(0);
      }
    });
  });

  it('says that somebody else answers', async () => {
    const stranger = createHttpServer((_, response) => response.end('{}'));
    await among(stranger, () =>
      assert.rejects(new AgentClient({ socket }).status(), {
        code: 'NOT_SUPPORTED',
        message: /is no agent of waggle\. Name the socket of the agent with --socket or WAGGLE_SOCKET/,
      }),
    );
  });

  it('says that the agent is of another version', async () => {
    const old = createHttpServer((_, response) => {
      response
        .writeHead(404, { 'waggle-api': '1', 'waggle-error': 'UNKNOWN_PATH' })
        .end('"There is no path"');
    });
    await among(old, () =>
      assert.rejects(new AgentClient({ socket }).devices(), {
        code: 'NOT_SUPPORTED',
        message:
          'The agent does not know GET /v1/devices. It is of another version than this command: restart it',
      }),
    );
    const strange = createHttpServer((_, response) => {
      response.writeHead(200, { 'waggle-api': '2' }).end('<html>');
    });
    await among(strange, () =>
      assert.rejects(new AgentClient({ socket }).devices(), {
        code: 'MALFORMED',
        message: /is not JSON\. Restart/,
      }),
    );
  });

  it('says that the agent broke off, or does not answer', async () => {
    const dying = createServer((connection) => connection.once('data', () => connection.destroy()));
    await among(dying, () =>
      assert.rejects(new AgentClient({ socket }).status(), {
        code: 'CLOSED',
        message:
          /^The agent broke off before it had answered GET \/v1\/healthz\. Look whether it is still running/,
      }),
    );
    const half = createHttpServer((_, response) => {
      response.writeHead(200, { 'waggle-api': '1', 'content-length': '10' }).write('{');
      setTimeout(() => response.destroy(), 5);
    });
    await among(half, () => assert.rejects(new AgentClient({ socket }).status(), { code: 'CLOSED' }));
    const silent = createServer((connection) => {
      connection.on('error', () => {});
      connection.resume();
    });
    await among(silent, () =>
      assert.rejects(new AgentClient({ socket, timeout: 50 }).status(), {
        code: 'BUSY',
        message: /^The agent has not answered GET \/v1\/healthz for 0\.05 seconds/,
      }),
    );
  });

  it('looks where WAGGLE_SOCKET says', () => {
    const before = process.env.WAGGLE_SOCKET;
    try {
      process.env.WAGGLE_SOCKET = socket;
      assert.equal(new AgentClient().socket, socket);
      process.env.WAGGLE_SOCKET = '';
      assert.equal(new AgentClient().socket, '/run/waggle/agent.sock');
    } finally {
      if (before === undefined) delete process.env.WAGGLE_SOCKET;
      else process.env.WAGGLE_SOCKET = before;
    }
  });
});

const WaggleNotRunning = { code: 'NOT_FOUND', message: /^No agent is running/ };

it('a command that only asks loads nothing of the kernel, the policy engine or zod', () => {
  const loaded = new Set<string>();
  const follow = (file: string): void => {
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\b(?! type)[^;]*?from '([^']+)'/gms,
    )) {
      if (loaded.has(name)) continue;
      loaded.add(name);
      if (name.startsWith('.')) follow(join(dirname(file), name));
    }
  };
  follow(join(import.meta.dirname, 'client.ts'));
  assert.deepEqual([...loaded].sort(), [
    './connection.ts',
    './protocol.ts',
    '@waggle/bpf/messages',
    'node:http',
  ]);
});
