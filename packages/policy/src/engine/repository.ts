/**
 * The policy repository: rules and identities go in, and for each identity comes out what its policy map has to hold. It is
 * kept up to date by small steps: a rule concerns the subjects that it selects and of them the peers that it names; an identity
 * concerns the rules that select it as a peer.
 *
 * What is asked once in a while is resolved from the rules (`resolve`); what has endpoints is tracked, and tells its changes.
 */
import { WaggleError } from '@waggle/bpf';
import type { Identity } from '../identity/identity.ts';
import { type Label, RESERVED_SOURCE } from '../labels/label.ts';
import type { CidrGroup, Direction, Rule } from '../rules/rule.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { EnforcementMode, PolicyEnvironment } from './direction-policy.ts';
import type { PolicyEntry } from './entry.ts';
import { type PeerContext, subjectMatcher } from './peer-matcher.ts';
import { type ProxyPolicy, proxyPolicies } from './proxy-policy.ts';
import { type CookieOwner, RuleBook } from './rule-book.ts';
import { SelectorCache } from './selector-cache.ts';
import { type PolicyChange, type PolicyStatus, type SafeState, SubjectPolicy } from './subject-policy.ts';

/** How policy is meant; each has a default. */
export interface RepositoryOptions {
  /** Default: `default`. */
  readonly enforcement?: EnforcementMode;
  /** Whether this host may always reach its endpoints. Default: no. */
  readonly allowLocalhost?: boolean;
  /** Endpoints of clusters by another name do not belong to the entity `cluster`. Default: all do. */
  readonly clusterName?: string;
  /** How many entries a policy map holds. Default: 16384. */
  readonly capacity?: number;
  /** What is in force when the entries do not fit, or contradict each other. Default: the last good ones. */
  readonly safeState?: SafeState;
}

/** The policy of an identity. */
export interface ResolvedPolicy {
  readonly identity: number;
  /** Of the repository: grows with each change. */
  readonly revision: number;
  /** Whether what no rule allows is denied. */
  readonly enforced: Readonly<Record<Direction, boolean>>;
  readonly status: PolicyStatus;
  /** What is in force, in the order of direction, identity and key. */
  readonly entries: readonly PolicyEntry[];
  /** What proxies have to check, by the rules as they are: it counts where the status is `ok`. */
  readonly proxies: readonly ProxyPolicy[];
}

const DEFAULT_CAPACITY = 16384;

export class PolicyRepository {
  readonly #cache = new SelectorCache();
  readonly #cidrGroups = new Map<string, CidrGroup>();
  readonly #environment: PolicyEnvironment;
  readonly #options: { readonly capacity: number; readonly safeState: SafeState };
  readonly #rules: RuleBook;
  readonly #tracked = new Map<number, SubjectPolicy>();
  #revision = 0;

