/** What the datapath tells about real traffic: which events, how many, and what they say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { DatapathEvent, DatapathOptions, LostEvents, PolicyMapEntry } from '@waggle/datapath';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { anything } from './support/anything.ts';

await import('@waggle/compiler/register');
const { Reason } = await import('@waggle/datapath');
const { DatapathLab } = await import('./support/datapath-lab.ts');

const [CLIENT, SERVER] = [300, 301];
const PORT = 8080;
const [TCP, UDP] = [6, 17];
/** Cookies by what they are of. */
const Cookie = { AllOut: 11, AllIn: 12, DeniedPort: 13, Audited: 14 } as const;

const entry = (fields: Partial<PolicyMapEntry>): PolicyMapEntry => ({ ...anything('ingress'), ...fields });

/** A client, a server, and what is told about them. */
class Watched implements Disposable {
  readonly lab: InstanceType<typeof DatapathLab>;
  readonly client: ReturnType<InstanceType<typeof DatapathLab>['endpoint']>;
  readonly server: ReturnType<InstanceType<typeof DatapathLab>['endpoint']>;
  readonly events: DatapathEvent[] = [];
  readonly lost: LostEvents[] = [];
  readonly #reader: Disposable;

  constructor(options: DatapathOptions = {}) {
    this.lab = new DatapathLab(options);
    this.client = this.lab.endpoint(CLIENT);
    this.server = this.lab.endpoint(SERVER);
    this.#reader = this.lab.datapath.readEvents((event) => this.events.push(event), {
      onLost: (lost) => this.lost.push(lost),
    });
    this.policy(CLIENT, [[entry({ direction: 'egress' }), Cookie.AllOut]]);
    this.policy(SERVER, [[entry({}), Cookie.AllIn]]);
  }

  policy(identity: number, entries: readonly (readonly [PolicyMapEntry, number])[]): void {
    const cookies = new Map(entries);
    this.lab.datapath.setPolicy(
      identity,
      entries.map(([each]) => each),
      (each) => ({ cookie: cookies.get(each) ?? 0 }),
    );
  }

  /** What was told of packets from or to the port of the server, once nothing more comes. */
  async told(): Promise<DatapathEvent[]> {
    await setTimeout(100);
    return this.events.filter(({ packet: { tcp, udp } }) => {
      const ports = tcp ?? udp;
      return ports?.sourcePort === PORT || ports?.destinationPort === PORT;
    });
  }

  ask(protocol: 'tcp' | 'udp') {
    const question = { protocol, address: this.server.ipv4, port: PORT };
    return this.lab.ask(this.client.namespace, question);
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
    this.lab.close();
  }
}

/** An event in a line. */
function line(event: DatapathEvent): string {
  const ends = `${event.source}->${event.destination}`;
  switch (event.type) {
    case 'drop':
      return `drop ${event.reason} ${event.direction} ${ends} by ${event.cookie}`;
    case 'policy-verdict': {
      const { direction, action, match, remote, cookie, protocol, port, audited } = event;
      const audit = audited ? ' audited' : '';
      return `${action}${audit} ${direction} ${match} remote ${remote} ${protocol}/${port} by ${cookie}`;
    }
    case 'trace':
      return `${event.point} ${event.state} ${ends} by ${event.egressCookie},${event.ingressCookie}`;
  }
}

const VERDICTS = (protocol: number): string[] => [
  `allow egress all remote ${SERVER} ${protocol}/${PORT} by ${Cookie.AllOut}`,
  `allow ingress all remote ${CLIENT} ${protocol}/${PORT} by ${Cookie.AllIn}`,
];
const FORTH = `${CLIENT}->${SERVER} by ${Cookie.AllOut},${Cookie.AllIn}`;
const BACK = `${SERVER}->${CLIENT} by ${Cookie.AllOut},${Cookie.AllIn}`;

