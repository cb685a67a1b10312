/** `waggle observe` and `waggle hubble` as users have them: flows of a server of the API over a socket, an address, TLS, and of a file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type HubbleServer, serveHubble } from '@waggle/flows/hubble';
import { Certificates, noCertificates } from '../../flows/src/hubble/testing/certificates.ts';
import { MemorySource } from '../../flows/src/hubble/testing/memory-source.ts';
import { allowed, SAMPLE_TIME, sampleFlows } from '../../flows/src/hubble/testing/sample-flows.ts';
import type { AgentEvent, LostEvents } from '../../flows/src/source.ts';
import { type Outcome, waggle } from './testing/capture.ts';

const directory = mkdtempSync(join(tmpdir(), 'waggle-observe-'));
const socket = join(directory, 'hubble.sock');
const lost: LostEvents = { kind: 'lost', where: 'store', count: 7, time: SAMPLE_TIME };
const created: AgentEvent = {
  kind: 'agent-event',
  time: SAMPLE_TIME,
  event: 'endpoint-created',
  message: 'Endpoint client created',
  endpoint: { id: 11, name: 'client', namespace: 'default', labels: ['k8s:app=client'] },
};
const applied: AgentEvent = {
  kind: 'agent-event',
  time: SAMPLE_TIME,
  event: 'policy-updated',
  message: 'Policies updated',
  policy: { revision: 3, rules: 2, labels: [] },
};
const source = new MemorySource([...sampleFlows, lost], [created, applied]);
let server: HubbleServer;
const address = (): string => `localhost:${server.address?.port}`;

before(async () => {
  process.env.WAGGLE_SOCKET = join(directory, 'agent.sock');
  server = await serveHubble({ source, socket, listen: { host: '127.0.0.1', port: 0 } });
});
after(async () => {
  delete process.env.WAGGLE_SOCKET;
  await server.close();
  rmSync(directory, { recursive: true });
});

/** Runs a command that has to succeed. */
async function ok(...args: string[]): Promise<string> {
  const { stdout, stderr, status } = await waggle(...args);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout;
}

/** Runs a command that has to fail, with one line. */
async function fails(text: RegExp, ...args: string[]): Promise<void> {
  const { stdout, stderr, status }: Outcome = await waggle(...args);
  assert.match(stderr, text);
  assert.match(stderr, /^waggle: [^\n]+\n$/);
  assert.equal(stdout, '');
  assert.equal(status, 1);
}