  constructor(options: RepositoryOptions = {}) {
    const { enforcement = 'default', allowLocalhost = false, clusterName } = options;
    const host = { source: RESERVED_SOURCE, key: 'host', operator: 'exists', values: [] } as const;
    this.#environment = {
      cache: this.#cache,
      context: { clusterName, cidrGroups: this.#cidrGroups },
      mode: enforcement,
      localhost: allowLocalhost
        ? this.#cache.acquire(subjectMatcher('nodes', { requirements: [host] }))
        : undefined,
    };
    this.#rules = new RuleBook(this.#cache, this.#environment.context);
    this.#options = {
      capacity: options.capacity ?? DEFAULT_CAPACITY,
      safeState: options.safeState ?? 'keep-last-good',
    };
  }

  /** Grows with each change of rules or identities. */
  get revision(): number {
    return this.#revision;
  }

  /** The rules, in the order in which they came. */
  rules(): Rule[] {
    return [...this.#rules].map(({ rule }) => rule);
  }

  /**
   * Adds rules, all or none.
   *
   * @throws {@link WaggleError} MALFORMED for a CIDR that is none (rules from parsePolicies() have none such).
   */
  add(rules: readonly Rule[]): void {
    this.#apply(this.#rules.compile(rules), []);
  }

  /**
   * Deletes the rules that have all these labels; without labels, all rules.
   *
   * @returns how many there were.
   */
  delete(labels: readonly Label[]): number {
    return this.replace(labels, []);
  }

  /**
   * Puts rules in the place of those that have all these labels, in one step.
   *
   * @returns how many were deleted.
   */
  replace(labels: readonly Label[], rules: readonly Rule[]): number {
    const old = this.#rules.labelled(labels);
    this.#apply(this.#rules.compile(rules), old);
    return old.length;
  }

  /**
   * Puts rules in the place of others, which are known by being the very ones that were added, in one step.
   *
   * @throws {@link WaggleError} as {@link add} does; nothing has changed then.
   */
  exchange(removed: readonly Rule[], added: readonly Rule[]): void {
    this.#apply(this.#rules.compile(added), this.#rules.of(removed));
  }

  /** Sets what CIDRs a group has; rules that name it follow. */
  setCidrGroup(group: CidrGroup): void {
    this.#cidrGroups.set(group.name, group);
    this.#followCidrGroups();
  }

  /** Removes a group; rules that name it select nobody by it. */
  removeCidrGroup(name: string): void {
    if (this.#cidrGroups.delete(name)) this.#followCidrGroups();
  }

  /**
   * Adds an identity, or puts it in the place of the one with its number.
   *
   * @throws {@link WaggleError} MALFORMED when a `cidr` label holds no CIDR.
   */
  setIdentity(identity: Identity): void {
    const before = this.#cache.identity(identity.id);
    const { known, matched } = before
      ? this.#cache.replaceIdentity(before, identity)
      : this.#cache.addIdentity(identity);
    this.#revision += 1;
    for (const [id, policy] of this.#tracked) {
      policy.setIdentity(known, matched);
      if (id === identity.id) this.#trackAnew(identity.id);
    }
  }

  /** Removes an identity: as a peer from all policies, and its own policy. */
  removeIdentity(id: number): void {
    const known = this.#cache.identity(id);
    if (!known) return;
    this.untrack(id);
    this.#cache.removeIdentity(known);
    this.#revision += 1;
    for (const policy of this.#tracked.values()) policy.removeIdentity(id);
  }

  /** The identities that are known. */
  identities(): Identity[] {
    return [...this.#cache.identities()].map(({ identity }) => identity);
  }

  /** The identity with a number; undefined when there is none. */
  identity(id: number): Identity | undefined {
    return this.#cache.identity(id)?.identity;
  }

  /** What rules' peers depend on beside the rules, for those who explain a verdict. */
  get peerContext(): PeerContext {
    return this.#environment.context;
  }

  /**
   * Keeps the policy of an identity up to date from now on, for {@link takeChanges}.
   *
   * @throws {@link WaggleError} NOT_FOUND for a number that is no identity.
   */
  track(id: number): void {
    if (!this.#tracked.has(id)) this.#tracked.set(id, this.#policyOf(id));
  }

  /** Lets go of an identity's policy. */
  untrack(id: number): void {
    this.#tracked.get(id)?.close();
    this.#tracked.delete(id);
  }

  /** What has to be done to the policy maps of the tracked identities since this was last called. */
  takeChanges(): PolicyChange[] {
    return [...this.#tracked.values()].flatMap((policy) => policy.takeChange() ?? []);
  }

  /**
   * The policy of an identity.
   *
   * @throws {@link WaggleError} NOT_FOUND for a number that is no identity.
   */
  resolve(id: number): ResolvedPolicy {
    const tracked = this.#tracked.get(id);
    const policy = tracked ?? this.#policyOf(id);
    const resolved = {
      identity: id,
      revision: this.#revision,
      enforced: policy.enforced,
      status: policy.status,
      entries: policy.entries(),
      proxies: (['ingress', 'egress'] as const).flatMap((direction) =>
        proxyPolicies(policy.direction(direction), this.#cache),
      ),
    };
    if (!tracked) policy.close();
    return resolved;
  }

  /** What a cookie of an entry stands for; undefined when the rule has been deleted. */
  ruleOf(cookie: number): CookieOwner | undefined {
    return this.#rules.ownerOf(cookie);
  }

  /** All elements of rules, by their cookies. */
  elements(): IterableIterator<[number, CookieOwner]> {
    return this.#rules.elements();
  }

  /** The rules that select an identity as their subject. */
  rulesFor(id: number): Rule[] {
    return this.#rules.selecting(this.#known(id).slot).map(({ rule }) => rule);
  }

  /** The identities that a rule selects as its subjects. */
  subjectsOf(rule: Rule): number[] {
    const compiled = [...this.#rules].find((candidate) => candidate.rule === rule);
    const ids: number[] = [];
    compiled?.subject.slots.forEach((slot) => {
      ids.push(this.#cache.at(slot).identity.id);
    });
    return ids;
  }

  /**
   * The CIDRs that rules name, in `except` too, each once. Each needs an identity of its own, or packets of its addresses
   * would be taken for those of a broader CIDR.
   */
  cidrs(): string[] {
    const cidrs = [...this.#rules.peers()].flatMap((peer) => {
      if (peer.kind === 'cidr') return [peer.cidr, ...peer.except];
      return peer.kind === 'cidrGroup' || peer.kind === 'cidrGroupSelector' ? peer.except : [];
    });
    return [...new Set([...cidrs, ...[...this.#cidrGroups.values()].flatMap((group) => group.cidrs)])].sort();
  }

  /** The names and patterns of names (toFQDNs) whose addresses rules ask for, each once. */
  names(): string[] {
    const names = [...this.#rules.peers()].flatMap((peer) => {
      if (peer.kind !== 'fqdn') return [];
      return 'matchName' in peer ? peer.matchName : peer.matchPattern;
    });
    return [...new Set(names)].sort();
  }

  #known(id: number) {
    const known = this.#cache.identity(id);
    if (known) return known;
    throw new WaggleError('NOT_FOUND', `There is no identity ${id}.`, {
      hint: 'Add it with setIdentity() first.',
    });
  }

  #policyOf(id: number): SubjectPolicy {
    const known = this.#known(id);
    return new SubjectPolicy(known, this.#rules.selecting(known.slot), this.#environment, this.#options);
  }

  #trackAnew(id: number): void {
    const previous = this.#tracked.get(id);
    const next = this.#policyOf(id);
    if (previous) next.replace(previous);
    previous?.close();
    this.#tracked.set(id, next);
  }

  #followCidrGroups(): void {
    const old = this.#rules.usingCidrGroups();
    this.#apply(this.#rules.compileAnew(old), old);
  }

  #apply(added: readonly CompiledRule[], removed: readonly CompiledRule[]): void {
    this.#revision += 1;
    this.#rules.exchange(added, removed);
    for (const policy of this.#tracked.values()) {
      const { slot } = policy.subject;
      const gained = added.filter(({ subject }) => subject.slots.has(slot));
      const lost = removed.filter(({ subject }) => subject.slots.has(slot));
      if (gained.length > 0 || lost.length > 0) policy.updateRules(gained, lost);
    }
    // Only now does nobody use their selectors any more.
    this.#rules.release(removed);
  }
}
