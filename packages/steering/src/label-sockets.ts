/** The sockets of one label: registering, draining and removing them. Needs no more than the permission to write the label's pins. */
import { type Infer, WaggleError } from '@waggle/bpf';
import { lockDirectory, type Socket, type SocketInfo } from '@waggle/kernel';
import { spread } from './buckets.ts';
import {
  closeLabelMaps,
  type LabelMaps,
  type LabelOwner,
  labelDirectory,
  lockPath,
  openLabelMaps,
  ownerOf,
} from './label-maps.ts';
import { kindName, kindOf } from './records.ts';
import { ALTERNATIVES, KINDS, type LabelState, SLOTS } from './steer.bpf.ts';

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

/** Options of {@link LabelSockets.register}. */
export interface RegisterOptions {
  /** Its share of the connections, beside those of other sockets of the label: 1 to 100. */
  readonly weight?: number;
  /** Takes the place of all sockets of its kind that are registered. */
  readonly replace?: boolean;
}

type State = Infer<typeof LabelState>;
type Entry = State['sockets'][number];

const FREE: Entry = { cookie: 0n, weight: 0, kind: 0, dualStack: 0, draining: 0 };

export class LabelSockets implements Disposable {
  readonly label: string;
  readonly #directory: string;
  readonly #maps: LabelMaps;

  private constructor(directory: string, label: string, maps: LabelMaps) {
    this.#directory = directory;
    this.label = label;
    this.#maps = maps;
  }

  /**
   * Opens the sockets of a label.
   * @param directory that of the steering.
   * @throws WaggleError NOT_FOUND without such a label; DENIED for users who may not write its pins.
   */
  static open(directory: string, label: string): LabelSockets {
    return new LabelSockets(directory, label, openLabelMaps(directory, label));
  }