describe('waggle observe', () => {
  test('shows a line for each flow, with the rule that decided', async () => {
    assert.equal(
      await ok('observe'),
      `Jan  2 03:04:05.678: default/client:40000 (ID:300) -> default/backend:8080 (ID:301) policy-verdict:L3-L4 INGRESS ALLOWED (TCP Flags: SYN) allowed by backend-api (policies/backend.yaml:12)
Jan  2 03:04:05.678: default/client:40000 (ID:300) -> default/backend:8080 (ID:301) to-endpoint FORWARDED (TCP Flags: SYN)
Jan  2 03:04:05.678: default/client:40000 (ID:300) <- default/backend:8080 (ID:301) to-stack FORWARDED (TCP Flags: SYN, ACK)
Jan  2 03:04:06.678: default/client:40001 (ID:300) -> default/backend:53 (ID:301) Policy denied DROPPED (UDP) denied by default: no rule allows ingress from default/client on UDP port 53
Jan  2 03:04:07.678: default/client:40001 (ID:300) -> default/backend:53 (ID:301) Policy denied by denylist DROPPED (UDP) denied by no-dns (policies/backend.yaml:30)
Jan  2 03:04:08.678: default/client (ID:300) <> 2001:db8::1 (world) to-network FORWARDED (ICMPv6 EchoRequest)
7 events of lab were lost (overwritten before they were read)
`,
    );
    assert.equal(source.queries.at(-1)?.number, 20);
  });

  test('shows a block for each', async () => {
    assert.equal(
      await ok('observe', '--first', '2', '-o', 'dict', '--print-node-name', '--time-format', 'RFC3339Nano'),
      `  TIMESTAMP: 2026-01-02T03:04:05.678901234Z
       NODE: lab
     SOURCE: default/client:40000 (ID:300)
DESTINATION: default/backend:8080 (ID:301)
       TYPE: policy-verdict:L3-L4 INGRESS
    VERDICT: ALLOWED
    SUMMARY: TCP Flags: SYN
       RULE: allowed by backend-api (policies/backend.yaml:12)
------------
  TIMESTAMP: 2026-01-02T03:04:05.678902234Z
       NODE: lab
     SOURCE: default/client:40000 (ID:300)
DESTINATION: default/backend:8080 (ID:301)
       TYPE: to-endpoint
    VERDICT: FORWARDED
    SUMMARY: TCP Flags: SYN
`,
    );
  });

  test('shows a table', async () => {
    const [heading, first, second] = (await ok('observe', '--first', '2', '-o', 'table')).split('\n');
    assert.match(heading ?? '', /^TIMESTAMP +SOURCE +DESTINATION +TYPE +VERDICT +SUMMARY +RULE$/);
    assert.match(first ?? '', / ALLOWED +TCP Flags: SYN +allowed by backend-api/);
    assert.match(second ?? '', / to-endpoint +FORWARDED +TCP Flags: SYN$/);
  });

  test('gives programs a message for each', async () => {
    for (const format of ['json', 'jsonpb']) {
      const { flow, node_name, time } = JSON.parse(await ok('observe', '--first', '1', '-o', format));
      assert.equal(flow.l4.TCP.destination_port, 8080);
      assert.equal(flow.ingress_allowed_by[0].name, 'backend-api');
      assert.deepEqual([node_name, time], ['lab', '2026-01-02T03:04:05.678901234Z']);
    }
  });

  test('says what policies would have done, and did by default', async () => {
    const { ingressAllowedBy: _, ...rest } = allowed;
    source.push({ ...rest, ingressAllowedBy: [], verdict: 'audit', sequence: 7 });
    assert.match(
      await ok('observe', '--last', '1'),
      / AUDITED .* would be denied by default: no rule allows /,
    );
    source.push({ ...rest, ingressAllowedBy: [], policyMatchType: 4, sequence: 8 });
    assert.match(
      await ok('observe', '--last', '1'),
      / ALLOWED .* allowed by default: no policy restricts ingress\n$/,
    );
  });

  test('shows addresses in place of names, and colours where they are asked for', async () => {
    assert.match(
      await ok('observe', '--first', '1', '--numeric'),
      / 10\.92\.0\.11:40000 .* 10\.92\.0\.12:8080 /,
    );
    const painted = await ok('observe', '--first', '1', '--color', 'always');
    assert.ok(painted.includes('\u001b[32mALLOWED\u001b[0m'));
  });

  test('asks for what the options say', async () => {
    const filters = ['--verdict', 'DROPPED', '--not', '--from-identity', 'host', '--port', '53'];
    await ok('observe', '--last', '5', '--since', '2026-01-02T03:04:05Z', '--until', '5m', ...filters);
    const { number, since, until, allow, deny } = source.queries.at(-1) ?? {};
    assert.deepEqual([number, since], [5, 1_767_323_045_000_000_000n]);
    assert.ok(until !== undefined && until > SAMPLE_TIME);
    assert.deepEqual(
      allow?.map(({ verdict, source: from, destination: to }) => [verdict, from?.port, to?.port]),
      [
        [['dropped'], ['53'], []],
        [['dropped'], [], ['53']],
      ],
    );
    assert.deepEqual(
      deny?.map(({ source: from }) => from?.identity),
      [[1]],
    );
  });

  test('follows, and ends when the server does', async () => {
    const path = join(directory, 'following.sock');
    const other = new MemorySource(sampleFlows);
    const ending = await serveHubble({ source: other, socket: path });
    const outcome = waggle('observe', '-f', '--server', `unix:${path}`);
    while (other.followers === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    other.push(allowed);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ending.close();
    assert.match((await outcome).stdout, /^Jan .* ALLOWED .*\n$/);
  });

  test('refuses what contradicts itself', async () => {
    await fails(/--first and --last exclude each other/, 'observe', '--first', '1', '--last', '2');
    await fails(/--first and --all exclude each other/, 'observe', '--first', '1', '--all');
    await fails(/--last and --all exclude each other/, 'observe', '--last', '1', '--all');
    await fails(/--first and --follow exclude each other/, 'observe', '--first', '1', '-f');
    await fails(/-o table and --follow exclude each other/, 'observe', '-f', '-o', 'table');
    await fails(/--until 2h is before --since 1h/, 'observe', '--since', '1h', '--until', '2h');
    await fails(/--since "yesterday" is no time\. As 90s/, 'observe', '--since', 'yesterday');
    await fails(/--last "0" is no number from 1 on/, 'observe', '--last', '0');
    await fails(/--verdict "DROP" is no verdict/, 'observe', '--verdict', 'DROP');
  });
});

describe('waggle observe --input-file', () => {
  test('reads what -o jsonpb has written, and filters it', async () => {
    const file = join(directory, 'flows.json');
    writeFileSync(file, await ok('observe', '--first', '6', '-o', 'jsonpb'));
    const text = await ok('observe', '--input-file', file);
    assert.equal(text, await ok('observe', '--first', '6'));
    const dropped = await ok(
      'observe',
      '--input-file',
      file,
      '--verdict',
      'DROPPED',
      '--not',
      '--drop-reason',
      '181',
    );
    assert.equal(dropped.split('\n').length, 2);
    assert.match(dropped, /denied by default/);
  });

  test('reads the standard input', async () => {
    const flows = await ok('observe', '--first', '2', '-o', 'jsonpb');
    const main = new URL('./main.ts', import.meta.url).pathname;
    const { stdout, status } = spawnSync(
      process.execPath,
      ['--conditions=source', '--import', 'tsx', main, 'observe', '--input-file', '-'],
      { input: flows, encoding: 'utf8' },
    );
    assert.equal(status, 0);
    assert.equal(stdout.trim().split('\n').length, 2);
  });

  test('says what is wrong with a file', async () => {
    await fails(/The file \/none is not there/, 'observe', '--input-file', '/none');
    const file = join(directory, 'wrong.json');
    writeFileSync(file, '\n{"flow":7}\n');
    await fails(/wrong\.json, line 2: this is no flow/, 'observe', '--input-file', file);
  });
});

describe('waggle observe agent-events and debug-events', () => {
  test('are lines', async () => {
    assert.equal(
      await ok('observe', 'agent-events', '--last', '5'),
      `Jan  2 03:04:05.678: ENDPOINT_CREATED (endpoint: 11, name: default/client, labels: [k8s:app=client])
Jan  2 03:04:05.678: POLICY_UPDATED (revision: 3, rules: 2)
`,
    );
    const [line = ''] = (await ok('observe', 'agent-events', '-o', 'json')).split('\n');
    assert.equal(JSON.parse(line).agent_event.endpoint_update.pod_name, 'client');
    assert.equal(
      await ok('observe', '-o', 'json', 'agent-events', '--last', '1'),
      `${await ok('observe', 'agent-events', '--last', '1', '-o', 'json')}`,
    );
    assert.equal(await ok('observe', 'debug-events'), '');
  });
});

describe('waggle hubble', () => {
  test('status', async () => {
    const text = await ok('hubble', 'status', '--server', address());
    assert.match(text, /^ {2}health {3}serves\n/);
    assert.match(text, /\n {2}flows +\d+ of 4095 \(0\.2 %\)\n/);
    assert.match(text, /\n {2}nodes +1 connected, 0 unavailable\n$/);
    assert.equal(JSON.parse(await ok('hubble', 'status', '-o', 'json')).maxFlows, 4095);
  });

  test('nodes and namespaces', async () => {
    assert.match(
      await ok('hubble', 'nodes'),
      /^NAME .*\nlab +connected +127\.0\.0\.1:\d+ +no +\d+ +\d+ +1 min 1 s\n$/,
    );
    assert.match(await ok('hubble', 'namespaces'), /^NAMESPACE +CLUSTER\nbackend +default\n/);
    const [, second] = JSON.parse(await ok('hubble', 'namespaces', '-o', 'json'));
    assert.deepEqual(second, { cluster: 'default', namespace: 'default' });
  });

  test('asks the server of the environment', async () => {
    process.env.HUBBLE_SERVER = 'unix:/none';
    try {
      await fails(/There is no server at unix:\/none\. Start the agent/, 'hubble', 'status');
    } finally {
      delete process.env.HUBBLE_SERVER;
    }
  });
});

describe('a server that cannot be asked', () => {
  const observe = (...args: string[]): string[] => ['observe', '--last', '1', ...args];

  test('because it is not there', async () => {
    await fails(/There is no server at unix:\/none\b/, ...observe('--server', 'unix:/none'));
    await fails(/Nobody answers at localhost:1\. Name/, ...observe('--server', 'localhost:1'));
    await fails(/no host of the name in|cannot be looked up/, ...observe('--server', 'no.such.invalid:1'));
    await fails(/"here" is no address of a server\. As unix:/, ...observe('--server', 'here'));
  });

  test('because it says nothing', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const at = mute.address();
    const port = at !== null && typeof at === 'object' ? at.port : 0;
    await fails(
      /localhost:\d+ does not answer within 0\.3 s/,
      ...observe('--server', `localhost:${port}`, '--tls', '--timeout', '300ms'),
    );
    mute.close();
  });

  test('because one side speaks TLS and the other does not', { skip: noCertificates() }, async () => {
    await fails(
      /localhost:\d+ does not speak TLS\. Leave out --tls/,
      ...observe('--server', address(), '--tls'),
    );
  });

  test('because of its certificate, or that of the client', { skip: noCertificates() }, async () => {
    using files = new Certificates();
    files.sign('server');
    files.sign('client');
    files.sign('old', { days: -1 });
    const path = (name: string): string => files.path(name);
    const tls = { cert: path('server.crt'), key: path('server.key'), ca: path('ca.crt') };
    await using strict = await serveHubble({ source, listen: { host: '127.0.0.1', port: 0 }, tls });
    const at = `tls://localhost:${strict.address?.port}`;
    const ca = ['--tls-ca-cert-files', path('ca.crt')];
    const pair = ['--tls-client-cert-file', path('client.crt'), '--tls-client-key-file', path('client.key')];
    assert.match(await ok(...observe('--server', at, ...ca, ...pair)), /^Jan /);
    await fails(/is of an authority that is not known here/, ...observe('--server', at, ...pair));
    await fails(/does not accept the certificate of this client/, ...observe('--server', at, ...ca));
    await fails(
      /is for another name\. Say for which with --tls-server-name/,
      ...observe('--server', at, ...ca, ...pair, '--tls-server-name', 'other.example'),
    );
    await fails(
      /The certificate .*old\.crt has expired at /,
      ...observe(
        '--server',
        at,
        '--tls-client-cert-file',
        path('old.crt'),
        '--tls-client-key-file',
        path('old.key'),
      ),
    );
    const expired = createSecureServer({
      cert: readFileSync(path('old.crt')),
      key: readFileSync(path('old.key')),
    });
    await new Promise<void>((resolve) => expired.listen(0, '127.0.0.1', resolve));
    const bound = expired.address();
    const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
    await fails(
      /The certificate of tls:\/\/localhost:\d+ has expired\. Give the server a new one/,
      ...observe('--server', `tls://localhost:${port}`, ...ca),
    );
    expired.close();
  });
});
