/**
 * The story without a kernel: the same programs, compiled to the same bytecode, in the interpreter, on packets that are made up here.
 * The policy engine fills their maps, as it fills the kernel's; what becomes of a packet is what the programs return.
 */
import { TcpFlag } from '@waggle/bpf';
import {
  FIRST_DROP,
  GATEWAY_MAC,
  type InstalledEntry,
  type Passage,
  Reason,
  SimulatedDatapath,
  type TcpEnd,
  type TcpSegment,
  tcpFrame,
} from '@waggle/datapath';
import {
  KUBERNETES_SOURCE,
  NAMESPACE_KEY,
  type PolicyEntry,
  PolicyRepository,
  parseLabel,
  parsePolicies,
  type Trace,
  trace,
} from '@waggle/policy';
import { CAST, LANDED, LANDING, PORT, type Role, SHIPS, type Ship, type StoryPolicy } from './cast.ts';
import type { Gathering, Member, Outcome, Remains, Talk, World } from './world.ts';

const TCP = 6;
const { Syn, Ack, Psh, Fin } = TcpFlag;
const FIRST_DEVICE = 11;
const FIRST_IDENTITY = 1001;
const FIRST_PORT = 40_000;

interface Actor extends Pick<Member, 'role' | 'labels' | 'identity' | 'address'> {
  readonly device: number;
  readonly mac: string;
}

const ROLES: readonly Role[] = ['deathstar', ...SHIPS];
const actors = new Map(
  ROLES.map((role, index): [Role, Actor] => [
    role,
    {
      role,
      labels: CAST[role],
      identity: FIRST_IDENTITY + index,
      address: `10.92.0.${index + 2}`,
      device: FIRST_DEVICE + index,
      mac: `02:00:00:00:00:0${index + 1}`,
    },
  ]),
);

/** A packet of a connection: from the ship, or back. */
interface Packet extends TcpSegment {
  readonly name: string;
  readonly from: 'ship' | 'deathstar';
}

export class SimulatedWorld implements World {
  readonly label = 'simulation';
  readonly engine = 'policy engine';
  readonly opening: string;
  readonly #datapath = new SimulatedDatapath();
  readonly #policies = new Map<string, StoryPolicy>();
  #repository: PolicyRepository | undefined;
  #port = FIRST_PORT;

  /** @param missing - Why this is no real world: a sentence. */
  constructor(missing: string) {
    this.opening = `${missing} So this is a simulation: the same programs that the kernel would run, compiled to the same bytecode, run in waggle's interpreter, on packets that are made up. The verdicts are what the programs return.`;
  }

  async gather(): Promise<Gathering> {
    for (const { device, identity, address, mac } of actors.values()) {
      this.#datapath.addEndpoint({ interface: device, identity, ipv4: address, mac });
    }
    this.#repository = repositoryOf([]);
    this.#enforce(this.#repository);
    return {
      account: 'Their programs are in the interpreter, and their policies in its maps.',
      members: [...actors.values()].map((actor) => ({ ...actor, account: `device ${actor.device}` })),
    };
  }

  async land(ship: Ship): Promise<Outcome> {
    const port = this.#port++;
    let instructions = 0;
    for (const packet of landingPackets()) {
      const passage = this.#send(ship, port, packet);
      instructions += passage.instructions;
      if (!this.#arrives(ship, packet, passage)) {
        return {
          done: false,
          account: `${packet.name} ${passage.verdict}, after ${passage.instructions} instructions`,
        };
      }
    }
    return {
      done: true,
      account: `${landingPackets().length} packets handed over, ${instructions} instructions`,
    };
  }

