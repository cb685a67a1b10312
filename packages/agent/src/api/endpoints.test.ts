/** Endpoints over the wire: each path, what it does, and each way in which it refuses. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Endpoint } from './models/endpoint.ts';
import { ApiLab } from './testing/lab.ts';

const NEW = '/v1/endpoint/cilium-local:0';

let lab: ApiLab;
beforeEach(async () => {
  lab = await ApiLab.open();
  const body = { name: 'web', labels: ['app=web', 'team=a'], pid: 1, 'container-id': 'c0ffee' };
  assert.equal((await lab.json('PUT', NEW, body)).status, 201);
});
afterEach(async () => {
  assert.deepEqual(lab.failures, []);
  await lab[Symbol.asyncDispose]();
});

const endpointOf = async (id: string): Promise<Endpoint> => {
  const { status, body } = await lab.json('GET', `/v1/endpoint/${encodeURIComponent(id)}`);
  assert.equal(status, 200, id);
  return body as Endpoint;
};

describe('GET /v1/endpoint', () => {
  it('lists all endpoints, or those with labels, taken from the body', async () => {
    await lab.json('PUT', NEW, { labels: ['app=db'], netns: '/run/netns/db' });
    const idsOf = async (labels?: string[]) => {
      const { body } = await lab.json('GET', '/v1/endpoint', labels);
      return (body as Endpoint[]).map(({ id }) => id);
    };
    assert.deepEqual(await idsOf(), [1, 2]);
    assert.deepEqual(await idsOf([]), [1, 2]);
    assert.deepEqual(await idsOf(['app=db']), [2]);
    assert.deepEqual(await idsOf(['app=web', 'team=a']), [1]);
  });

  it('answers 404 where none has the labels, 400 where they are no labels', async () => {
    const { status, body } = await lab.json('GET', '/v1/endpoint', ['app=nobody']);
    assert.deepEqual([status, body], [404, 'No endpoint with app=nobody.']);
    const wrong = await lab.json('GET', '/v1/endpoint', [1]);
    assert.deepEqual([wrong.status, wrong.body], [400, '[0] in the body must be a string, and is 1.']);
  });
});

describe('GET /v1/endpoint/{id}', () => {
  it('finds an endpoint by each form of id', async () => {
    await lab.json('PUT', NEW, {
      'k8s-namespace': 'shop',
      'k8s-pod-name': 'db-0',
      'container-name': 'db',
      addressing: { ipv4: '10.200.0.6' },
      'interface-name': 'lxcdb',
      mac: '02:00:00:00:00:09',
    });
    for (const id of [
      '1',
      'cilium-local:1',
      'name:web',
      'container-id:c0ffee',
      'cni-attachment-id:c0ffee:eth0',
    ])
      assert.equal((await endpointOf(id)).id, 1, id);
    for (const id of ['pod-name:shop:db-0', 'pod-name:shop/db-0', 'cep-name:shop/db-0', 'container-name:db'])
      assert.equal((await endpointOf(id)).id, 2, id);
    assert.equal((await endpointOf('ipv4:10.200.0.6')).id, 2);
    lab.agent.change(2, { ipv6: 'fd00::6' });
    assert.equal((await endpointOf('ipv6:fd00::6')).id, 2);
  });

  it('shows an endpoint in the shape of the field', async () => {
    const { status, spec } = await endpointOf('1');
    assert.deepEqual(spec['label-configuration'], { user: ['app=web', 'team=a'] });
    assert.deepEqual(status['external-identifiers'], { 'container-id': 'c0ffee' });
    assert.deepEqual(status.identity?.labels, ['app=web', 'team=a']);
    assert.match(status.identity?.labelsSHA256 ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(status.networking.addressing, [{ ipv4: '10.200.0.2' }]);
    assert.equal(status.policy.realized['policy-enabled'], 'ingress');
    assert.deepEqual(
      status.log.map(({ state }) => state),
      ['ready'],
    );
    assert.equal(status.waggle.name, 'web');
  });

  it('shows pods under their names', async () => {
    const pod = { 'k8s-namespace': 'shop', 'k8s-pod-name': 'db-0', pid: 2 };
    await lab.json('PUT', NEW, pod);
    const { status } = await endpointOf('2');
    assert.deepEqual(status['external-identifiers'], {
      'pod-name': 'shop/db-0',
      'k8s-namespace': 'shop',
      'k8s-pod-name': 'db-0',
    });
    assert.deepEqual(status.labels.realized.user, ['k8s:io.kubernetes.pod.namespace=shop']);
  });

  it('says so when policies are only reported', async () => {
    await lab.json('PATCH', '/v1/config', { options: { PolicyAuditMode: 'Enabled' } });
    assert.equal((await endpointOf('1')).status.policy.realized['policy-enabled'], 'audit-ingress');
    for (const [enforced, expected] of [
      [{ ingress: true, egress: true }, 'audit-both'],
      [{ ingress: false, egress: true }, 'audit-egress'],
      [{ ingress: false, egress: false }, 'none'],
    ] as const) {
      const [view] = lab.agent.endpoints.list();
      assert.ok(view);
      lab.agent.change(1, { policy: { ...view.policy, enforced } });
      assert.equal((await endpointOf('1')).status.policy.realized['policy-enabled'], expected);
    }
  });

  it('refuses ids of no known form', async () => {
    for (const id of [
      'web',
      '70000',
      '-1',
      'cilium-local:',
      'constructor:1',
      'ipv4:fd00::1',
      'ipv6:x',
      'uuid:1',
    ]) {
      const { status, body } = await lab.json('GET', `/v1/endpoint/${encodeURIComponent(id)}`);
      assert.equal(status, 400, id);
      assert.match(String(body), /^The endpoint id /, id);
    }
    assert.equal((await lab.json('GET', '/v1/endpoint/9')).status, 404);
    assert.equal((await lab.json('GET', '/v1/endpoint/name:nobody')).status, 404);
  });
});

describe('PUT /v1/endpoint/{id}', () => {
  it('takes the device of a plugin, or makes one in a network namespace', async () => {
    const device = { 'interface-name': 'lxc77', mac: '02:00:00:00:00:77', 'interface-index': 77, pid: 5 };
    const { body } = await lab.json('PUT', NEW, device);
    assert.equal((body as Endpoint).status.networking['interface-name'], 'lxc77');
    for (const place of [{ netns: '/run/netns/x' }, { pid: 7 }, { container: 'abc' }])
      assert.equal((await lab.json('PUT', NEW, place)).status, 201, JSON.stringify(place));
  });

  it('takes identifiers from the path, too', async () => {
    const paths = { 'container-id:beef': 'container-id', 'container-name:bee': 'container-name' };
    for (const [id, field] of Object.entries(paths)) {
      const { status, body } = await lab.json('PUT', `/v1/endpoint/${id}`, { pid: 7 });
      assert.equal(status, 201, id);
      const identifiers: Record<string, unknown> = (body as Endpoint).status['external-identifiers'];
      assert.equal(identifiers[field], id.split(':')[1]);
    }
    const { body } = await lab.json('PUT', '/v1/endpoint/name:hive', { pid: 7 });
    assert.equal((body as Endpoint).status.waggle.name, 'hive');
  });

  it('keeps ports with names', async () => {
    const { body } = await lab.json('PUT', NEW, {
      pid: 7,
      'named-ports': [
        { name: 'http', port: 80 },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    });
    assert.deepEqual((body as Endpoint).status.namedPorts, [
      { name: 'http', port: 80, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ]);
  });

  it('refuses what contradicts itself or lacks something, and makes nothing', async () => {
    const wrong: [path: string, body: unknown, message: RegExp][] = [
      [NEW, undefined, /^The body is missing: it must be an object/],
      [NEW, {}, /needs one place to be at/],
      [NEW, { pid: 1, netns: '/x' }, /needs one place to be at/],
      [NEW, { 'interface-name': 'lxc1' }, /^mac in the body is missing/],
      [NEW, { 'interface-name': 'lxc1', mac: '02:00:00:00:00:77', netns: '/x' }, /one place to be at/],
      [
        NEW,
        { 'interface-name': 'lxc1', mac: '02:00:00:00:00:77', pid: 1, netns: '/x' },
        /has the device lxc1/,
      ],
      [NEW, { 'interface-name': 'lxc1', mac: 'bee' }, /^mac in the body is "bee", which is not allowed/],
      [NEW, { pid: 0 }, /^pid in the body must be at least 1, and is 0/],
      [NEW, { pid: 1, labels: ['a', 7] }, /^labels\[1\] in the body must be a string, and is 7/],
      [NEW, { pid: 1, lables: [] }, /^The body has "lables", which is not known. Allowed are .*labels/],
      [
        NEW,
        { pid: 1, addressing: { ipv4: '10.0.0.256' } },
        /^addressing\.ipv4 in the body is "10\.0\.0\.256"/,
      ],
      [NEW, { pid: 1, addressing: { ip: '::' } }, /^addressing in the body has "ip".* Allowed are ipv4,/],
      [NEW, { pid: 1, 'named-ports': [{ port: 80 }] }, /port 80 among named-ports has no name/],
      [NEW, { pid: 1, 'named-ports': [{ name: 'x', port: 0 }] }, /port x among named-ports has no number/],
      [NEW, { pid: 1, 'named-ports': [{ name: 'x', port: 8, protocol: 'ICMP' }] }, /of TCP, UDP or SCTP/],
      [NEW, { pid: 1, state: 'happy' }, /^state in the body must be one of waiting-for-identity, .*"happy"/],
      ['/v1/endpoint/7', { pid: 1 }, /cannot be made under the number 7/],
      ['/v1/endpoint/ipv4:10.0.0.7', { pid: 1 }, /cannot be made under the id ipv4:10.0.0.7/],
      ['/v1/endpoint/name:x', { pid: 1, name: 'y' }, /^name is x and y/],
      ['/v1/endpoint/container-id:x', { pid: 1, 'container-id': 'y' }, /^container-id is x and y/],
    ];
    for (const [path, body, message] of wrong) {
      const answer = await lab.json('PUT', path, body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.match(String(answer.body), message);
    }
    assert.equal(lab.agent.endpoints.list().length, 1);
  });

  it('answers 409 for what is there already, 503 where no address is left', async () => {
    const again = await lab.json('PUT', NEW, { name: 'web', pid: 2 });
    assert.deepEqual([again.status, again.body], [409, 'There is an endpoint web. Choose another name']);
    for (let made = 1; made < 5; made++) assert.equal((await lab.json('PUT', NEW, { pid: 2 })).status, 201);
    assert.equal((await lab.json('PUT', NEW, { pid: 2 })).status, 503);
  });
});

describe('PATCH and DELETE /v1/endpoint/{id}', () => {
  it('changes labels, and nothing else', async () => {
    const labels = { labels: ['app=api'], state: 'ready' };
    assert.equal((await lab.json('PATCH', '/v1/endpoint/1', labels)).status, 200);
    assert.deepEqual(lab.agent.endpoints.get({ id: 1 }).labels, ['app=api']);
    const { status, body } = await lab.json('PATCH', '/v1/endpoint/1', {
      labels: [],
      mac: '02:00:00:00:00:99',
    });
    assert.equal(status, 400);
    assert.match(String(body), /^mac of an endpoint cannot be changed/);
    assert.deepEqual(lab.agent.endpoints.get({ id: 1 }).labels, ['app=api']);
    assert.equal((await lab.json('PATCH', '/v1/endpoint/9', labels)).status, 404);
  });

  it('deletes an endpoint', async () => {
    assert.equal((await lab.json('DELETE', '/v1/endpoint/container-id:c0ffee')).status, 200);
    assert.equal((await lab.json('DELETE', '/v1/endpoint/1')).status, 404);
    assert.equal((await lab.json('DELETE', '/v1/endpoint/web')).status, 400);
  });
});

describe('DELETE /v1/endpoint', () => {
  it('deletes all endpoints of a container', async () => {
    await lab.json('PUT', NEW, { pid: 1, 'container-id': 'c0ffee' });
    await lab.json('PUT', NEW, { pid: 1, 'container-id': 'tea' });
    assert.equal((await lab.json('DELETE', '/v1/endpoint', { 'container-id': 'c0ffee' })).status, 200);
    assert.deepEqual(
      lab.agent.endpoints.list().map(({ id }) => id),
      [3],
    );
    assert.equal((await lab.json('DELETE', '/v1/endpoint', { 'container-id': 'c0ffee' })).status, 404);
    assert.equal((await lab.json('DELETE', '/v1/endpoint', {})).status, 400);
    assert.equal((await lab.json('DELETE', '/v1/endpoint')).status, 400);
  });

  it('says how many could not be deleted', async (t) => {
    await lab.json('PUT', NEW, { pid: 1, 'container-id': 'c0ffee' });
    const remove = lab.agent.endpoints.remove.bind(lab.agent.endpoints);
    t.mock.method(lab.agent.endpoints, 'remove', (reference: { id: number }) => {
      if (reference.id === 1) throw new Error('the device is busy');
      return remove(reference);
    });
    const { status, body } = await lab.json('DELETE', '/v1/endpoint', { 'container-id': 'c0ffee' });
    assert.deepEqual([status, body], [206, 1]);
    assert.deepEqual(
      lab.agent.endpoints.list().map(({ id }) => id),
      [1],
    );
  });
});

describe('parts of an endpoint', () => {
  it('shows and changes labels', async () => {
    const patched = await lab.json('PATCH', '/v1/endpoint/1/labels', { user: ['app=web', 'unspec:tier=2'] });
    assert.equal(patched.status, 200);
    const { body } = await lab.json('GET', '/v1/endpoint/1/labels');
    assert.deepEqual(body, {
      spec: { user: ['app=web', 'unspec:tier=2'] },
      status: {
        realized: { user: ['app=web', 'unspec:tier=2'] },
        'security-relevant': ['app=web', 'unspec:tier=2'],
        derived: [],
        disabled: [],
      },
    });
    assert.equal((await lab.json('PATCH', '/v1/endpoint/1/labels', {})).status, 200);
    assert.deepEqual(lab.agent.endpoints.get({ id: 1 }).labels, []);
    assert.equal((await lab.json('PATCH', '/v1/endpoint/1/labels', { user: 'x' })).status, 400);
    assert.equal((await lab.json('PATCH', '/v1/endpoint/9/labels', {})).status, 404);
    assert.equal((await lab.json('GET', '/v1/endpoint/9/labels')).status, 404);
  });

  it('shows the log, newest first', async () => {
    const { body } = await lab.json('GET', '/v1/endpoint/1/log');
    assert.deepEqual(
      (body as { state: string }[]).map(({ state }) => state),
      ['ready', 'waiting-for-identity'],
    );
    assert.equal((await lab.json('GET', '/v1/endpoint/9/log')).status, 404);
  });

  it('tells how it is', async () => {
    const healthOf = async () => (await lab.json('GET', '/v1/endpoint/1/healthz')).body;
    const { policy } = lab.agent.endpoints.get({ id: 1 });
    const well = { overallHealth: 'OK', bpf: 'OK', policy: 'OK', connected: true };
    assert.deepEqual(await healthOf(), well);
    lab.agent.change(1, { policy: { ...policy, error: 'no memory' } });
    assert.deepEqual(await healthOf(), { ...well, overallHealth: 'Warning', policy: 'Warning' });
    const full = { kind: 'overflow', entries: 9, capacity: 8, inForce: 'deny' } as const;
    lab.agent.change(1, { policy: { ...policy, status: full } });
    assert.deepEqual(await healthOf(), { ...well, overallHealth: 'Failure', policy: 'Failure' });
    assert.match((await endpointOf('1')).status.waggle['policy-message'] ?? '', /takes 9 entries .* holds 8/);
    lab.agent.change(1, { state: 'restoring' });
    const pending = { overallHealth: 'Pending', bpf: 'Pending', policy: 'Pending', connected: false };
    assert.deepEqual(await healthOf(), pending);
    assert.equal((await lab.json('GET', '/v1/endpoint/9/healthz')).status, 404);
  });

  it('shows the configuration, with what is wrong', async () => {
    const { policy } = lab.agent.endpoints.get({ id: 1 });
    const parsers = ['http', 'kafka'] as const;
    const conflict = {
      direction: 'ingress',
      protocol: 6,
      port: 80,
      portPrefix: 16,
      parsers,
      cookies: [1, 2],
    } as const;
    lab.agent.change(1, {
      policy: {
        ...policy,
        status: { kind: 'conflict', conflicts: [conflict], inForce: 'keep-last-good' },
      },
    });
    const { body } = await lab.json('GET', '/v1/endpoint/1/config');
    const { error, realized } = body as { error: string; realized: unknown };
    assert.match(error, /different parsers on ingress port 80 \(http, kafka\)/);
    assert.deepEqual(realized, { options: {}, 'label-configuration': { user: ['app=web', 'team=a'] } });
    assert.equal((await lab.json('GET', '/v1/endpoint/9/config')).status, 404);
  });

  it('computes the policy anew, changes labels, and knows no options', async () => {
    assert.equal((await lab.json('PATCH', '/v1/endpoint/1/config', {})).status, 200);
    assert.deepEqual(lab.agent.regenerated, [1]);
    const labels = { 'label-configuration': { user: ['a=b'] } };
    assert.equal((await lab.json('PATCH', '/v1/endpoint/1/config', labels)).status, 200);
    assert.deepEqual(lab.agent.endpoints.get({ id: 1 }).labels, ['a=b']);
    const debug = await lab.json('PATCH', '/v1/endpoint/1/config', { options: { Debug: '1' } });
    assert.equal(debug.status, 400);
    assert.match(String(debug.body), /no options of their own, and so no Debug/);
    assert.equal((await lab.json('PATCH', '/v1/endpoint/9/config', {})).status, 404);
  });
});
