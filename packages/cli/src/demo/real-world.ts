/** The story for real: processes in namespaces, an agent that makes them endpoints, and the kernel, which decides. */
import { setTimeout } from 'node:timers/promises';
import { AgentClient } from '@waggle/agent/client';
import { WaggleError } from '@waggle/bpf';
import { Reason } from '@waggle/datapath';
import type { Trace } from '@waggle/policy';
import { isPacketEvent } from '../monitor-text.ts';
import { packetLine } from '../packet-text.ts';
import { CAST, PORT, type Role, SHIPS, type Ship, type StoryPolicy } from './cast.ts';
import type { LabHost } from './lab-host.ts';
import { type Landing, now, type TalkReport } from './part.ts';
import type { KeptLab } from './play-on.ts';
import { Actor, AgentProcess } from './processes.ts';
import type { Gathering, Member, Outcome, Remains, Talk, World } from './world.ts';

/** How long an agent may take to come up, in milliseconds, and how often it is asked. */
const PATIENCE = 60_000;
const PAUSE = 25;
/** So long answers that are on their way may take, and so long one waits for others. */
const IN_FLIGHT = 20;
const LISTENING = 400;
/** So long an event may take from the kernel to here. */
const EVENT_PATIENCE = 500;
const ROLES = ['deathstar', ...SHIPS] as const;
const DENIALS: readonly string[] = [Reason.PolicyDenied, Reason.DeniedByRule].map(String);

export class RealWorld implements World {
  readonly engine = 'agent';
  readonly opening: string;
  readonly #lab: LabHost;
  readonly #client: AgentClient;
  readonly #actors = new Map<Role, Actor>();
  #agent: AgentProcess | undefined;
  #members: readonly Member[] = [];

  constructor(lab: LabHost) {
    this.#lab = lab;
    this.#client = new AgentClient({ socket: lab.socket });
    this.opening =
      `It plays on a host of its own: the network namespace ${lab.name}, which has no way out. ` +
      "Nothing of this machine's own network is touched.";
  }