  async talk(ship: Ship): Promise<Talk> {
    const port = this.#port++;
    const [syn, synAck, ...rest] = landingPackets();
    const exchange = rest.filter(({ flags }) => (flags & Fin) === 0);
    for (const packet of [syn, synAck]) if (packet) this.#send(ship, port, packet);
    return {
      mark: () => {},
      end: () => {},
      hears: async () => {
        for (const packet of exchange) {
          const passage = this.#send(ship, port, packet);
          if (!this.#arrives(ship, packet, passage))
            return { done: false, account: `on the open connection, ${packet.name} was ${passage.verdict}` };
        }
        return { done: true, account: 'a request and its answer were handed over' };
      },
    };
  }

  async apply(policy: StoryPolicy): Promise<string> {
    this.#policies.set(policy.name, policy);
    return this.#renew();
  }

  async withdraw(policy: StoryPolicy): Promise<string> {
    this.#policies.delete(policy.name);
    return `Taken back. ${this.#renew()}`;
  }

  async trace(ship: Ship): Promise<Trace> {
    const [from, to] = [actorOf(ship).identity, actorOf('deathstar').identity];
    return trace(this.#engine(), { from, to, protocol: TCP, port: PORT });
  }

  async followDrops(): Promise<() => Promise<Outcome>> {
    const before = this.#dropped();
    return async () => {
      const packets = this.#dropped() - before;
      const what = packets === 1n ? 'packet' : 'packets';
      const account = `the programs counted ${packets} ${what}: policy denied (${Reason.PolicyDenied})`;
      return { done: packets > 0n, account };
    };
  }

  async loseEngine(): Promise<string> {
    this.#repository = undefined;
    return 'The policy engine is thrown away. The programs have their maps, and nothing else.';
  }

  async findEngine(): Promise<Outcome> {
    const engine = repositoryOf([...this.#policies.values()]);
    const differing = [...actors.values()].filter(
      ({ identity }) => entryTexts(engine.resolve(identity).entries) !== entryTexts(this.#inForce(identity)),
    );
    this.#repository = engine;
    if (differing.length === 0)
      return { done: true, account: 'a new engine computes the very entries that are in the maps' };
    return { done: false, account: `the maps of ${differing.map(({ role }) => role).join(', ')} differ` };
  }

  async close(): Promise<readonly Remains[]> {
    return [];
  }

  #dropped(): bigint {
    const drops = this.#datapath.metrics().filter(({ reason }) => reason >= FIRST_DROP);
    return drops.reduce((sum, { packets }) => sum + packets, 0n);
  }

  #engine(): PolicyRepository {
    if (this.#repository) return this.#repository;
    throw new Error('the engine is gone');
  }

  #renew(): string {
    const start = performance.now();
    const engine = repositoryOf([...this.#policies.values()]);
    this.#repository = engine;
    this.#enforce(engine);
    const entries = engine.resolve(actorOf('deathstar').identity).entries.length;
    const took = (performance.now() - start).toFixed(1);
    return `In the programs' maps after ${took} ms: ${entries} ${entries === 1 ? 'entry' : 'entries'} for the Death Star.`;
  }

  #enforce(engine: PolicyRepository): void {
    for (const { identity } of actors.values()) {
      const { entries } = engine.resolve(identity);
      this.#datapath.setPolicy(identity, entries, ({ cookies: [cookie = 0] }) => ({ cookie }));
    }
  }

  #inForce(identity: number): InstalledEntry[] {
    return this.#datapath.policyEntries(identity) ?? [];
  }

  #send(ship: Ship, port: number, { from, name: _, ...segment }: Packet): Passage {
    const [sender, receiver] = from === 'ship' ? [ship, 'deathstar' as const] : ['deathstar' as const, ship];
    const portOf = (role: Role): number => (role === 'deathstar' ? PORT : port);
    const source: TcpEnd = { mac: actorOf(sender).mac, ipv4: actorOf(sender).address, port: portOf(sender) };
    const target: TcpEnd = { mac: GATEWAY_MAC, ipv4: actorOf(receiver).address, port: portOf(receiver) };
    return this.#datapath.fromEndpoint(actorOf(sender).device, tcpFrame(source, target, segment));
  }

  /** Whether a packet was handed to whom it is for. */
  #arrives(ship: Ship, { from }: Packet, { verdict, device }: Passage): boolean {
    return verdict === 'redirected' && device === actorOf(from === 'ship' ? 'deathstar' : ship).device;
  }
}

function actorOf(role: Role): Actor {
  const actor = actors.get(role);
  if (actor) return actor;
  throw new Error(`nobody plays ${role}`);
}

/** An engine that knows everybody, and these policies. */
function repositoryOf(policies: readonly StoryPolicy[]): PolicyRepository {
  const repository = new PolicyRepository();
  const namespace = parseLabel(`${NAMESPACE_KEY}=default`, KUBERNETES_SOURCE);
  for (const { identity, labels } of actors.values()) {
    const own = labels.map((label) => parseLabel(label, KUBERNETES_SOURCE));
    repository.setIdentity({ id: identity, labels: [...own, namespace] });
  }
  for (const { text, file } of policies) repository.add(parsePolicies(text, { file }).rules);
  return repository;
}

/** What a map says, whoever says it. */
function entryTexts(entries: readonly (PolicyEntry | InstalledEntry)[]): string {
  return entries
    .map(({ direction, identity, protocol, port, portPrefix, action }) =>
      [direction, identity, protocol, port, portPrefix, action].join(' '),
    )
    .sort()
    .join('\n');
}

/** A request and its answer, from the first packet of the connection to the last. */
function landingPackets(): Packet[] {
  const request = Buffer.from(`POST ${LANDING} HTTP/1.1\r\nHost: deathstar\r\n\r\n`);
  const answer = Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${LANDED}\n`);
  const [asked, answered] = [1 + request.length, 1 + answer.length];
  return [
    { name: 'SYN', from: 'ship', flags: Syn },
    { name: 'SYN-ACK', from: 'deathstar', flags: Syn | Ack, acknowledgement: 1 },
    { name: 'the request', from: 'ship', flags: Psh | Ack, sequence: 1, acknowledgement: 1, data: request },
    {
      name: 'the answer',
      from: 'deathstar',
      flags: Psh | Ack,
      sequence: 1,
      acknowledgement: asked,
      data: answer,
    },
    { name: 'FIN', from: 'ship', flags: Fin | Ack, sequence: asked, acknowledgement: answered },
    {
      name: 'the other FIN',
      from: 'deathstar',
      flags: Fin | Ack,
      sequence: answered,
      acknowledgement: asked + 1,
    },
  ];
}
