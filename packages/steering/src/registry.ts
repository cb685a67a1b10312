/** The sockets of labels: registering, draining and removing them, and which of them are alive. */
import { WaggleError } from '@waggle/bpf';
import type { Socket } from '@waggle/kernel';
import { BindingStore } from './binding-store.ts';
import { spread } from './buckets.ts';
import { LabelTable } from './label-table.ts';
import type { Maps } from './pins.ts';
import { kindName, kindOf } from './records.ts';
import { ALTERNATIVES, BUCKETS, KINDS, MAX_SOCKETS } from './steer.bpf.ts';
import type { Steering } from './steering.ts';

/** A socket of a label. */
export interface RegisteredSocket {
  readonly slot: number;
  readonly label: string;
  /** `tcp4`, `udp6`, … */
  readonly kind: string;
  /** As `ss -e` shows it, in hexadecimal. */
  readonly cookie: bigint;
  readonly weight: number;
  /** Dead when it was closed; draining when it gets no new connections any more. */
  readonly state: 'alive' | 'draining' | 'dead';
}

/** Options of {@link Registry.register}. */
export interface RegisterOptions {
  /** Its share of the connections, beside those of other sockets of the label: 1 to 100. */
  readonly weight?: number;
  /** Takes the place of all other sockets of its kind. */
  readonly replace?: boolean;
}

const FREE = { cookie: 0n, label: 0, weight: 0, kind: 0, dualStack: 0, draining: 0 };

export class Registry {
  readonly #steering: Steering;
  readonly #maps: Maps;

  constructor(steering: Steering) {
    this.#steering = steering;
    this.#maps = steering.maps;
  }

  /** All sockets, by label and kind. */
  list(): RegisteredSocket[] {
    const labels = new LabelTable(this.#maps);
    const found: RegisteredSocket[] = [];
    for (const [slot, { cookie, label, kind, weight, draining }] of this.#maps.slots) {
      if (cookie === 0n) continue;
      const alive = this.#maps.sockets.get(slot) === cookie;
      const state = !alive ? 'dead' : draining !== 0 ? 'draining' : 'alive';
      found.push({ slot, label: labels.nameOf(label), kind: kindName(kind), cookie, weight, state });
    }
    return found.sort(
      (left, right) =>
        left.label.localeCompare(right.label) ||
        left.kind.localeCompare(right.kind) ||
        left.slot - right.slot,
    );
  }

  /**
   * Gives connections of a label to a socket. Dead sockets of the label and kind make room for it.
   * @throws WaggleError WRONG_TYPE for a socket that cannot be steered to, EXISTS when it has the label already, FULL.
   */
  register(
    label: string,
    socket: Socket,
    { weight = 1, replace = false }: RegisterOptions = {},
  ): RegisteredSocket {
    const { protocol, family, dualStack, listening, cookie } = socket.info();
    if (protocol === undefined || family === undefined) {
      throw new WaggleError('WRONG_TYPE', 'only TCP and UDP sockets can be steered to', {
        hint: 'A socket of Multipath TCP cannot; let the server listen on plain TCP',
      });
    }
    if (protocol === 'tcp' && !listening) {
      throw new WaggleError('WRONG_TYPE', 'the TCP socket does not listen', {
        hint: 'Give the listening one',
      });
    }
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#maps);
    const kind = kindOf(protocol, family);
    const others = this.list().filter((other) => other.label === label && other.kind === kindName(kind));
    if (others.some((other) => other.cookie === cookie && other.state === 'alive')) {
      throw new WaggleError('EXISTS', `the socket is registered with "${label}" already`);
    }
    const slot = this.#freeSlot(others);
    const id = labels.reserve(label);
    labels.commit();
    this.#maps.sockets.set(slot, socket);
    this.#maps.slots.set(slot, {
      cookie,
      label: id,
      weight,
      kind,
      dualStack: dualStack ? 1 : 0,
      draining: 0,
    });
    const gone = others.filter((other) => other.slot !== slot && (replace || other.state === 'dead'));
    // The buckets change first: what they do not name can go.
    this.#spread(label, new Set(gone.map((other) => other.slot)));
    for (const other of gone) this.#free(other.slot);
    return { slot, label, kind: kindName(kind), cookie, weight, state: 'alive' };
  }

  /**
   * Takes sockets from a label: connections that they have stay.
   * @param cookie one of them; all by default.
   * @throws WaggleError NOT_FOUND
   */
  unregister(label: string, cookie?: bigint): RegisteredSocket[] {
    using _lock = this.#steering.lock();
    const chosen = this.#chosen(label, cookie);
    const gone = new Set(chosen.map(({ slot }) => slot));
    this.#spread(label, gone);
    for (const slot of gone) this.#free(slot);
    new BindingStore(this.#steering).forgetUnused();
    return chosen;
  }

  /** Lets a socket have no new connections, as long as it is wanted to end those that it has. @throws WaggleError NOT_FOUND */
  drain(label: string, cookie: bigint): void {
    using _lock = this.#steering.lock();
    for (const { slot } of this.#chosen(label, cookie)) {
      const record = this.#maps.slots.get(slot);
      if (record) this.#maps.slots.set(slot, { ...record, draining: 1 });
    }
    this.#spread(label, new Set());
  }

  #chosen(label: string, cookie: bigint | undefined): RegisteredSocket[] {
    new LabelTable(this.#maps).idOf(label);
    const all = this.list().filter((socket) => socket.label === label);
    const chosen = cookie === undefined ? all : all.filter((socket) => socket.cookie === cookie);
    if (chosen.length > 0) return chosen;
    const which = cookie === undefined ? 'no socket' : `no socket with the cookie ${cookie.toString(16)}`;
    throw new WaggleError('NOT_FOUND', `the label "${label}" has ${which}`, {
      hint: 'waggle steer status shows the sockets of each label',
    });
  }

  #freeSlot(others: readonly RegisteredSocket[]): number {
    const dead = others.find(({ state }) => state === 'dead');
    if (dead) return dead.slot;
    for (const [slot, { cookie }] of this.#maps.slots) if (cookie === 0n) return slot;
    throw new WaggleError('FULL', `there is no room for another socket`, {
      hint: `${MAX_SOCKETS} are registered; remove dead ones with waggle steer unregister`,
    });
  }

  #free(slot: number): void {
    this.#maps.slots.set(slot, FREE);
    this.#maps.sockets.delete(slot);
  }

  /** Divides the buckets of a label among its sockets, but for some. */
  #spread(label: string, gone: ReadonlySet<number>): void {
    const id = new LabelTable(this.#maps).idOf(label);
    const candidates = [...this.#maps.slots].filter(
      ([slot, { cookie, label: of, draining }]) =>
        cookie !== 0n &&
        of === id &&
        draining === 0 &&
        !gone.has(slot) &&
        this.#maps.sockets.get(slot) === cookie,
    );
    for (let kind = 0; kind < KINDS; kind++) {
      const members = candidates
        .filter(([, each]) => each.kind === kind || (each.dualStack !== 0 && each.kind === kind + 2))
        .map(([slot, { cookie, weight }]) => ({ slot, cookie, weight }));
      const first = (id * KINDS + kind) * BUCKETS;
      this.#maps.buckets.setAll(
        spread(members).map((slots, bucket) => {
          const named = Array.from({ length: ALTERNATIVES }, (_, index) => (slots[index] ?? -1) + 1);
          return [first + bucket, { slots: named }];
        }),
      );
    }
  }
}
