import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Link, Network, type NetworkNamespace } from '@waggle/kernel';
import { anything } from '../e2e/support/anything.ts';
import { benchmark } from './support/benchmark.ts';
import { iptablesRules, nftablesRules } from './support/linear-rules.ts';
import { inTurn, median, type Rounds } from './support/measure.ts';
import { type Ends, missingTools, NamespaceTraffic } from './support/namespace-traffic.ts';
import { ProgramClock } from './support/program-clock.ts';
import { RoutedHost } from './support/routed-host.ts';
import { compileTool } from './support/twin.ts';

await import('@waggle/compiler/register');
const { DatapathLab } = await import('../e2e/support/datapath-lab.ts');
type Lab = InstanceType<typeof DatapathLab>;

const ENTRIES = [1, 100, 1000, 16_000] as const;
const PREFIXES = [10, 1000, 100_000] as const;
const RULES = [10, 100, 1000, 10_000] as const;
/** Rounds for packets, and packets in each; the tables of connections have room for all of them. */
const ROUNDS = 15;
const PACKETS = 3500;
/** Rounds until all ports of the sender have been used with one of the receiver's. */
const PORT_ROUNDS = 17;
const FIRST_PORT = 2000;
const CONNECTIONS = 262_144;
const TRIP_ROUNDS = 9;
const TRIPS = 2000;
const PORT = 7003;
const SINKS = 8;
/** Who owns what is sent, and who gets it; peers and those of other entries have the identities after them. */
const [CLIENT, SERVER, OTHERS] = [300, 301, 1000];
/** Where the world begins that prefixes are about, and how much of it is asked for. */
const [WORLD, ADDRESSES] = ['198.18.0.0', 65_536];

/** The one entry that decides, which is looked for last, and entries about others before it. */
const entriesOf = (direction: 'ingress' | 'egress', count: number) => [
  anything(direction),
  ...Array.from(
    { length: count - 1 },
    (_, index) =>
      ({
        direction,
        identity: OTHERS + index,
        protocol: 6,
        port: 80,
        portPrefix: 16,
        action: 'allow',
        audit: false,
      }) as const,
  ),
];

/** Prefixes that make up the world: few wide ones, or many single addresses. */
function prefixes(count: number): { readonly prefix: string; readonly identity: number }[] {
  const length = count <= ADDRESSES ? 32 - Math.floor(Math.log2((2 * ADDRESSES) / count)) : 32;
  const size = 2 ** (32 - length);
  return Array.from({ length: count }, (_, index) => {
    const offset = index * size;
    const address = `198.${18 + (offset >> 16)}.${(offset >> 8) & 255}.${offset & 255}`;
    return { prefix: `${address}/${length}`, identity: OTHERS + (index % 1000) };
  });
}

/** Which packets. */
interface Way {
  /** The first of a connection each, or all of one. */
  readonly first: boolean;
  /** To the world, beyond the programs of the sender, or to an endpoint and its policy. */
  readonly world: boolean;
}

/** A lab with a client and a server, and what packets between them cost. */
class Subject implements Disposable {
  readonly lab: Lab;
  readonly ends: Ends;
  readonly #clock: ProgramClock;
  readonly #datagrams: string;
  readonly #sinks: ChildProcess[] = [];
  #round = 0;

  constructor(
    datagrams: string,
    { entries = 1, peers = 1 }: { readonly entries?: number; readonly peers?: number },
  ) {
    const links = Link.ids();
    this.#datagrams = datagrams;
    this.lab = new DatapathLab({ maxConnections: CONNECTIONS });
    const [client, server] = [this.lab.endpoint(CLIENT), this.lab.endpoint(SERVER)];
    this.lab.datapath.setPolicy(CLIENT, entriesOf('egress', entries), () => ({ cookie: 1 }));
    this.lab.datapath.setPolicy(SERVER, entriesOf('ingress', entries), () => ({ cookie: 2 }));
    this.lab.datapath.apply({ peers: prefixes(peers) });
    using host = Network.open(this.lab.host);
    host.routes.add({ destination: `${WORLD}/15`, type: 'blackhole' });
    this.#clock = new ProgramClock([client.device, server.device], links);
    this.ends = { from: client.namespace, to: server.namespace, address: server.ipv4 };
  }

