/** The server as stock clients see it: a client of other libraries, over a unix socket and at an address, with and without TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { connect as netConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { credentials, status as Status } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import fc from 'fast-check';
import type { AgentEvent, LostEvents } from '../source.ts';
import { type HubbleServer, serveHubble } from './server.ts';
import { Certificates, noCertificates } from './testing/certificates.ts';
import { MemorySource } from './testing/memory-source.ts';
import { pinged, refused, SAMPLE_TIME, sampleFlows } from './testing/sample-flows.ts';
import { type Message, StockClient } from './testing/stock-client.ts';

const OBSERVER = 'observer.Observer';
const GET_FLOWS = '/observer.Observer/GetFlows';

const lost: LostEvents = { kind: 'lost', where: 'store', count: 7, time: SAMPLE_TIME };
const agentEvents: readonly AgentEvent[] = [
  { kind: 'agent-event', time: SAMPLE_TIME, event: 'started', message: 'Agent started' },
  {
    kind: 'agent-event',
    time: SAMPLE_TIME + 1n,
    event: 'endpoint-created',
    message: 'Endpoint client created',
    endpoint: { id: 11, name: 'client', namespace: 'default', labels: ['k8s:app=client'] },
  },
  {
    kind: 'agent-event',
    time: SAMPLE_TIME + 2n,
    event: 'policy-updated',
    message: 'Policies updated',
    policy: { revision: 3, rules: 2, labels: ['k8s:a=b'] },
  },
  {
    kind: 'agent-event',
    time: SAMPLE_TIME + 3n,
    event: 'endpoint-changed',
    message: 'Endpoint client changed',
    endpoint: { id: 11, name: 'client', labels: [], error: 'no room' },
  },
];

const directory = mkdtempSync(join(tmpdir(), 'waggle-hubble-'));
const socket = join(directory, 'hubble.sock');
let source: MemorySource;
let server: HubbleServer;
let client: StockClient;

before(async () => {
  source = new MemorySource([...sampleFlows, lost], agentEvents);
  server = await serveHubble({ source, socket, listen: { host: '127.0.0.1', port: 0 } });
  client = new StockClient(`unix:${socket}`);
});
after(async () => {
  client[Symbol.dispose]();
  await server.close();
  assert.equal(statSync(socket, { throwIfNoEntry: false }), undefined);
  rmSync(directory, { recursive: true });
});

const summaries = (answers: readonly Message[]): string[] => answers.flatMap(({ flow }) => flow?.uuid ?? []);
const code = (wanted: number, text: RegExp) => (error: Message) => {
  assert.equal(error.code, wanted);
  assert.match(error.details, text);
  return true;
};

describe('the socket', () => {
  test('is for the owner and the group', () => {
    assert.equal(statSync(socket).mode & 0o777, 0o660);
  });

  test('is not taken from a server that lives, nor from a file', async () => {
    await assert.rejects(serveHubble({ source, socket }), /Another server answers at .*hubble\.sock/);
    const file = join(directory, 'file');
    writeFileSync(file, 'mine');
    await assert.rejects(serveHubble({ source, socket: file }), /is there, and is no socket/);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
    const long = join(directory, 'x'.repeat(90));
    await assert.rejects(
      serveHubble({ source, socket: long }),
      /is too long for the kernel\. Choose a shorter/,
    );
  });

  test('answers clients that call it what they like', async () => {
    // As grpc-go of some versions, which sends the path.
    const session = connect('http://localhost', { createConnection: () => netConnect(socket) });
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      ':authority': '%2Frun%2Fwaggle%2Fhubble.sock',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end(Buffer.alloc(5));
    const trailers = await new Promise<Message>((resolve) => stream.once('trailers', resolve).resume());
    assert.equal(trailers['grpc-status'], '0');
    session.close();
  });
});

describe('hubble status', () => {
  test('asks for the health of a service of its own name', async () => {
    const { status } = await client.ask('grpc.health.v1.Health', 'Check', {
      service: 'hubble.server.Observer',
    });
    assert.equal(status, 'SERVING');
    await assert.rejects(
      client.ask('grpc.health.v1.Health', 'Check', { service: 'none' }),
      code(Status.NOT_FOUND, /there is no service "none"/),
    );
  });

  test('reads how many flows there are', async () => {
    assert.deepEqual(await client.ask(OBSERVER, 'ServerStatus'), {
      num_flows: '7',
      max_flows: '4095',
      seen_flows: '17',
      uptime_ns: '61000000000',
      num_connected_nodes: { value: 1 },
      num_unavailable_nodes: {},
      version: '0.1.0',
      flows_rate: 2.5,
    });
  });
});

describe('hubble observe', () => {
  test('--last 3, as it was recorded', async () => {
    const answers = await client.raw(GET_FLOWS, Buffer.from('0803', 'hex'));
    assert.equal(answers.length, 3);
    assert.deepEqual(source.queries.at(-1), { number: 3, allow: [], deny: [] });
  });

  test('with filters, as it was recorded', async () => {
    const filter = Buffer.concat([
      Buffer.from('1209', 'hex'),
      Buffer.from('default/a'),
      Buffer.from('2a0102', 'hex'),
      Buffer.from('6203', 'hex'),
      Buffer.from('tcp'),
    ]);
    await client.raw(GET_FLOWS, Buffer.concat([Buffer.from([0x08, 1, 0x32, filter.length]), filter]));
    const { number, allow: [wanted] = [] } = source.queries.at(-1) ?? {};
    assert.equal(number, 1);
    assert.deepEqual(wanted?.source?.pod, ['default/a']);
    assert.deepEqual(wanted?.verdict, ['dropped']);
    assert.deepEqual(wanted?.protocol, ['tcp']);
  });

  test('gets flows with their time and node, and what was lost', async () => {
    const [last, loss] = await client.all(OBSERVER, 'GetFlows', { number: 2 });
    assert.equal(last.node_name, 'lab');
    assert.deepEqual(last.time, { seconds: '1767323048', nanos: 678_901_234 });
    assert.deepEqual(last.flow.time, last.time);
    assert.equal(last.flow.source.pod_name, 'client');
    assert.deepEqual(loss.lost_events, {
      source: 'HUBBLE_RING_BUFFER',
      num_events_lost: '7',
      last: { seconds: '1767323045', nanos: 678_901_234 },
    });
  });

  test('--first, --since and --until', async () => {
    const seconds = String(SAMPLE_TIME / 1_000_000_000n + 1n);
    const first = await client.all(OBSERVER, 'GetFlows', { number: 1, first: true });
    assert.deepEqual(
      first.map(({ flow }) => flow.ingress_allowed_by[0].name),
      ['backend-api'],
    );
    const middle = await client.all(OBSERVER, 'GetFlows', { since: { seconds }, until: { seconds } });
    assert.deepEqual(summaries(middle), []);
    const until = { seconds, nanos: 999_999_999 };
    const one = await client.all(OBSERVER, 'GetFlows', { since: { seconds }, until });
    assert.deepEqual(
      one.map(({ flow }) => flow.drop_reason_desc),
      ['POLICY_DENIED'],
    );
  });

  test('--all, which is the greatest number', async () => {
    const answers = await client.all(OBSERVER, 'GetFlows', { number: '18446744073709551615' });
    assert.equal(answers.length, 7);
  });

  test('--follow, as it was recorded, until it has enough', async () => {
    const stream = client.stream(OBSERVER, 'GetFlows', { follow: true });
    const next = new Promise<Message>((resolve) => stream.once('data', resolve));
    await until(() => source.followers === 1);
    source.push(refused);
    assert.equal((await next).flow.drop_reason, 181);
    stream.on('error', () => {});
    stream.cancel();
    await until(() => source.followers === 0);
  });

  test('with a field mask, in its place of today and of before', async () => {
    for (const request of [
      { field_mask: { paths: ['source.identity', 'verdict'] } },
      { experimental: { field_mask: { paths: ['verdict', 'source.identity'] } } },
    ]) {
      const [{ flow }] = await client.all(OBSERVER, 'GetFlows', { number: 1, first: true, ...request });
      assert.deepEqual(flow, { verdict: 'FORWARDED', source: { identity: 300 } });
    }
  });

  test('with the mask that hubble sends unless its output is JSON, and what its printer takes from the answer', async () => {
    const ends = ['source', 'destination'].flatMap((end) =>
      ['identity', 'namespace', 'pod_name'].map((field) => `${end}.${field}`),
    );
    const others = 'source_service destination_service l4 IP ethernet l7 Type node_name is_reply event_type';
    const paths = ['time', ...ends, ...others.split(' '), 'verdict', 'Summary'];
    const answers = await client.all(OBSERVER, 'GetFlows', { experimental: { field_mask: { paths } } });
    const [{ flow }] = answers;
    const printed = [
      'IP',
      'Summary',
      'Type',
      'destination',
      'event_type',
      'l4',
      'node_name',
      'source',
      'time',
    ];
    for (const field of [...printed, 'verdict']) assert.ok(field in flow, field);
    assert.deepEqual(Object.keys(flow.source).sort(), ['identity', 'namespace', 'pod_name']);
    // Relay sorts by the time of the answer.
    for (const { time, node_name } of answers) assert.ok(time && node_name === 'lab');
  });

  test("as Hubble's UI asks: the last ten thousand, and what comes", async () => {
    const request = { number: 10_000, follow: true, blacklist: [{ source_label: ['reserved:health'] }] };
    const stream = client.stream(OBSERVER, 'GetFlows', request).on('error', () => {});
    let flows = 0;
    // It shows what has both ends and a transport.
    stream.on('data', ({ flow }: Message) => {
      if (flow?.l4 && flow.source && flow.destination) flows++;
    });
    await until(() => source.followers === 1 && flows > 0);
    const before = flows;
    source.push(refused);
    await until(() => flows > before);
    stream.cancel();
    await until(() => source.followers === 0);
  });

  test('is told what cannot be', async () => {
    const refuses = (request: object, text: RegExp, wanted = Status.INVALID_ARGUMENT) =>
      assert.rejects(client.all(OBSERVER, 'GetFlows', request), code(wanted, text));
    await refuses({ first: true, follow: true }, /cannot be asked for at once/);
    await refuses(
      { field_mask: { paths: ['source.identiti'] } },
      /no field "source.identiti".*mean identity/,
    );
    await refuses({ whitelist: [{ source_ip: ['10.0.0'] }] }, /"10.0.0" is no IP address/);
    await refuses({ blacklist: [{ destination_port: ['http'] }] }, /"http" is no port/);
    await refuses({ whitelist: [{ verdict: [99] }] }, /There is no verdict 99/);
  });
});

describe('hubble observe agent-events and debug-events', () => {
  test('what the agent did', async () => {
    const answers = await client.all(OBSERVER, 'GetAgentEvents', { number: 20 });
    const events = answers.map(({ agent_event: { notification, ...event } }) => event);
    assert.deepEqual(events, [
      { type: 'AGENT_STARTED', agent_start: { time: { seconds: '1767323045', nanos: 678_901_234 } } },
      {
        type: 'ENDPOINT_CREATED',
        endpoint_update: { id: '11', labels: ['k8s:app=client'], pod_name: 'client', namespace: 'default' },
      },
      { type: 'POLICY_UPDATED', policy_update: { labels: ['k8s:a=b'], revision: '3', rule_count: '2' } },
      { type: 'ENDPOINT_REGENERATE_FAILURE', endpoint_regenerate: { id: '11', error: 'no room' } },
    ]);
    assert.ok(answers.every(({ node_name }) => node_name === 'lab'));
  });

  test('of debug events there are none', async () => {
    assert.deepEqual(await client.all(OBSERVER, 'GetDebugEvents', { number: 20 }), []);
    await assert.rejects(
      client.all(OBSERVER, 'GetDebugEvents', { first: true, follow: true }),
      code(Status.INVALID_ARGUMENT, /cannot be asked for at once/),
    );
  });
});

describe('hubble list and watch', () => {
  test('nodes and namespaces', async () => {
    const { nodes } = await client.ask(OBSERVER, 'GetNodes');
    const address = `127.0.0.1:${server.address?.port}`;
    assert.deepEqual(nodes, [
      {
        name: 'lab',
        version: '0.1.0',
        address,
        state: 'NODE_CONNECTED',
        tls: {},
        uptime_ns: '61000000000',
        num_flows: nodes[0].num_flows,
        max_flows: '4095',
        seen_flows: nodes[0].seen_flows,
      },
    ]);
    const { namespaces } = await client.ask(OBSERVER, 'GetNamespaces');
    assert.deepEqual(namespaces, [
      { cluster: 'default', namespace: 'backend' },
      { cluster: 'default', namespace: 'default' },
    ]);
  });

  test('peers', async () => {
    const stream = client.stream('peer.Peer', 'Notify');
    const peer = await new Promise<Message>((resolve) => stream.once('data', resolve));
    assert.deepEqual(peer, { name: 'lab', address: `127.0.0.1:${server.address?.port}`, type: 'PEER_ADDED' });
    stream.on('error', () => {}).cancel();
  });
});

describe('reflection', () => {
  for (const version of ['v1', 'v1alpha']) {
    const service = `grpc.reflection.${version}.ServerReflection`;

    const ask = async (request: object): Promise<Message> => {
      const stream = client.stream(service, 'ServerReflectionInfo');
      const answer = new Promise<Message>((resolve, reject) =>
        stream.once('data', resolve).once('error', reject),
      );
      stream.write(request);
      stream.end();
      return answer;
    };

    test(`lists services (${version})`, async () => {
      const answer = await ask({ list_services: '' });
      assert.deepEqual(answer.list_services_response.service.map(({ name }: Message) => name).sort(), [
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
        'observer.Observer',
        'peer.Peer',
      ]);
    });

    test(`gives all that a client needs to call one (${version})`, async () => {
      const answer = await ask({ file_containing_symbol: 'observer.Observer.GetFlows' });
      const files: Buffer[] = answer.file_descriptor_response.file_descriptor_proto;
      // A FileDescriptorSet is a list of files, field 1.
      const set = Buffer.concat(files.flatMap((file) => [Buffer.from([0x0a]), varint(file.length), file]));
      const definition = loadFileDescriptorSetFromBuffer(set);
      assert.ok('observer.Observer' in definition && 'flow.Flow' in definition);
    });

    test(`says what there is not (${version})`, async () => {
      for (const request of [{ file_containing_symbol: 'no.Such' }, { file_by_filename: 'no.proto' }])
        assert.equal((await ask(request)).error_response.error_code, Status.NOT_FOUND);
    });
  }
});

describe('at an address', () => {
  test('it is the same', async () => {
    using remote = new StockClient(`127.0.0.1:${server.address?.port}`);
    assert.equal((await remote.all(OBSERVER, 'GetFlows', { number: 1 })).length, 1);
  });

  test('that somebody has, it says so', async () => {
    const listen = { host: '127.0.0.1', port: server.address?.port ?? 0 };
    await assert.rejects(serveHubble({ source, listen }), /Somebody else listens at 127\.0\.0\.1:\d+/);
    await assert.rejects(
      serveHubble({ source, listen: { host: '203.0.113.1', port: 0 } }),
      /Nobody can listen at 203\.0\.113\.1:0/,
    );
  });

  test('with TLS, and with certificates of clients', { skip: noCertificates() }, async () => {
    using files = new Certificates();
    files.sign('server', { hosts: ['*.hubble.example', 'localhost'] });
    files.sign('client');
    const tls = { cert: files.path('server.crt'), key: files.path('server.key') };
    const read = (name: string): Buffer => readFileSync(files.path(name));
    const listen = { host: '127.0.0.1', port: 0 };

    {
      await using one = await serveHubble({ source, listen, tls });
      const address = `127.0.0.1:${one.address?.port}`;
      using secure = new StockClient(address, credentials.createSsl(read('ca.crt')));
      const { nodes } = await secure.ask(OBSERVER, 'GetNodes');
      assert.deepEqual(nodes[0].tls, { enabled: true, server_name: 'lab.hubble.example' });
      using plain = new StockClient(address);
      await assert.rejects(plain.ask(OBSERVER, 'GetNodes'), { code: Status.UNAVAILABLE });
    }
    {
      await using one = await serveHubble({ source, listen, tls: { ...tls, ca: files.path('ca.crt') } });
      const address = `127.0.0.1:${one.address?.port}`;
      using known = new StockClient(
        address,
        credentials.createSsl(read('ca.crt'), read('client.key'), read('client.crt')),
      );
      assert.equal((await known.ask(OBSERVER, 'GetNodes')).nodes.length, 1);
      using unknown = new StockClient(address, credentials.createSsl(read('ca.crt')));
      await assert.rejects(unknown.ask(OBSERVER, 'GetNodes'), { code: Status.UNAVAILABLE });
    }
  });
});

describe('what is no request', () => {
  test('is answered with an error, and the server goes on', async () => {
    const methods = ['GetFlows', 'GetAgentEvents', 'GetNodes', 'ServerStatus'].map(
      (name) => `/observer.Observer/${name}`,
    );
    const paths = [...methods, '/grpc.health.v1.Health/Check', '/peer.Peer/Notify', '/none.None/None'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        async (path, bytes) => {
          // No field begins like this: without it some bytes are a request, and one that follows would never end.
          const request = Buffer.from([0x07, ...bytes]);
          await assert.rejects(client.raw(path, request), ({ code: status }: Message) => status > 0);
        },
      ),
      { numRuns: 60 },
    );
    assert.equal((await client.ask(OBSERVER, 'ServerStatus')).version, '0.1.0');
  });
});

describe('certificates that are renewed', { skip: noCertificates() }, () => {
  test('are those of whoever connects from then on; files that are damaged change nothing', async () => {
    using files = new Certificates();
    files.sign('first', { hosts: ['first.example'] });
    files.sign('second', { hosts: ['second.example'] });
    const tls = { cert: files.path('server.crt'), key: files.path('server.key') };
    const put = (name: string, kind: 'crt' | 'key'): void =>
      copyFileSync(files.path(`${name}.${kind}`), files.path(`server.${kind}`));
    for (const kind of ['crt', 'key'] as const) put('first', kind);
    const problems: string[] = [];
    await using one = await serveHubble({
      ...{ source, tls, listen: { host: '127.0.0.1', port: 0 } },
      onProblem: (message) => problems.push(message),
    });
    const port = one.address?.port ?? 0;
    const ca = readFileSync(files.path('ca.crt'));
    const names = async (): Promise<string | undefined> => {
      const peer = tlsConnect({ port, ca, ALPNProtocols: ['h2'], checkServerIdentity: () => undefined });
      await once(peer, 'secureConnect');
      const { subjectaltname } = peer.getPeerCertificate();
      peer.destroy();
      return subjectaltname?.split(',')[0];
    };
    const old = connect(`https://127.0.0.1:${port}`, { ca, checkServerIdentity: () => undefined });
    await once(old, 'connect');
    assert.equal(await names(), 'DNS:first.example');

    // The certificate comes before its key.
    put('second', 'crt');
    assert.equal(await names(), 'DNS:first.example');
    assert.equal(await names(), 'DNS:first.example');
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /stays in force: The key .*server\.key is not that of the certificate/);
    put('second', 'key');
    assert.equal(await names(), 'DNS:second.example');

    writeFileSync(tls.cert, 'nothing');
    assert.equal(await names(), 'DNS:second.example');
    rmSync(tls.key);
    assert.equal(await names(), 'DNS:second.example');
    assert.equal(problems.length, 3);
    // Who was there before is still served.
    assert.equal(old.closed || old.destroyed, false);
    old.close();
  });
});

describe('every answer', () => {
  test('says of which version the server is', async () => {
    const stream = client.stream(OBSERVER, 'GetFlows', { number: 1 });
    const headers = await new Promise<Message>((resolve) => stream.once('metadata', resolve).resume());
    assert.deepEqual(headers.get('hubble-server-version'), ['0.1.0']);
  });

  test('to a call of what there is not, as hubble record, says so in a way that clients of gRPC take', async () => {
    await assert.rejects(
      client.raw('/recorder.Recorder/Record', Buffer.alloc(0)),
      code(Status.UNIMPLEMENTED, /there is no method \/recorder\.Recorder\/Record/),
    );
  });
});

describe('clients that are slow or go away', () => {
  test('hold nobody up, and nothing piles up for them', async () => {
    const many = new MemorySource(Array.from({ length: 20_000 }, () => pinged));
    const path = join(directory, 'many.sock');
    await using _ = await serveHubble({ source: many, socket: path });
    let taken = 0;
    const counted = many.flows.bind(many);
    many.flows = (query, signal) =>
      counting(counted(query, signal), () => {
        taken += 1;
      });
    using slow = new StockClient(`unix:${path}`);
    const stream = slow.stream(OBSERVER, 'GetFlows', { number: 20_000 }).pause();
    await until(() => taken > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = taken;
    assert.ok(before < 10_000, `${before} flows were taken for one who reads none`);
    using other = new StockClient(`unix:${path}`);
    assert.equal((await other.ask(OBSERVER, 'ServerStatus')).num_flows, '20000');
    stream.on('error', () => {}).cancel();
  });

  test('a server that ends says so to those who follow', async () => {
    const path = join(directory, 'ending.sock');
    const ending = await serveHubble({ source, socket: path });
    using follower = new StockClient(`unix:${path}`);
    const stream = follower.stream(OBSERVER, 'GetFlows', { follow: true });
    const ended = new Promise((resolve) =>
      stream
        .on('data', () => {})
        .once('end', resolve)
        .on('error', resolve),
    );
    await until(() => source.followers === 1);
    await ending.close();
    await ended;
    assert.equal(source.followers, 0);
  });
});

async function* counting<T>(values: AsyncIterable<T>, each: () => void): AsyncGenerator<T> {
  for await (const value of values) {
    each();
    yield value;
  }
}

/** Waits until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!isSo()) {
    assert.ok(performance.now() < deadline, 'it took too long');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