  async gather(): Promise<Gathering> {
    const took = await this.#startAgent();
    const members: Member[] = [];
    for (const role of ROLES) members.push(await this.#enlist(role));
    this.#members = members;
    await Promise.all(ROLES.map((role) => this.#startActor(role)));
    return { account: `The agent is up after ${took}.`, members };
  }

  async land(ship: Ship): Promise<Outcome> {
    const { landed, account } = await this.#actor(ship).ask<Landing>({
      order: 'land',
      address: this.#member('deathstar').address,
    });
    return { done: landed, account };
  }

  async talk(ship: Ship): Promise<Talk> {
    const actor = this.#actor(ship);
    actor.tell({ order: 'talk', address: this.#member('deathstar').address });
    return new RealTalk(actor);
  }

  async apply({ text, file }: StoryPolicy): Promise<string> {
    const took = await timed(() => this.#client.applyPolicies(text, { file }));
    return `waggle policy apply: in force after ${took}.`;
  }

  async withdraw({ name }: StoryPolicy): Promise<string> {
    const took = await timed(() => this.#client.deletePolicyDocument({ name }));
    return `waggle policy delete ${name}: taken back after ${took}.`;
  }

  async trace(ship: Ship): Promise<Trace> {
    const [from, to] = [this.#member(ship), this.#member('deathstar')].map(({ address }) => ({ address }));
    const dports = [{ port: PORT, protocol: 'TCP' as const }];
    const { traces } = await this.#client.tracePolicy({ from: from ?? {}, to: { ...to, dports } });
    const [trace] = traces;
    if (trace) return trace;
    throw new WaggleError('MALFORMED', 'the agent has not answered what its policies say');
  }

  async followDrops(): Promise<() => Promise<Outcome>> {
    const stop = new AbortController();
    const told = this.#firstDrop(stop.signal);
    const before = await this.#denied();
    return async () => {
      const packets = (await this.#denied()) - before;
      const event = await Promise.race([told, setTimeout(EVENT_PATIENCE, undefined)]);
      stop.abort();
      const counted = `${packets} ${packets === 1 ? 'packet' : 'packets'} counted`;
      return { done: packets > 0, account: event === undefined ? counted : `${event} (${counted})` };
    };
  }

  async loseEngine(): Promise<string> {
    await this.#agent?.kill();
    return `kill -9 ${this.#agent?.pid}: the agent is gone.`;
  }

  async findEngine(): Promise<Outcome> {
    const took = await this.#startAgent();
    const found = await this.#client.endpoints();
    const same = this.#members.every(({ role, identity, address }) =>
      found.some(
        ({ status }) =>
          status.waggle.name === role &&
          status.state === 'ready' &&
          status.identity?.id === identity &&
          status.networking.addressing[0]?.ipv4 === address,
      ),
    );
    const what = same ? 'the same identities and addresses' : 'not all as they were';
    return {
      done: same && found.length === this.#members.length,
      account: `a new agent is up after ${took}: ${found.length} endpoints, ${what}`,
    };
  }

  /** Ends this process's part in it: it goes on without. */
  keep(): KeptLab {
    for (const actor of this.#actors.values()) actor.release();
    this.#lab.keep();
    return {
      socket: this.#lab.socket,
      address: this.#member('deathstar').address,
      namespaceOf: (role) => this.#lab.namespaceName(role),
    };
  }

  close(): Promise<readonly Remains[]> {
    return this.#lab.remove();
  }

  /** How many packets policies have dropped. */
  async #denied(): Promise<number> {
    const metrics = await this.#client.metrics();
    return metrics
      .filter(
        ({ name, labels }) => name === 'waggle_drop_count_total' && DENIALS.includes(labels?.reason ?? ''),
      )
      .reduce((sum, { value }) => sum + value, 0);
  }

  /** The first drop that the kernel tells of; undefined when that is over before. */
  async #firstDrop(signal: AbortSignal): Promise<string | undefined> {
    try {
      for await (const event of this.#client.monitor({ types: ['drop'], signal })) {
        if (!isPacketEvent(event) || event.type !== 'drop') continue;
        const { source, destination, reasonText, packet } = event;
        const [from, to] = [source, destination].map(({ endpoint, identity }) => endpoint?.name ?? identity);
        return `${from} to ${to}, ${packetLine(packet)}: ${reasonText}`;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return undefined;
  }

  async #startAgent(): Promise<string> {
    const { directory, socket, pins, name } = this.#lab;
    const options = {
      'node-name': name,
      netns: name,
      'state-dir': `${directory}/state`,
      'run-dir': directory,
      socket,
      pins,
      'max-connections': '65536',
    };
    return timed(async () => {
      using host = this.#lab.openNamespace();
      const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value]);
      this.#agent = new AgentProcess(host, ['agent', ...args], `${directory}/agent.log`);
      await this.#untilUp(this.#agent);
    });
  }

  async #untilUp(agent: AgentProcess): Promise<void> {
    for (const start = performance.now(); ; await setTimeout(PAUSE)) {
      try {
        const { waggle } = await this.#client.status();
        if (waggle?.pid === agent.pid) return;
      } catch (error) {
        agent.check();
        if (!(error instanceof WaggleError) || performance.now() - start > PATIENCE) throw error;
      }
    }
  }

  /** Makes a namespace, and an endpoint in it. */
  async #enlist(role: Role): Promise<Member> {
    const labels = CAST[role];
    this.#lab.makeNamespace(role);
    const netns = `/run/netns/${this.#lab.namespaceName(role)}`;
    const start = performance.now();
    const { status } = await this.#client.createEndpoint({ name: role, labels: [...labels], netns });
    const account = `ready in ${milliseconds(start)}`;
    const address = status.networking.addressing[0]?.ipv4 ?? '';
    return { role, labels, identity: status.identity?.id ?? 0, address, account };
  }

  /** Starts the process that is behind an endpoint. */
  async #startActor(role: Role): Promise<void> {
    using namespace = this.#lab.openNamespace(role);
    this.#actors.set(role, await Actor.start(namespace, role === 'deathstar' ? role : 'ship'));
  }

  #actor(role: Role): Actor {
    const actor = this.#actors.get(role);
    if (actor) return actor;
    throw new WaggleError('NOT_FOUND', `nobody plays ${role}`);
  }

  #member(role: Role): Member {
    const member = this.#members.find((each) => each.role === role);
    if (member) return member;
    throw new WaggleError('NOT_FOUND', `there is no ${role}`);
  }
}

/** A talk of a ship's process. */
class RealTalk implements Talk {
  readonly #actor: Actor;
  #mark = now();

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  mark(): void {
    this.#mark = now();
  }

  async hears(): Promise<Outcome> {
    await setTimeout(IN_FLIGHT);
    const before = await this.#report();
    for (
      const start = performance.now();
      performance.now() - start < LISTENING;
      await setTimeout(IN_FLIGHT)
    ) {
      const { answered, silence } = await this.#report();
      if (answered > before.answered)
        return {
          done: true,
          account: `${answered} answers so far, the longest silence ${silence.toFixed(0)} ms`,
        };
    }
    const { asked, answered, lastAnswer } = await this.#report();
    const last = Math.max(0, lastAnswer - this.#mark).toFixed(0);
    return {
      done: false,
      account: `silence: the last of ${answered} answers came ${last} ms after the policy was sent, to ${asked - answered} requests none`,
    };
  }

  end(): void {
    this.#actor.tell({ order: 'hush' });
  }

  #report(): Promise<TalkReport> {
    return this.#actor.ask({ order: 'report' });
  }
}

async function timed(work: () => Promise<unknown>): Promise<string> {
  const start = performance.now();
  await work();
  return milliseconds(start);
}

const milliseconds = (start: number): string => {
  const took = performance.now() - start;
  return `${took.toFixed(took < 100 ? 1 : 0)} ms`;
};