  /** Who may register sockets. */
  owner(): LabelOwner {
    return ownerOf(this.#directory, this.label);
  }

  /** All sockets, by kind. */
  list(): RegisteredSocket[] {
    const found: RegisteredSocket[] = [];
    for (const [slot, entry] of this.#state().sockets.entries()) {
      if (entry.cookie !== 0n) found.push(this.#registered(slot, entry));
    }
    return found.sort((left, right) => left.kind.localeCompare(right.kind) || left.slot - right.slot);
  }

  /**
   * Gives connections of the label to sockets: to all of them, or, when one cannot have any, to none. Dead sockets make room.
   * @throws WaggleError WRONG_TYPE for a socket that cannot be steered to, EXISTS when it has the label already, FULL.
   */
  register(
    sockets: readonly Socket[],
    { weight = 1, replace = false }: RegisterOptions = {},
  ): RegisteredSocket[] {
    if (!Number.isInteger(weight) || weight < 1 || weight > 100) {
      throw new WaggleError('OUT_OF_RANGE', `a weight is a whole number from 1 to 100, not ${weight}`);
    }
    using _lock = this.#lock();
    const state = this.#state();
    const before = this.list();
    const alive = new Set(before.filter((each) => each.state !== 'dead').map(({ cookie }) => cookie));
    const added = sockets.map((socket) => ({ socket, entry: entryOf(socket.info(), weight) }));
    for (const { entry } of added) {
      if (alive.has(entry.cookie)) {
        throw new WaggleError('EXISTS', `the socket is registered with "${this.label}" already`);
      }
      alive.add(entry.cookie);
    }
    const dead = new Set(before.filter((each) => each.state === 'dead').map(({ slot }) => slot));
    const free = state.sockets.flatMap(({ cookie }, slot) => (cookie === 0n || dead.has(slot) ? [slot] : []));
    if (free.length < added.length) {
      throw new WaggleError(
        'FULL',
        `the label "${this.label}" has no room for ${added.length} more sockets`,
        {
          hint: `A label has up to ${SLOTS} sockets; remove some with waggle steer unregister`,
        },
      );
    }
    for (const slot of dead) state.sockets[slot] = FREE;
    const kinds = new Set(added.map(({ entry }) => kindName(entry.kind)));
    const gone = before.filter((each) => each.state !== 'dead' && replace && kinds.has(each.kind));
    for (const { slot } of gone) state.sockets[slot] = FREE;
    const taken = this.#put(added, free);
    for (const [index, { entry }] of added.entries()) state.sockets[taken[index] ?? 0] = entry;
    this.#write(state);
    for (const { slot } of gone) this.#maps.sockets.delete(slot);
    return added.map(({ entry }, index) => this.#registered(taken[index] ?? 0, entry));
  }

  /**
   * Takes sockets from the label: connections that they have stay.
   * @param cookie one of them; all by default.
   * @throws WaggleError NOT_FOUND
   */
  unregister(cookie?: bigint): RegisteredSocket[] {
    using _lock = this.#lock();
    const chosen = this.#chosen(cookie);
    const state = this.#state();
    for (const { slot } of chosen) state.sockets[slot] = FREE;
    // The buckets change first: what they do not name can go.
    this.#write(state);
    for (const { slot } of chosen) this.#maps.sockets.delete(slot);
    return chosen;
  }

  /** Lets a socket have no new connections, as long as it is wanted to end those that it has. @throws WaggleError NOT_FOUND */
  drain(cookie: bigint): void {
    using _lock = this.#lock();
    const state = this.#state();
    for (const { slot } of this.#chosen(cookie)) {
      state.sockets[slot] = { ...(state.sockets[slot] ?? FREE), draining: 1 };
    }
    this.#write(state);
  }

  close(): void {
    closeLabelMaps(this.#maps);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #lock(): Disposable {
    return lockDirectory(lockPath(labelDirectory(this.#directory, this.label)));
  }

  #state(): State {
    const state = this.#maps.state.get(0);
    if (!state) throw new WaggleError('NOT_FOUND', `the label "${this.label}" has no state`);
    return state;
  }

  #registered(slot: number, { cookie, kind, weight, draining }: Entry): RegisteredSocket {
    const alive = this.#maps.sockets.get(slot) === cookie;
    const state = !alive ? 'dead' : draining !== 0 ? 'draining' : 'alive';
    return { slot, label: this.label, kind: kindName(kind), cookie, weight, state };
  }

  /** Puts sockets into slots; answers which. When the kernel refuses one, none stays. */
  #put(added: readonly { readonly socket: Socket }[], free: readonly number[]): number[] {
    const taken: number[] = [];
    try {
      for (const { socket } of added) {
        const slot = free[taken.length] ?? 0;
        this.#maps.sockets.set(slot, socket);
        taken.push(slot);
      }
      return taken;
    } catch (error) {
      for (const slot of taken) this.#maps.sockets.delete(slot);
      throw error;
    }
  }

  #chosen(cookie: bigint | undefined): RegisteredSocket[] {
    const all = this.list();
    const chosen = cookie === undefined ? all : all.filter((socket) => socket.cookie === cookie);
    if (chosen.length > 0) return chosen;
    const which = cookie === undefined ? 'no socket' : `no socket with the cookie ${cookie.toString(16)}`;
    throw new WaggleError('NOT_FOUND', `the label "${this.label}" has ${which}`, {
      hint: 'waggle steer status shows the sockets of each label',
    });
  }

  /** Writes the state, with the buckets divided among those sockets that are alive and not draining. */
  #write({ sockets }: State): void {
    const candidates = sockets.flatMap((entry, slot) =>
      entry.cookie !== 0n && entry.draining === 0 && this.#maps.sockets.get(slot) === entry.cookie
        ? [{ slot, entry }]
        : [],
    );
    const buckets = Array.from({ length: KINDS }, (_, kind) => {
      const members = candidates
        .filter(({ entry }) => entry.kind === kind || (entry.dualStack !== 0 && entry.kind === kind + 2))
        .map(({ slot, entry: { cookie, weight } }) => ({ slot, cookie, weight }));
      return spread(members).map((slots) => ({
        slots: Array.from({ length: ALTERNATIVES }, (_, index) => (slots[index] ?? -1) + 1),
      }));
    }).flat();
    this.#maps.state.set(0, { buckets, sockets });
  }
}

/** What is kept of a socket. @throws WaggleError WRONG_TYPE for one that cannot be steered to. */
function entryOf({ protocol, family, dualStack, listening, cookie }: SocketInfo, weight: number): Entry {
  if (protocol === undefined || family === undefined) {
    throw new WaggleError('WRONG_TYPE', 'only TCP and UDP sockets can be steered to', {
      hint: 'A socket of Multipath TCP cannot; let the server listen on plain TCP',
    });
  }
  if (protocol === 'tcp' && !listening) {
    throw new WaggleError('WRONG_TYPE', 'the TCP socket does not listen', { hint: 'Give the listening one' });
  }
  return { cookie, weight, kind: kindOf(protocol, family), dualStack: dualStack ? 1 : 0, draining: 0 };
}
