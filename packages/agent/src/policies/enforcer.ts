/**
 * From rules and identities to the kernel: after each change it computes what the datapath has to have, and puts it there in one
 * step. What the kernel refuses for one identity does not hold up the others, and is tried again.
 *
 * CIDRs that no rule names any more lose their identity afterwards: no packet may meet a policy that does not know who it is from.
 */
import type { Identity, PolicyRepository } from '@waggle/policy';
import type { EndpointPolicyView } from '../control.ts';
import type { Controllers } from '../controllers.ts';
import type { IdentityTable } from '../identities/identity-table.ts';
import { type PeerChange, peerChanges, wantedPeers } from '../peers/peer-table.ts';
import { type ForcedEntry, forcedEntries, needsProxy } from './forced-entries.ts';

/** What is to be in force for an identity; null: nothing, it has no endpoints here. */
export interface ForcedPolicy {
  readonly identity: number;
  readonly entries: readonly ForcedEntry[] | null;
}

/** What it needs of the datapath. */
export interface EnforcementTarget {
  /** All of it at the same instant, or nothing. */
  apply(change: { readonly policies: readonly ForcedPolicy[]; readonly peers: readonly PeerChange[] }): void;
  /** Lets the first policy of an identity be a matter of less than a millisecond, where it can. */
  prepare(identity: number): Promise<void>;
  /** The prefixes that are there, with their identities. */
  peers(): Iterable<readonly [string, number]>;
}

export interface EnforcerOptions {
  readonly target: EnforcementTarget;
  readonly identities: IdentityTable;
  readonly controllers: Controllers;
  readonly hostAddresses: () => readonly string[];
  /** Whether nothing is dropped by policy. */
  readonly audit: () => boolean;
}

/** The policy of an identity as it was computed: what the kernel gets of it, and what is known of it once it has that. */
interface Computed {
  readonly forced: ForcedPolicy;
  /** Absent where nothing shall be in force. */
  readonly realised?: Realised;
}

interface Realised {
  readonly view: EndpointPolicyView;
  readonly needsProxy: boolean;
}

const NOTHING: EndpointPolicyView = {
  revision: 0,
  enforced: { ingress: false, egress: false },
  status: { kind: 'ok', entries: 0 },
  entries: 0,
};

/** Milliseconds between a change and the end of what it no longer needs. */
const AFTERWARDS = 50;

export class Enforcer {
  readonly #options: EnforcerOptions;
  #repository: PolicyRepository;
  #peers: Map<string, number>;
  /** Identities whose policies the kernel does not have as they are. */
  readonly #owed = new Set<number>();
  /** Identities whose policies are kept in force. */
  readonly #kept = new Set<number>();
  readonly #realised = new Map<number, Realised>();
  #afterwards: NodeJS.Timeout | undefined;

  constructor(repository: PolicyRepository, options: EnforcerOptions) {
    this.#repository = repository;
    this.#options = options;
    this.#peers = new Map(options.target.peers());
  }

