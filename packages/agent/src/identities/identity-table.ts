/**
 * The identities in use on this host, and what makes them so: endpoints, and CIDRs that rules name. The policy repository
 * knows exactly these, and the reserved ones.
 */
import { WaggleError } from '@waggle/bpf';
import {
  type AllocatorSnapshot,
  cidrLabels,
  type Identity,
  IdentityAllocator,
  type Label,
  type NamedPort,
  type PolicyRepository,
  parseLabel,
  RESERVED_IDENTITIES,
  reservedIdentities,
  sortLabels,
} from '@waggle/policy';

/** The labels of this host itself, beside `reserved:host`. */
export interface IdentityTableOptions {
  readonly hostLabels?: readonly Label[];
}

interface Use {
  readonly identity: Identity;
  /** The named ports of each endpoint that has the identity. */
  readonly endpoints: Map<number, readonly NamedPort[]>;
}

export class IdentityTable {
  readonly #allocator: IdentityAllocator;
  readonly #reserved: readonly Identity[];
  readonly #uses = new Map<number, Use>();
  /** Identities of CIDRs, by the CIDR. */
  readonly #cidrs = new Map<string, Identity>();
  #held: readonly number[];
  #repository: PolicyRepository;

  /**
   * @param snapshot - Of an earlier run: the same labels get the same numbers. Who used them has to say so again; numbers that
   *   nobody asks for are forgotten by {@link forgetUnused}.
   */
  constructor(
    repository: PolicyRepository,
    snapshot?: AllocatorSnapshot,
    { hostLabels = [] }: IdentityTableOptions = {},
  ) {
    this.#repository = repository;
    // Held once for the time of the start, so that those who come back find their numbers.
    this.#held = snapshot?.identities.map(({ id }) => id) ?? [];
    this.#allocator = snapshot
      ? IdentityAllocator.restore({
          ...snapshot,
          identities: snapshot.identities.map((each) => ({ ...each, users: 1 })),
        })
      : new IdentityAllocator();
    this.#reserved = reservedIdentities().map((identity) =>
      identity.id === RESERVED_IDENTITIES.host
        ? { ...identity, labels: sortLabels([...identity.labels, ...hostLabels]) }
        : identity,
    );
    for (const identity of this.#reserved) repository.setIdentity(identity);
  }

  /** Everybody of the earlier run has come back: the numbers of others are free. */
  forgetUnused(): void {
    for (const id of this.#held) this.#allocator.release(id);
    this.#held = [];
  }

  /** The identity of an endpoint. */
  acquire(endpoint: number, labels: readonly Label[], namedPorts: readonly NamedPort[] = []): Identity {
    const identity = this.#allocator.allocate(labels.length > 0 ? labels : [parseLabel('reserved:init')]);
    const use = this.#uses.get(identity.id) ?? { identity, endpoints: new Map() };
    if (use.endpoints.has(endpoint)) this.#allocator.release(identity.id);
    use.endpoints.set(endpoint, namedPorts);
    this.#uses.set(identity.id, use);
    this.#tell(use);
    return identity;
  }

  /** An endpoint is gone, or has another identity now. @returns whether nobody has this one any more. */
  release(endpoint: number, id: number): boolean {
    const use = this.#uses.get(id);
    if (!use?.endpoints.delete(endpoint)) return false;
    this.#allocator.release(id);
    if (use.endpoints.size > 0) {
      this.#tell(use);
      return false;
    }
    this.#uses.delete(id);
    if (!this.#reserved.some((identity) => identity.id === id)) this.#repository.removeIdentity(id);
    return true;
  }

  /** The identity of a CIDR that rules name, made if there is none. */
  acquireCidr(cidr: string): Identity {
    const known = this.#cidrs.get(cidr);
    if (known) return known;
    const identity = this.#allocator.allocate(cidrLabels(cidr, { worldByFamily: true }));
    this.#cidrs.set(cidr, identity);
    this.#repository.setIdentity(identity);
    return identity;
  }

  /** No rule names a CIDR any more. */
  releaseCidr(cidr: string): void {
    const identity = this.#cidrs.get(cidr);
    if (!identity) return;
    this.#cidrs.delete(cidr);
    this.#allocator.release(identity.id);
    this.#repository.removeIdentity(identity.id);
  }

  /** The CIDRs that have identities. */
  cidrs(): ReadonlyMap<string, Identity> {
    return this.#cidrs;
  }

  /** Tells another repository what this one knew. */
  moveTo(repository: PolicyRepository): void {
    this.#repository = repository;
    for (const identity of [...this.#reserved, ...this.#cidrs.values()]) repository.setIdentity(identity);
    for (const use of this.#uses.values()) this.#tell(use);
  }

  /** The endpoints that have an identity. */
  endpointsOf(id: number): number[] {
    return [...(this.#uses.get(id)?.endpoints.keys() ?? [])];
  }

  /** All identities that are known here, the reserved ones too. */
  list(): Identity[] {
    const used = [...this.#uses.values()].map(({ identity }) => identity);
    const all = new Map([...this.#reserved, ...used, ...this.#cidrs.values()].map((each) => [each.id, each]));
    return [...all.values()].sort((a, b) => a.id - b.id);
  }

  /** The identity with a number, if it is in use here. */
  find(id: number): Identity | undefined {
    return this.#uses.get(id)?.identity ?? this.list().find((identity) => identity.id === id);
  }

  /** @throws WaggleError NOT_FOUND */
  get(id: number): Identity {
    const found = this.find(id);
    if (found) return found;
    throw new WaggleError('NOT_FOUND', `There is no identity ${id} on this host.`);
  }

  snapshot(): AllocatorSnapshot {
    return this.#allocator.snapshot();
  }

  #tell({ identity, endpoints }: Use): void {
    const ports = new Map<string, NamedPort>();
    for (const port of [...endpoints.values()].flat()) {
      ports.set(`${port.name} ${port.protocol} ${port.port}`, port);
    }
    const known = this.#repository.identity(identity.id);
    const namedPorts = [...ports.values()];
    const before = known?.namedPorts ?? [];
    const same =
      known !== undefined &&
      before.length === namedPorts.length &&
      before.every((port) => ports.has(`${port.name} ${port.protocol} ${port.port}`));
    if (same) return;
    const labels = this.#reserved.find(({ id }) => id === identity.id)?.labels ?? identity.labels;
    this.#repository.setIdentity({ id: identity.id, labels, namedPorts });
  }
}
