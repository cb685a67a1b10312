/** The API over a running agent: everything that it answers is of the models that its document shows. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { askJson } from '../packages/agent/src/api/testing/ask.ts';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

await import('@waggle/compiler/register');
const { controlOf, serveApi } = await import('@waggle/agent');
const { AgentClient } = await import('@waggle/agent/client');
const { EventHub } = await import('../packages/agent/src/events/hub.ts');
const { AgentLab } = await import('./support/agent-lab.ts');

const POLICY = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: backend, namespace: shop }
spec:
  description: only the frontend may ask
  endpointSelector: { matchLabels: { app: backend } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: frontend } }]
      toPorts: [{ ports: [{ port: "8080", protocol: TCP }] }]
  egress: [{ toCIDR: [203.0.113.0/24] }]
`;

test('the API of an agent with endpoints and policies', { skip: needsRoot, timeout: 60_000 }, async () => {
  await using lab = await AgentLab.start();
  const failures: unknown[] = [];
  await using server = await serveApi({
    agent: controlOf(lab.agent, new EventHub()),
    socket: join(lab.directory, 'agent.sock'),
    onFailure: (error) => failures.push(error),
  });
  const client = new AgentClient({ socket: server.socket });
  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    askJson(server.socket, method, path, body, headers);

  const [frontend, backend] = await Promise.all(
    ['frontend', 'backend'].map((app) =>
      client.createEndpoint({
        name: app,
        labels: [`app=${app}`, 'k8s:io.kubernetes.pod.namespace=shop'],
        netns: `/run/netns/${lab.namespace().name}`,
        'named-ports': [{ name: 'http', port: 8080 }],
      }),
    ),
  );
  assert.ok(frontend && backend);
  const applied = await client.applyPolicies(POLICY, { file: 'backend.yaml' });
  assert.equal(applied.added, 1);

  for (const path of [
    '/v1/healthz',
    '/v1/config',
    '/v1/debuginfo',
    '/v1/endpoint',
    '/v1/identity',
    '/v1/identity/endpoints',
    `/v1/identity/${backend.status.identity?.id}`,
    '/v1/ip',
    '/v1/ip?cidr=203.0.113.0%2F24',
    '/v1/policy',
    '/v1/policy/documents',
    '/v1/policy/selectors',
    '/v1/map',
    '/v1/metrics/',
    '/v1/devices',
    ...['', '/labels', '/log', '/healthz', '/config'].map((part) => `/v1/endpoint/name:backend${part}`),
    `/v1/endpoint/ipv4:${backend.status.networking.addressing[0]?.ipv4}`,
  ])
    assert.equal((await ask('GET', path)).status, 200, path);
  const { maps } = await client.maps();
  assert.ok(maps.length > 0);
  for (const { name, path } of maps) {
    assert.ok(statSync(path).isFile(), `${name} is pinned at ${path}`);
    assert.equal((await ask('GET', `/v1/map/${encodeURIComponent(name)}`)).status, 200, name);
  }

  const verdictOf = async (port: number): Promise<string> => {
    const to = { endpoint: backend.id, dports: [{ port, protocol: 'TCP' as const }] };
    const asked = { from: { endpoint: frontend.id }, to };
    assert.equal((await ask('GET', '/v1/policy/resolve', asked)).status, 200);
    return (await client.tracePolicy(asked)).verdict;
  };
  assert.deepEqual([await verdictOf(8080), await verdictOf(8081)], ['allowed', 'denied']);
  assert.deepEqual((await client.endpoint(backend.id)).status.policy.realized['policy-enabled'], 'both');

  await client.setEndpointLabels(frontend.id, ['app=batch', 'k8s:io.kubernetes.pod.namespace=shop']);
  assert.equal(await verdictOf(8080), 'denied');
  await client.regenerateEndpoint(backend.id);

  const { address } = await client.allocateAddresses('shop/web', { expires: true });
  assert.equal((await ask('POST', `/v1/ipam/${address.ipv4}?owner=web`)).status, 200, 'handed on');
  assert.equal((await ask('POST', `/v1/ipam/${address.ipv4}?owner=other`)).status, 409);
  await client.releaseAddress('web');

  const gateway = (await client.config()).status.addressing.ipv4?.ip ?? '';
  const netns = `/run/netns/${lab.namespace().name}`;
  for (const [status, method, path, body] of [
    [404, 'GET', '/v1/endpoint/name:nobody', undefined],
    [404, 'GET', '/v1/endpoint', ['app=nobody']],
    [404, 'GET', '/v1/identity/60000', undefined],
    [404, 'GET', '/v1/map/nobody', undefined],
    [404, 'DELETE', '/v1/policy/documents?name=nobody', undefined],
    [404, 'DELETE', '/v1/policy', ['app=nobody']],
    [404, 'POST', '/v1/devices/nobody/confirm', undefined],
    [404, 'GET', '/v1/policy/resolve', { from: { endpoint: 60_000 }, to: { endpoint: backend.id } }],
    [409, 'PUT', '/v1/endpoint/0', { name: 'backend', netns: '/run/netns/nowhere' }],
    [400, 'PUT', '/v1/policy', '[{"endpointSelector": 7}]'],
    [400, 'PATCH', '/v1/endpoint/name:backend/labels', { user: ['=x'] }],
    [404, 'PUT', '/v1/endpoint/0', { netns: '/run/netns/nowhere' }],
    [403, 'PUT', '/v1/endpoint/0', { netns, addressing: { ipv4: gateway } }],
    [403, 'POST', `/v1/ipam/${gateway}`, undefined],
  ] as const) {
    const answer = await ask(method, path, body);
    assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(answer.body)}`);
  }

  await client.deletePolicyDocument({ name: 'backend', namespace: 'shop' });
  assert.equal(await verdictOf(8081), 'allowed');
  for (const { id } of await client.endpoints()) await client.deleteEndpoint(id);
  assert.deepEqual(await client.endpoints(), []);
  assert.deepEqual(failures, []);
});