  /** Starts those who get what is sent, so that nobody answers that there is no one. */
  async serve(): Promise<void> {
    for (let index = 0; index < SINKS; index++) {
      const sink = this.ends.to.spawn(this.#datagrams, ['sink', String(PORT + index)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      this.#sinks.push(sink);
      if (sink.stdout) await once(sink.stdout, 'data');
    }
  }

  /** Nanoseconds of all programs that a datagram meets on its way to the server, or to somewhere in the world. */
  async packet({ first, world }: Way): Promise<number> {
    const round = first ? this.#round++ : 0;
    const to = [world ? WORLD : this.ends.address, PORT + Math.floor(round / PORT_ROUNDS)];
    const from = first ? [FIRST_PORT + (round % PORT_ROUNDS) * PACKETS, PACKETS] : [FIRST_PORT - 1, 1];
    const args = ['send', ...to, PACKETS, ...from, first && world ? ADDRESSES : 1];
    return (await this.#clock.time(() => run(this.ends.from, this.#datagrams, args))) / PACKETS;
  }

  [Symbol.dispose](): void {
    for (const sink of this.#sinks) sink.kill('SIGKILL');
    this.#clock[Symbol.dispose]();
    this.lab.close();
  }
}

async function run(
  from: NetworkNamespace,
  command: string,
  args: readonly (string | number)[],
): Promise<void> {
  const child = from.spawn(command, args.map(String), { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

async function subject(datagrams: string, sizes: ConstructorParameters<typeof Subject>[1]): Promise<Subject> {
  const made = new Subject(datagrams, sizes);
  await made.serve();
  return made;
}

const medians = ({ ours, twin }: Rounds) => ({ ours: median(ours), twin: median(twin) });
const formatted = (count: number): string => count.toLocaleString('en-US');

await benchmark(
  {
    name: 'policy-scale',
    about: `What a datagram costs in the programs that it meets (run_time_ns of the kernel's statistics), beside one in a host with
      1 entry in each policy and 10 prefixes with identities, in turn. Medians of ${ROUNDS} rounds of ${PACKETS} datagrams. The
      entry that decides is the one that is looked for last. First packets to prefixes go to ${formatted(ADDRESSES)} addresses, mixed.`,
    twin: 'least',
  },
  async ({ row, note }) => {
    const datagrams = compileTool('datagrams');
    if (datagrams === undefined) return note(`Skipped. ${missingTools('cc')}`);
    using least = await subject(datagrams, { peers: PREFIXES[0] });
    const compareWith = async (what: string, other: Subject, way: Way): Promise<void> => {
      const rounds = await inTurn(
        ROUNDS,
        () => other.packet(way),
        () => least.packet(way),
      );
      row({ what, unit: 'time', ...medians(rounds), goal: { ratio: 1.15 } });
    };
    for (const entries of ENTRIES.slice(1)) {
      using other = await subject(datagrams, { entries, peers: PREFIXES[0] });
      const name = `${formatted(entries)} entries`;
      await compareWith(`established, both policies of ${name}`, other, { first: false, world: false });
      await compareWith(`first packet, both policies of ${name}`, other, { first: true, world: false });
    }
    for (const peers of PREFIXES.slice(1)) {
      using other = await subject(datagrams, { peers });
      const name = `${formatted(peers)} prefixes`;
      await compareWith(`established, to the world, ${name}`, other, { first: false, world: true });
      await compareWith(`first packet, to the world, ${name}`, other, { first: true, world: true });
    }
  },
);

await benchmark(
  {
    name: 'policy-scale, round trips',
    about: `TCP round trips a second of two namespaces over a host with policies, beside a host that only routes, in turn: policies
      of waggle with as many entries, and rules of the kernel's firewalls that are asked one after the other. Both ends on one
      CPU, medians of ${TRIP_ROUNDS} rounds of ${TRIPS}.`,
    twin: 'routed',
  },
  async ({ row, note }) => {
    const missing = missingTools('cc', 'nft', 'iptables-restore');
    if (missing !== undefined) return note(`Skipped. ${missing}`);
    using traffic = new NamespaceTraffic();
    using plain = new RoutedHost();
    await traffic.serve(plain.to);
    const compareWith = async (what: string, ends: Ends): Promise<void> => {
      const rounds = await inTurn(
        TRIP_ROUNDS,
        async () => 1e9 / (await traffic.roundTrip(ends, TRIPS)),
        async () => 1e9 / (await traffic.roundTrip(plain, TRIPS)),
      );
      row({ what, unit: 'rate', ...medians(rounds) });
    };
    for (const entries of ENTRIES) {
      using ours = new Subject('', { entries });
      await traffic.serve(ours.ends.to);
      await compareWith(
        `waggle, policies of ${entries === 1 ? '1 entry' : `${formatted(entries)} entries`}`,
        ours.ends,
      );
    }
    for (const rules of RULES) {
      using host = new RoutedHost();
      host.configure('nft', ['-f', '-'], nftablesRules(rules));
      await traffic.serve(host.to);
      await compareWith(`nftables, ${formatted(rules)} rules`, host);
    }
    for (const rules of RULES) {
      using host = new RoutedHost();
      host.configure('iptables-restore', [], iptablesRules(rules));
      await traffic.serve(host.to);
      await compareWith(`iptables, ${formatted(rules)} rules`, host);
    }
  },
);