test('a connection is one verdict at each end, and a packet each way', { skip: needsRoot }, async () => {
  using watched = new Watched();
  await watched.lab.serve(watched.server.namespace, PORT);
  assert.deepEqual(await watched.ask('udp'), ['answered']);
  const [egress, ingress, first, reply, ...more] = await watched.told();
  assert.deepEqual(more, []);
  assert.ok(egress && ingress && first && reply);
  assert.deepEqual([egress, ingress, first, reply].map(line), [
    ...VERDICTS(UDP),
    `to-endpoint new ${FORTH}`,
    `to-endpoint reply ${BACK}`,
  ]);
  const { client, server } = watched;
  assert.deepEqual(
    [egress, ingress, first, reply].map((event) => event.interface),
    [client.device, server.device, server.device, client.device],
  );
  assert.equal(first.packet.ip?.source, client.ipv4);
  assert.equal(first.length, 14 + (first.packet.ip?.length ?? 0));
  assert.equal(first.data.length, first.length);
  const age = Date.now() - Date.parse(first.time);
  assert.ok(age >= 0 && age < 5000, `${age} ms old`);
});

test('of TCP what brings new flags is told as well', { skip: needsRoot }, async () => {
  using watched = new Watched();
  await watched.lab.serve(watched.server.namespace, PORT);
  assert.deepEqual(await watched.ask('tcp'), ['answered']);
  const told = await watched.told();
  const flags = (source: number) =>
    told
      .filter((event) => event.type === 'trace' && event.source === source)
      .map(({ packet }) => packet.tcp?.flags.join());
  assert.deepEqual(told.slice(0, 2).map(line), VERDICTS(TCP));
  assert.deepEqual(flags(CLIENT).slice(0, 3), ['SYN', 'ACK', 'PSH,ACK']);
  assert.deepEqual(flags(SERVER).slice(0, 2), ['SYN,ACK', 'PSH,ACK']);
});

test('a drop names the rule that denied it, or that none allows it', { skip: needsRoot }, async () => {
  using watched = new Watched();
  const denied = entry({ protocol: UDP, port: PORT, portPrefix: 16, action: 'deny' });
  watched.policy(SERVER, [
    [entry({}), Cookie.AllIn],
    [denied, Cookie.DeniedPort],
  ]);
  await watched.ask('udp');
  assert.deepEqual((await watched.told()).map(line), [
    VERDICTS(UDP)[0],
    `deny ingress L4-Only remote ${CLIENT} ${UDP}/${PORT} by ${Cookie.DeniedPort}`,
    `drop ${Reason.DeniedByRule} egress ${CLIENT}->${SERVER} by ${Cookie.DeniedPort}`,
  ]);
  watched.events.length = 0;
  watched.policy(SERVER, []);
  await watched.ask('udp');
  assert.deepEqual((await watched.told()).map(line), [
    VERDICTS(UDP)[0],
    `deny ingress none remote ${CLIENT} ${UDP}/${PORT} by 0`,
    `drop ${Reason.PolicyDenied} egress ${CLIENT}->${SERVER} by 0`,
  ]);
});

test('what rules in audit mode would deny is told', { skip: needsRoot }, async () => {
  using watched = new Watched();
  await watched.lab.serve(watched.server.namespace, PORT);
  watched.policy(SERVER, [[entry({ identity: CLIENT, audit: true }), Cookie.Audited]]);
  assert.deepEqual(await watched.ask('udp'), ['answered']);
  const [, ingress, first] = await watched.told();
  assert.ok(ingress && first?.type === 'trace');
  assert.equal(
    line(ingress),
    `allow audited ingress L3-Only remote ${CLIENT} ${UDP}/${PORT} by ${Cookie.Audited}`,
  );
  assert.equal(first.audited, true);
});