  /** Keeps the policy of an identity in force from the next {@link enforce} on. */
  keep(identity: number): void {
    if (this.#kept.has(identity)) return;
    this.#kept.add(identity);
    this.#repository.track(identity);
    this.#owed.add(identity);
  }

  /** The same, without the wait that the kernel has for an identity that is new. */
  async keepSoon(identity: number): Promise<void> {
    if (!this.#kept.has(identity)) await this.#options.target.prepare(identity);
    this.keep(identity);
  }

  /** Writes the policy of an identity with the next {@link enforce}, whether it has changed or not. */
  owe(identity: number): void {
    this.#owed.add(identity);
  }

  /** Takes the policy of an identity away with the next {@link enforce}. */
  drop(identity: number): void {
    if (!this.#kept.delete(identity)) return;
    this.#repository.untrack(identity);
    this.#realised.delete(identity);
    this.#owed.add(identity);
  }

  /** Computes everything anew, from another repository that knows the same. */
  moveTo(repository: PolicyRepository): void {
    this.#repository = repository;
    for (const identity of this.#kept) repository.track(identity);
    this.oweAll();
  }

  /** Owes everything: for changes that are no change of rules. */
  oweAll(): void {
    for (const identity of this.#kept) this.owe(identity);
  }

  /** Puts everything in force. What the kernel refuses is tried again; {@link realised} says why. */
  enforce(): void {
    const { identities, controllers } = this.#options;
    const needed = new Set(this.#repository.cidrs());
    for (const cidr of needed) identities.acquireCidr(cidr);
    for (const { identity } of this.#repository.takeChanges()) this.#owed.add(identity);
    controllers.run('policy', () => this.#apply());
    this.#settleLater(needed);
  }

  /** Looks again at which prefixes the kernel knows, after somebody else has changed them, and puts that right. */
  resync(): void {
    this.#peers = new Map(this.#options.target.peers());
    this.enforce();
  }

  /** What is in force for an identity. */
  realised(identity: number): EndpointPolicyView {
    return this.#realised.get(identity)?.view ?? NOTHING;
  }

  /** Whether traffic of an identity is denied for want of a proxy. */
  needsProxy(identity: number): boolean {
    return this.#realised.get(identity)?.needsProxy ?? false;
  }

  close(): void {
    clearTimeout(this.#afterwards);
  }

  #apply(): void {
    const { target, identities, hostAddresses } = this.#options;
    const computed = [...this.#owed].map((identity) => this.#compute(identity));
    const policies = computed.map(({ forced }) => forced);
    const wanted = wantedPeers({ hostAddresses: hostAddresses(), cidrs: identities.cidrs() });
    const { set } = peerChanges(wanted, this.#peers);
    try {
      if (policies.length > 0 || set.length > 0) target.apply({ policies, peers: set });
    } catch (error) {
      this.#applyOneByOne(computed, error);
    }
    for (const { prefix, identity } of set) if (identity !== null) this.#peers.set(prefix, identity);
    for (const policy of computed) this.#note(policy);
    // Those that nothing was done for have what they need, too.
    const { revision } = this.#repository;
    for (const [identity, { view, needsProxy }] of this.#realised) {
      if (view.error === undefined) this.#realised.set(identity, { view: { ...view, revision }, needsProxy });
    }
  }

  /** One policy that does not fit must not keep the others out. */
  #applyOneByOne(computed: readonly Computed[], cause: unknown): never {
    for (const policy of computed) {
      const { identity } = policy.forced;
      try {
        this.#options.target.apply({ policies: [policy.forced], peers: [] });
        this.#note(policy);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const view = { ...this.realised(identity), error: message };
        this.#realised.set(identity, { view, needsProxy: this.needsProxy(identity) });
      }
    }
    throw cause;
  }

  #compute(identity: number): Computed {
    if (!this.#kept.has(identity)) return { forced: { identity, entries: null } };
    const { revision, enforced, status, entries } = this.#repository.resolve(identity);
    return {
      forced: { identity, entries: forcedEntries(entries, this.#options.audit()) },
      realised: {
        view: { revision, enforced, status, entries: entries.length },
        needsProxy: needsProxy(entries),
      },
    };
  }

  #note({ forced: { identity }, realised }: Computed): void {
    this.#owed.delete(identity);
    if (realised) this.#realised.set(identity, realised);
  }

  #settleLater(needed: ReadonlySet<string>): void {
    if (this.#afterwards || !this.#isMoreThan(needed)) return;
    this.#afterwards = setTimeout(() => {
      this.#afterwards = undefined;
      this.#options.controllers.run('peers', () => this.settle());
    }, AFTERWARDS);
    this.#afterwards.unref();
  }

  /** Ends what no rule needs any more: prefixes first, then the identities that were behind them. */
  settle(): void {
    const { target, identities, hostAddresses } = this.#options;
    const needed = new Set(this.#repository.cidrs());
    const cidrs = new Map<string, Identity>([...identities.cidrs()].filter(([cidr]) => needed.has(cidr)));
    const { remove } = peerChanges(wantedPeers({ hostAddresses: hostAddresses(), cidrs }), this.#peers);
    if (remove.length > 0) target.apply({ policies: [], peers: remove });
    for (const { prefix } of remove) this.#peers.delete(prefix);
    const gone = [...identities.cidrs().keys()].filter((cidr) => !needed.has(cidr));
    for (const cidr of gone) identities.releaseCidr(cidr);
    if (gone.length > 0) this.enforce();
  }

  /** Whether there are identities of CIDRs, or prefixes, that are not needed. */
  #isMoreThan(needed: ReadonlySet<string>): boolean {
    const { hostAddresses, identities } = this.#options;
    if ([...identities.cidrs().keys()].some((cidr) => !needed.has(cidr))) return true;
    const wanted = wantedPeers({ hostAddresses: hostAddresses(), cidrs: identities.cidrs() });
    return [...this.#peers.keys()].some((prefix) => !wanted.has(prefix));
  }
}
