/** The server under bad clients and many clients: what is refused, and that nobody is kept waiting by others. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AgentClient } from './client.ts';
import { routes } from './routes.ts';
import { serveApi } from './server.ts';
import { ApiLab } from './testing/lab.ts';

let lab: ApiLab;
beforeEach(async () => {
  lab = await ApiLab.open();
});
afterEach(() => lab[Symbol.asyncDispose]());

/** A connection that sends what it likes. */
const raw = (text: string) => {
  const socket = connect(lab.socket);
  socket.on('error', () => {});
  socket.write(text);
  return socket;
};

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('requests that are refused', () => {
  it('are those for paths and methods that there are not', async () => {
    for (const path of [
      '/',
      '/v1',
      '/v1/bees',
      '/v2/endpoint',
      '/v1/endpoint/1/labels/2',
      '/v1/identity/1/2',
    ]) {
      const { status, headers, text } = await lab.ask('GET', path);
      assert.deepEqual([status, headers['waggle-error']], [404, 'UNKNOWN_PATH'], path);
      assert.match(JSON.parse(text), /^There is no path /);
    }
    const { status, headers, text } = await lab.ask('POST', '/v1/endpoint/1');
    assert.deepEqual([status, headers.allow], [405, 'GET, PUT, PATCH, DELETE']);
    const head = await lab.ask('HEAD', '/v1/monitor');
    assert.deepEqual([head.status, head.headers.allow], [405, 'GET']);
    assert.equal(lab.agent.followers.size, 0);
    assert.match(JSON.parse(text), /^POST is not allowed for \/v1\/endpoint\/\{id\}: allowed is GET, PUT/);
  });

  it('are those whose body is no JSON', async () => {
    for (const body of ['{', 'bee', '{"a":1}}', '\u0000']) {
      const { status, text } = await lab.ask('PUT', '/v1/endpoint/0', body);
      assert.equal(status, 400, body);
      assert.match(JSON.parse(text), /^The body is no JSON: /);
    }
  });

  it('are those whose body is too big, with and without a length', async () => {
    const big = JSON.stringify({ name: 'x'.repeat(1 << 20) });
    const { status, text } = await lab.ask('PUT', '/v1/endpoint/0', big);
    assert.equal(status, 413);
    assert.match(JSON.parse(text), /bigger than 1048576 bytes/);
    const chunked = raw('PUT /v1/endpoint/0 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    const answer = new Promise<string>((resolve) => chunked.once('data', (data) => resolve(data.toString())));
    const chunk = 'x'.repeat(0x10000);
    for (let sent = 0; sent < 17; sent++) chunked.write(`10000\r\n${chunk}\r\n`);
    assert.match(await answer, /^HTTP\/1\.1 413 /);
    chunked.destroy();
    assert.equal((await lab.json('GET', '/v1/endpoint')).status, 200);
  });

  it('tell nothing of mistakes of the agent itself, but its log does', async (t) => {
    t.mock.method(lab.agent, 'identities', () => {
      throw new TypeError('secret of the inside');
    });
    const { status, text } = await lab.ask('GET', '/v1/identity');
    assert.equal(status, 500);
    assert.doesNotMatch(text, /secret| at |\.ts/);
    assert.match(String(lab.failures[0]), /secret of the inside/);
  });

  it('never show where in the program they failed', async () => {
    for (const { method, path, answerType } of routes) {
      // It would answer for ever.
      if (answerType === 'application/x-ndjson') continue;
      const anywhere = path.replace(/\{\w+\}/g, '%00%F0%9F%90%9D');
      const { text } = await lab.ask(method.toUpperCase(), anywhere, '[{}]');
      assert.doesNotMatch(text, /\.ts|node_modules|node:/, path);
    }
  });
});

describe('many clients', () => {
  it('are answered at once', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `policy-${index}`);
    const rules = (name: string) =>
      JSON.stringify([{ labels: [`name=${name}`], endpointSelector: {}, ingress: [] }]);
    const answers = await Promise.all(names.map((name) => lab.json('PUT', '/v1/policy', rules(name))));
    assert.ok(answers.every(({ status }) => status === 200));
    const { rules: kept } = lab.agent.policy.list();
    assert.deepEqual(
      kept.map(({ labels }) => labels[0]).sort(),
      names.map((name) => `any:name=${name}`).sort(),
    );
  });

  it('do not wait for one that sends slowly, stops, or does not read', async () => {
    const stuck = [
      raw('GET /v1/healthz HT'),
      raw('PUT /v1/policy HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n"'),
      raw('GET /v1/monitor HTTP/1.1\r\nhost: x\r\n\r\n'),
      raw('GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(50)),
    ];
    for (const socket of stuck) socket.pause();
    await wait(50);
    const begun = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, () => lab.json('GET', '/v1/endpoint')));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.ok(performance.now() - begun < 2_000);
    for (const socket of stuck) socket.destroy();
  });

  it('may break off in the middle of anything', async () => {
    for (let length = 1; length < 90; length += 4) {
      const text = 'PUT /v1/policy HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n"half of the body of it';
      const socket = raw(text.slice(0, length));
      await wait(1);
      socket.destroy();
    }
    await wait(20);
    assert.equal((await lab.json('GET', '/v1/endpoint')).status, 200);
    assert.deepEqual(lab.failures, []);
  });
});

describe('closing', { timeout: 10_000 }, () => {
  it('takes the socket away, ends streams, and lets requests under way end', async (t) => {
    const { promise, resolve } = deferred();
    const create = lab.agent.endpoints.create.bind(lab.agent.endpoints);
    t.mock.method(lab.agent.endpoints, 'create', async (request: Parameters<typeof create>[0]) => {
      await promise;
      return create(request);
    });
    const socket = `${lab.socket}2`;
    const server = await serveApi({ agent: lab.agent, socket });
    const other = new AgentClient({ socket });
    const following = other.monitor()[Symbol.asyncIterator]().next();
    const created = other.createEndpoint({ pid: 1 });
    while (lab.agent.followers.size === 0) await wait(1);
    const closed = server.close();
    assert.equal(existsSync(socket), false);
    resolve();
    assert.equal((await created).id, 1);
    await closed;
    await assert.rejects(following, { code: 'CLOSED' });
    while (lab.agent.followers.size > 0) await wait(1);
    await server.close();
  });
});

function deferred() {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
