/** The agent itself, identities, addresses, maps, figures and devices over the wire. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { DaemonConfiguration } from './models/config.ts';
import type { DebugInfo } from './models/debug.ts';
import type { Identity } from './models/identity.ts';
import type { BPFMap } from './models/map.ts';
import type { StatusResponse } from './models/status.ts';
import { ApiLab } from './testing/lab.ts';

let lab: ApiLab;
beforeEach(async () => {
  lab = await ApiLab.open();
});
afterEach(async () => {
  assert.deepEqual(lab.failures, []);
  await lab[Symbol.asyncDispose]();
});

const newEndpoint = async (labels: readonly string[] = ['app=web']): Promise<void> => {
  assert.equal((await lab.json('PUT', '/v1/endpoint/0', { labels, pid: 1 })).status, 201);
};

describe('GET /v1/healthz', () => {
  it('shows the sections of the field, and ours', async () => {
    await newEndpoint();
    const { cilium, kvstore, kubernetes, ipam, masquerading, encryption, controllers, waggle } = (
      await lab.json('GET', '/v1/healthz')
    ).body as StatusResponse;
    assert.deepEqual(cilium, { state: 'Ok', msg: 'all is well' });
    assert.deepEqual(kvstore, { state: 'Disabled', msg: 'the local store' });
    assert.equal(kubernetes, undefined);
    assert.deepEqual(ipam, {
      allocations: { '10.200.0.2': 'endpoint-1' },
      ipv4: ['10.200.0.2'],
      ipv6: [],
      status: '1 address of 10.200.0.0/29 given out',
    });
    assert.equal(masquerading?.enabled, true);
    assert.deepEqual(encryption, { mode: 'Disabled' });
    assert.deepEqual(controllers?.[0]?.status, {
      'success-count': 3,
      'failure-count': 1,
      'consecutive-failure-count': 0,
      'last-failure-msg': 'map is gone',
    });
    assert.deepEqual(
      waggle?.sections.map(({ name }) => name),
      ['datapath', 'kvstore'],
    );
  });

  it('is brief where that is asked for', async () => {
    const { body } = await lab.json('GET', '/v1/healthz', undefined, { brief: 'true' });
    assert.deepEqual(body, { cilium: { state: 'Ok', msg: 'all is well' } });
    const wrong = await lab.json('GET', '/v1/healthz', undefined, { brief: 'yes' });
    assert.deepEqual(
      [wrong.status, wrong.body],
      [400, 'brief in the headers must be one of true, false, and is "yes".'],
    );
  });
});

describe('/v1/config', () => {
  it('shows what can be changed and what cannot', async () => {
    const { spec, status } = (await lab.json('GET', '/v1/config')).body as DaemonConfiguration;
    assert.deepEqual(spec, {
      options: { Debug: 'Disabled', LogLevel: 'info', PolicyAuditMode: 'Disabled' },
      'policy-enforcement': 'default',
    });
    assert.deepEqual(status.immutable, { mtu: '1500', masquerade: 'true', device: 'eth1' });
    assert.deepEqual(status.addressing, {
      ipv4: { enabled: true, ip: '10.200.0.1', 'alloc-range': '10.200.0.0/29' },
    });
  });

  it('changes it', async () => {
    for (const on of ['Enabled', 'true', '1', 'on'])
      assert.equal((await lab.json('PATCH', '/v1/config', { options: { PolicyAuditMode: on } })).status, 200);
    assert.equal(lab.agent.config().mutable.audit, true);
    const { body } = await lab.json('PATCH', '/v1/config', {
      options: { Debug: 'Enabled', PolicyAuditMode: 'disabled' },
      'policy-enforcement': 'always',
    });
    assert.deepEqual((body as DaemonConfiguration).spec, {
      options: { Debug: 'Enabled', LogLevel: 'debug', PolicyAuditMode: 'Disabled' },
      'policy-enforcement': 'always',
    });
    await lab.json('PATCH', '/v1/config', { options: { LogLevel: 'warn' } });
    assert.equal(lab.agent.config().mutable.logLevel, 'warn');
  });

  it('refuses what it does not know, and changes nothing', async () => {
    const before = lab.agent.config();
    const wrong: [body: unknown, message: RegExp][] = [
      [{ options: { Speed: 'Enabled' } }, /no option "Speed"\. Options are Debug, LogLevel, PolicyAuditMode/],
      [{ options: { toString: 'Enabled' } }, /no option "toString"/],
      [
        { options: { PolicyAuditMode: 'Enabled', Debug: 'maybe' } },
        /Debug cannot be "maybe".*Enabled, Disabled/,
      ],
      [{ options: { LogLevel: 'loud' } }, /LogLevel cannot be "loud".*trace, debug, info, warn, error/],
      [{ 'policy-enforcement': 'sometimes' }, /must be one of default, always, never, and is "sometimes"/],
      [{ policy: 'always' }, /has "policy", which is not known\. Allowed are options, policy-enforcement/],
      [{ options: { Debug: true } }, /options\.Debug in the body must be a string, and is a boolean/],
    ];
    for (const [body, message] of wrong) {
      const answer = await lab.json('PATCH', '/v1/config', body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.match(String(answer.body), message);
    }
    assert.deepEqual(lab.agent.config(), before);
  });
});

describe('GET /v1/debuginfo', () => {
  it('tells all, but no secrets', async () => {
    process.env.WAGGLE_TEST_WORD = 'seen';
    process.env.SECRET_TEST_WORD = 'unseen';
    try {
      await newEndpoint();
      const info = (await lab.json('GET', '/v1/debuginfo')).body as DebugInfo;
      assert.equal(info['endpoint-list'].length, 1);
      assert.equal(info['cilium-version'], '0.1.0');
      assert.ok(info['environment-variables'].includes('WAGGLE_TEST_WORD=seen'));
      assert.doesNotMatch(JSON.stringify(info), /unseen/);
      assert.equal(info.subsystem['map ipcache'], '2 of 512000');
    } finally {
      delete process.env.WAGGLE_TEST_WORD;
      delete process.env.SECRET_TEST_WORD;
    }
  });
});

describe('/v1/identity', () => {
  it('lists identities, by labels too', async () => {
    await newEndpoint();
    const idsOf = async (labels?: string[]) =>
      ((await lab.json('GET', '/v1/identity', labels)).body as Identity[]).map(({ id }) => id);
    assert.ok((await idsOf()).includes(1));
    assert.deepEqual(await idsOf(['any:app=web']), [256]);
    assert.equal((await lab.json('GET', '/v1/identity', ['nobody'])).status, 404);
  });

  it('shows one', async () => {
    const { body } = await lab.json('GET', '/v1/identity/2');
    assert.deepEqual((body as Identity).labels, ['reserved:world']);
    assert.equal((await lab.json('GET', '/v1/identity/999')).status, 404);
    const wrong = await lab.json('GET', '/v1/identity/world');
    assert.equal(wrong.status, 400);
    assert.match(
      String(wrong.body),
      /^id in the path is "world", which is not allowed: identities are numbers/,
    );
  });

  it('shows those that endpoints have', async () => {
    await newEndpoint();
    await newEndpoint();
    const { body } = await lab.json('GET', '/v1/identity/endpoints');
    const [entry, ...others] = body as { identity: Identity; refCount: number }[];
    assert.deepEqual([entry?.identity.id, entry?.refCount, others], [256, 2, []]);
  });
});

describe('GET /v1/ip', () => {
  it('lists prefixes, and those within a CIDR', async () => {
    await newEndpoint();
    const { body } = await lab.json('GET', '/v1/ip?cidr=10.200.0.2%2F32');
    assert.deepEqual(body, [
      { cidr: '10.200.0.2/32', identity: 256, metadata: { source: 'endpoint', name: 'endpoint-1' } },
    ]);
    assert.equal(((await lab.json('GET', '/v1/ip')).body as unknown[]).length, 2);
    assert.equal((await lab.json('GET', '/v1/ip?cidr=10.9.0.0%2F16')).status, 404);
    const wrong = await lab.json('GET', '/v1/ip?cidr=bee');
    assert.deepEqual(
      [wrong.status, wrong.body],
      [400, 'cidr in the query is "bee", which is not allowed: it is no CIDR.'],
    );
    assert.equal((await lab.json('GET', '/v1/ip?cidr=fd00::%2F64')).status, 404);
  });
});

describe('/v1/ipam', () => {
  it('gives addresses out and takes them back', async () => {
    const { status, body } = await lab.json('POST', '/v1/ipam?owner=default%2Fweb-1', undefined, {
      expiration: 'true',
    });
    assert.equal(status, 201);
    assert.deepEqual(body, {
      address: { ipv4: '10.200.0.2' },
      ipv4: { ip: '10.200.0.2', gateway: '10.200.0.1', cidrs: ['10.200.0.0/29'] },
      'host-addressing': { ipv4: { enabled: true, ip: '10.200.0.1', 'alloc-range': '10.200.0.0/29' } },
    });
    assert.equal((await lab.json('POST', '/v1/ipam/10.200.0.3?owner=default%2Fweb-1')).status, 200);
    assert.equal((await lab.json('DELETE', '/v1/ipam/default%2Fweb-1')).status, 200);
    assert.deepEqual(lab.agent.addresses.list(), []);
  });

  it('lets addresses that nobody takes expire after ten minutes', async (t) => {
    const { mock } = t.mock.method(lab.agent.addresses, 'allocate');
    await lab.json('POST', '/v1/ipam?owner=a', undefined, { expiration: 'true' });
    await lab.json('POST', '/v1/ipam?owner=b&family=ipv4', undefined, { expiration: 'false' });
    await lab.json('POST', '/v1/ipam?family=');
    assert.deepEqual(
      mock.calls.map((call) => call.arguments),
      [
        ['a', { expires: 600 }],
        ['b', { family: 'ipv4' }],
        ['api', {}],
      ],
    );
  });

  it('answers 502 when no address is left, 501 for a family without a pool', async () => {
    for (let given = 0; given < 5; given++) assert.equal((await lab.json('POST', '/v1/ipam')).status, 201);
    assert.equal((await lab.json('POST', '/v1/ipam')).status, 502);
    assert.equal((await lab.json('POST', '/v1/ipam?family=ipv6')).status, 501);
    assert.equal((await lab.json('POST', '/v1/ipam/fd00::7')).status, 501);
    assert.equal((await lab.json('POST', '/v1/ipam?family=ipx')).status, 400);
  });

  it('refuses what is no address, has an owner, or none', async () => {
    assert.equal((await lab.json('POST', '/v1/ipam/10.200.0.4')).status, 200);
    const taken = await lab.json('POST', '/v1/ipam/10.200.0.4');
    assert.deepEqual([taken.status, taken.body], [409, '10.200.0.4 belongs to api.']);
    assert.equal((await lab.json('POST', '/v1/ipam/bee')).status, 400);
    assert.equal((await lab.json('DELETE', '/v1/ipam/10.200.0.4')).status, 200);
    assert.equal((await lab.json('DELETE', '/v1/ipam/10.200.0.4')).status, 404);
    assert.equal((await lab.json('DELETE', '/v1/ipam/nobody')).status, 404);
  });
});

describe('maps, figures and devices', () => {
  it('lists maps, and shows one', async () => {
    const { body } = await lab.json('GET', '/v1/map');
    assert.deepEqual(
      (body as { maps: BPFMap[] }).maps.map(({ name, cache }) => [name, cache]),
      [['ipcache', undefined]],
    );
    const { cache, truncated } = (await lab.json('GET', '/v1/map/ipcache')).body as BPFMap;
    assert.deepEqual([cache?.length, truncated], [2, false]);
    const short = (await lab.json('GET', '/v1/map/ipcache?limit=1')).body as BPFMap;
    assert.deepEqual([short.cache?.length, short.truncated], [1, true]);
    assert.equal((await lab.json('GET', '/v1/map/nobody')).status, 404);
    for (const limit of ['0', '-1', 'all', '1e3'])
      assert.equal((await lab.json('GET', `/v1/map/ipcache?limit=${limit}`)).status, 400, limit);
  });

  it('shows figures as a list, with or without the last slash, and as Prometheus reads them', async () => {
    const { body } = await lab.json('GET', '/v1/metrics/');
    assert.deepEqual((body as unknown[])[0], {
      name: 'waggle_drops_total',
      value: 3,
      labels: { reason: 'Policy denied', direction: 'ingress' },
    });
    assert.deepEqual((await lab.json('GET', '/v1/metrics')).body, body);
    const { headers, text } = await lab.ask('GET', '/metrics');
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(
      text,
      [
        '# TYPE waggle_drops_total counter',
        'waggle_drops_total{reason="Policy denied",direction="ingress"} 3',
        String.raw`waggle_drops_total{reason="a \"b\"\\\n",direction="egress"} 1`,
        '# TYPE waggle_endpoints gauge',
        'waggle_endpoints 0',
        '',
      ].join('\n'),
    );
  });

  it('shows devices, and keeps one', async () => {
    const { body } = await lab.json('GET', '/v1/devices');
    assert.deepEqual(body, [{ name: 'eth1', index: 7, masquerade: true, unconfirmed: 12.5 }]);
    assert.equal((await lab.json('POST', '/v1/devices/eth1/confirm')).status, 200);
    assert.deepEqual(lab.agent.confirmed, ['eth1']);
    assert.equal((await lab.json('POST', '/v1/devices/eth9/confirm')).status, 404);
  });
});
