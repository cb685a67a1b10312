/** What the field's command line and plugins were seen to send, byte for byte, and what they need in the answers. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ApiLab } from './testing/lab.ts';

const HEADERS = { host: 'localhost', 'user-agent': 'Go-http-client/1.1', accept: 'application/json' };

let lab: ApiLab;
beforeEach(async () => {
  lab = await ApiLab.open();
});
afterEach(async () => {
  assert.deepEqual(lab.failures, []);
  await lab[Symbol.asyncDispose]();
});

/** Sends it, expects a status, and gives the answer's value. */
async function send(
  status: number,
  method: string,
  path: string,
  body?: string,
  more: Record<string, string> = {},
) {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await lab.ask(method, path, body, { ...HEADERS, ...type, ...more });
  assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
  assert.match(answer.headers['content-type'] ?? 'application/json', /^application\/json/);
  return answer.text === '' ? undefined : JSON.parse(answer.text);
}

describe('the CNI plugin', () => {
  const request = {
    'container-id': '6bd0e2f7a5',
    'host-mac': '5a:2b:11:7c:0e:01',
    'interface-index': 12,
    'interface-name': 'lxc3f2a77',
    'k8s-namespace': 'default',
    'k8s-pod-name': 'web-1',
    mac: '5a:2b:11:7c:0e:02',
    state: 'waiting-for-identity',
    'sync-build-endpoint': true,
  };

  it('adds a pod, and deletes it', async () => {
    await send(200, 'GET', '/v1/config');
    await send(200, 'GET', '/v1/config');
    const {
      address,
      ipv4,
      'host-addressing': host,
    } = await send(201, 'POST', '/v1/ipam?owner=default%2Fweb-1', undefined, { expiration: 'true' });
    assert.equal(address.ipv4, ipv4.ip);
    assert.ok(host.ipv4.ip);
    const wanted = JSON.stringify({ ...request, addressing: { ipv4: address.ipv4 } });
    await send(201, 'PUT', '/v1/endpoint/cilium-local:0', wanted);
    const { status } = await send(200, 'GET', '/v1/endpoint/container-id:6bd0e2f7a5');
    assert.equal(status['external-identifiers']['pod-name'], 'default/web-1');
    assert.equal(status.networking['interface-name'], 'lxc3f2a77');
    await send(200, 'DELETE', '/v1/endpoint/container-id:6bd0e2f7a5');
    await send(404, 'DELETE', '/v1/endpoint/container-id:6bd0e2f7a5');
  });
});

describe('the docker plugin', () => {
  it('is told that its own ids of endpoints are not known here', async () => {
    await send(200, 'GET', '/v1/config');
    const { address } = await send(201, 'POST', '/v1/ipam?family=ipv4&owner=docker-ipam', undefined, {
      expiration: 'false',
    });
    assert.match(
      await send(400, 'GET', '/v1/endpoint/docker-endpoint:9f0c'),
      /container-id: container-name: /,
    );
    await send(200, 'DELETE', `/v1/ipam/${address.ipv4}`);
  });
});

describe('the command line', () => {
  const rules = JSON.stringify(
    JSON.stringify([
      {
        endpointSelector: { matchLabels: { 'any:app': 'web' } },
        ingress: [{ fromEndpoints: [{ matchLabels: { 'any:app': 'api' } }] }],
        labels: [{ key: 'name', value: 'web', source: 'any' }],
      },
    ]),
  );

  it('status, version, config', async () => {
    const status = await send(200, 'GET', '/v1/healthz');
    assert.ok(status.encryption.mode, 'it fails without');
    await send(200, 'GET', '/v1/healthz', undefined, { brief: 'true' });
    await send(200, 'GET', '/v1/debuginfo');
    await send(200, 'GET', '/v1/config');
    await send(200, 'PATCH', '/v1/config', '{"options":{"Debug":"Enabled"},"policy-enforcement":"default"}');
  });

  it('endpoint …', async () => {
    await lab.client.createEndpoint({ labels: ['app=web'], pid: 1 });
    assert.equal((await send(200, 'GET', '/v1/endpoint')).length, 1);
    assert.equal((await send(200, 'GET', '/v1/endpoint', '["app=web"]\n')).length, 1);
    await send(200, 'GET', '/v1/endpoint/1');
    await send(200, 'GET', '/v1/endpoint/1/config');
    await send(200, 'PATCH', '/v1/endpoint/1/config', '{}\n');
    await send(400, 'PATCH', '/v1/endpoint/1/config', '{"options":{"Debug":"1"}}\n');
    await send(200, 'GET', '/v1/endpoint/1/healthz');
    await send(200, 'PATCH', '/v1/endpoint/1/labels', '{"user":["unspec:x=y"]}\n');
    assert.deepEqual((await send(200, 'GET', '/v1/endpoint/1/labels')).status.realized.user, ['unspec:x=y']);
    await send(200, 'GET', '/v1/endpoint/1/log');
    await send(200, 'DELETE', '/v1/endpoint/1');
  });

  it('identity …, ip list, map …, metrics list', async () => {
    await send(200, 'GET', '/v1/identity');
    await send(200, 'GET', '/v1/identity', '["reserved:host"]\n');
    await send(200, 'GET', '/v1/identity/endpoints');
    await send(200, 'GET', '/v1/identity/1');
    await send(200, 'GET', '/v1/ip');
    await send(200, 'GET', '/v1/map');
    await send(200, 'GET', '/v1/map/ipcache');
    assert.ok((await send(200, 'GET', '/v1/metrics/')).length > 0);
  });

  it('policy …', async () => {
    assert.equal((await send(200, 'GET', '/v1/policy', '[]\n')).policy, '[]');
    await send(404, 'DELETE', '/v1/policy', '["any:name=web"]\n');
    assert.ok((await send(200, 'PUT', '/v1/policy', rules)).revision > 0);
    await send(200, 'GET', '/v1/policy', '["any:name=web"]\n');
    await send(200, 'GET', '/v1/policy/selectors');
    const trace = {
      from: { labels: ['any:app=api'] },
      to: { labels: ['any:app=web'], dports: [{ port: 80, protocol: 'ANY' }] },
      verbose: true,
    };
    assert.equal((await send(200, 'GET', '/v1/policy/resolve', JSON.stringify(trace))).verdict, 'allowed');
    await send(200, 'DELETE', '/v1/policy', '["any:name=web"]\n');
    await send(200, 'DELETE', '/v1/policy', '[]\n');
  });
});