test('a connection that is cut off by a change of policy says so', { skip: needsRoot }, async () => {
  using watched = new Watched();
  await watched.lab.serve(watched.server.namespace, PORT);
  const talk = watched.lab.talk(watched.client.namespace, watched.server.ipv4, PORT);
  for (let turn = 0; turn < 100 && talk.answers < 3; turn++) await setTimeout(20);
  watched.events.length = 0;
  watched.policy(SERVER, [[entry({ action: 'deny' }), Cookie.DeniedPort]]);
  await setTimeout(200);
  const told = new Set((await watched.told()).filter(({ type }) => type !== 'trace').map(line));
  assert.ok(told.has(`deny ingress all remote ${CLIENT} ${TCP}/${PORT} by ${Cookie.DeniedPort}`));
  assert.ok(told.has(`drop ${Reason.DeniedByRule} egress ${CLIENT}->${SERVER} by ${Cookie.DeniedPort}`));
});

test('how much is told can be chosen', { skip: needsRoot }, async () => {
  const count = async (monitoring: NonNullable<DatapathOptions['monitoring']>) => {
    using watched = new Watched({ monitoring });
    await watched.lab.serve(watched.server.namespace, PORT);
    const talk = watched.lab.talk(watched.client.namespace, watched.server.ipv4, PORT);
    for (let turn = 0; turn < 100 && talk.answers < 10; turn++) await setTimeout(20);
    const told = await watched.told();
    const at = (point: string) => told.filter((event) => event.type === 'trace' && event.point === point);
    const longest = Math.max(0, ...told.map(({ data }) => data.length));
    return {
      from: at('from-endpoint').length,
      to: at('to-endpoint').length,
      verdicts: told.filter(({ type }) => type === 'policy-verdict').length,
      longest,
    };
  };
  const all = await count({ aggregation: 'none' });
  assert.ok(all.from > 20 && all.to === all.from, 'each packet, where it comes from and where it goes');
  const low = await count({ aggregation: 'low', snapLength: 54 });
  assert.ok(low.from === 0 && low.to > 20 && low.longest === 54);
  const most = await count({ aggregation: 'maximum', verdicts: false });
  assert.deepEqual([most.from, most.to, most.verdicts], [0, 2, 0], 'SYN, and the answer to it');
  assert.deepEqual(await count({ aggregation: 'off' }), { from: 0, to: 0, verdicts: 2, longest: 74 });
});

test('an active connection is told of again and again, each way', { skip: needsRoot }, async () => {
  using watched = new Watched({ monitoring: { interval: 1 } });
  await watched.lab.serve(watched.server.namespace, PORT);
  const talk = watched.lab.talk(watched.client.namespace, watched.server.ipv4, PORT);
  for (let turn = 0; turn < 100 && talk.answers < 3; turn++) await setTimeout(20);
  watched.events.length = 0;
  await setTimeout(2500);
  const told = await watched.told();
  for (const source of [CLIENT, SERVER]) {
    const count = told.filter((event) => event.type === 'trace' && event.source === source).length;
    assert.ok(count >= 2 && count <= 4, `${count} times in 2.6 seconds`);
  }
});

test('a flood of drops is told in part, and how many were not is known', { skip: needsRoot }, async () => {
  using watched = new Watched({ monitoring: { dropRate: 10 } });
  watched.policy(SERVER, []);
  const flood = `const socket = require('node:dgram').createSocket('udp4'); let sent = 0;
    const send = () => sent++ < 300 ? socket.send('x', ${PORT}, '${watched.server.ipv4}', send) : socket.close(); send();`;
  const child = watched.client.namespace.spawn(process.execPath, ['-e', flood], { stdio: 'ignore' });
  await new Promise((done) => child.once('close', done));
  await setTimeout(1200);
  const told = (await watched.told()).filter((event) => line(event).startsWith('d'));
  assert.ok(told.length >= 10 && told.length <= 60, `${told.length} told`);
  const limited = watched.lost.reduce((sum, lost) => sum + lost.limited, 0n);
  const all = limited + BigInt(told.length);
  // What the namespaces say of themselves to their neighbours may be dropped, too.
  assert.ok(all >= 600n && all < 650n, `a verdict and a drop each: ${all}`);
  assert.equal(
    watched.lost.reduce((sum, lost) => sum + lost.full, 0n),
    0n,
  );
});
