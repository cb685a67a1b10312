/**
 * The identity allocator: numbers for sets of labels, the same number for the same set as long as somebody uses it. A number
 * that was given back is the last to be given again: flows, maps and other hosts may still mean its former owner.
 */
import { WaggleError } from '@waggle/bpf';
import {
  CIDR_SOURCE,
  FQDN_SOURCE,
  formatLabel,
  type Label,
  parseLabel,
  sortLabels,
} from '../labels/label.ts';
import { FIRST_ALLOCATED, FIRST_LOCAL, type Identity, LAST_ALLOCATED } from './identity.ts';
import { type ClusterNames, reservedNumber, wellKnownIdentities } from './well-known.ts';

/** How identities are numbered; each has a default. */
export interface AllocatorOptions extends ClusterNames {
  /** Sets of labels with numbers of one's own choice, 128 to 255. */
  readonly fixed?: readonly Identity[];
}

/** The state of an allocator, as plain data. */
export interface AllocatorSnapshot {
  readonly next: number;
  readonly nextLocal: number;
  readonly identities: readonly {
    readonly id: number;
    readonly labels: readonly string[];
    readonly users: number;
  }[];
}

const FIRST_FIXED = 128;
const LAST_FIXED = 255;
const LAST_LOCAL = FIRST_LOCAL * 2 - 1;

interface Allocated {
  readonly identity: Identity;
  users: number;
}

/** Numbers that are given in turn. */
interface Pool {
  readonly first: number;
  readonly last: number;
  next: number;
}

/** See the head of this file. */
export class IdentityAllocator {
  /** Numbers that nobody has to ask for, by their labels. */
  readonly #fixed = new Map<string, Identity>();
  readonly #byKey = new Map<string, Allocated>();
  readonly #byId = new Map<number, Allocated>();
  readonly #global: Pool = { first: FIRST_ALLOCATED, last: LAST_ALLOCATED, next: FIRST_ALLOCATED };
  readonly #local: Pool = { first: FIRST_LOCAL, last: LAST_LOCAL, next: FIRST_LOCAL };

  /** @throws {@link WaggleError} OUT_OF_RANGE or EXISTS for fixed numbers that cannot be, or are there twice. */
  constructor(options: AllocatorOptions = {}) {
    for (const identity of wellKnownIdentities(options)) this.#fixed.set(keyOf(identity.labels), identity);
    const taken = new Set<number>();
    for (const { id, labels } of options.fixed ?? []) {
      checkFixed(id, taken);
      this.#fixed.set(keyOf(labels), { id, labels: sortLabels(labels) });
    }
  }

  /**
   * The identity of a set of labels, for one more user. Sets with a CIDR or a name of DNS get numbers of this host's own.
   *
   * @throws {@link WaggleError} FULL when all numbers are in use.
   */
  allocate(labels: readonly Label[]): Identity {
    const sorted = sortLabels(labels);
    const reserved = reservedNumber(sorted);
    if (reserved !== undefined) return { id: reserved, labels: sorted };
    const key = keyOf(sorted);
    const fixed = this.#fixed.get(key);
    if (fixed) return fixed;
    let allocated = this.#byKey.get(key);
    if (!allocated) {
      const id = this.#take(isLocal(sorted) ? this.#local : this.#global);
      allocated = { identity: { id, labels: sorted }, users: 0 };
      this.#keep(key, allocated);
    }
    allocated.users += 1;
    return allocated.identity;
  }

  /**
   * One user less.
   *
   * @returns whether nobody uses the number any more. Reserved, well-known and fixed ones stay.
   */
  release(id: number): boolean {
    const allocated = this.#byId.get(id);
    if (!allocated) return false;
    allocated.users -= 1;
    if (allocated.users > 0) return false;
    this.#byId.delete(id);
    this.#byKey.delete(keyOf(allocated.identity.labels));
    return true;
  }

  /** The identities in use, by their numbers. */
  identities(): Identity[] {
    return [...this.#byId.values()].map(({ identity }) => identity).sort((a, b) => a.id - b.id);
  }

  /** Its state, for {@link IdentityAllocator.restore}. */
  snapshot(): AllocatorSnapshot {
    const identities = this.identities().map(({ id, labels }) => ({
      id,
      labels: labels.map(formatLabel),
      users: this.#byId.get(id)?.users ?? 0,
    }));
    return { next: this.#global.next, nextLocal: this.#local.next, identities };
  }

  /**
   * An allocator that goes on from a state.
   *
   * @throws {@link WaggleError} MALFORMED for a state in which a number or a set of labels is there twice.
   */
  static restore(snapshot: AllocatorSnapshot, options: AllocatorOptions = {}): IdentityAllocator {
    const allocator = new IdentityAllocator(options);
    allocator.#global.next = snapshot.next;
    allocator.#local.next = snapshot.nextLocal;
    for (const { id, labels, users } of snapshot.identities) {
      const sorted = sortLabels(labels.map((label) => parseLabel(label)));
      const key = keyOf(sorted);
      if (allocator.#byId.has(id) || allocator.#byKey.has(key)) {
        throw new WaggleError('MALFORMED', `The identity ${id} (${key}) is in the saved state twice.`);
      }
      allocator.#keep(key, { identity: { id, labels: sorted }, users });
    }
    return allocator;
  }

  #keep(key: string, allocated: Allocated): void {
    this.#byKey.set(key, allocated);
    this.#byId.set(allocated.identity.id, allocated);
  }

  #take(pool: Pool): number {
    const size = pool.last - pool.first + 1;
    for (let tried = 0; tried < size; tried++) {
      const id = pool.next;
      pool.next = id === pool.last ? pool.first : id + 1;
      if (!this.#byId.has(id)) return id;
    }
    throw new WaggleError('FULL', `All identities from ${pool.first} to ${pool.last} are in use.`, {
      hint: 'Leave labels that no policy uses out of identities (see labelReport)',
    });
  }
}

function checkFixed(id: number, taken: Set<number>): void {
  if (!Number.isInteger(id) || id < FIRST_FIXED || id > LAST_FIXED) {
    throw new WaggleError(
      'OUT_OF_RANGE',
      `The fixed identity ${id} is not from ${FIRST_FIXED} to ${LAST_FIXED}.`,
    );
  }
  if (taken.has(id)) throw new WaggleError('EXISTS', `The fixed identity ${id} is there twice.`);
  taken.add(id);
}

const keyOf = (labels: readonly Label[]): string => sortLabels(labels).map(formatLabel).join(';');

const isLocal = (labels: readonly Label[]): boolean =>
  labels.some(({ source }) => source === CIDR_SOURCE || source === FQDN_SOURCE);
