/**
 * What is in force for one identity, prepared for comparisons: the entries of each peer, a text by which equal ones are known, and
 * the map that answers for one packet.
 */
import type { PolicyEntry } from '../engine/entry.ts';
import { PolicyMap } from '../engine/lookup.ts';
import type { PolicyRepository, ResolvedPolicy } from '../engine/repository.ts';
import { ANY_IDENTITY } from '../identity/identity.ts';
import type { Direction } from '../rules/rule.ts';

/** The entries of one peer in one direction. */
interface PeerEntries {
  readonly entries: PolicyEntry[];
  signature?: string;
}

export class PolicyView {
  readonly repository: PolicyRepository;
  readonly resolved: ResolvedPolicy;
  readonly #map: PolicyMap;
  readonly #peers = { ingress: new Map<number, PeerEntries>(), egress: new Map<number, PeerEntries>() };
  readonly #proxies: Readonly<Record<Direction, string>>;

  constructor(repository: PolicyRepository, id: number) {
    this.repository = repository;
    this.resolved = repository.resolve(id);
    this.#map = new PolicyMap(this.resolved.entries);
    for (const entry of this.resolved.entries) {
      const peers = this.#peers[entry.direction];
      const own = peers.get(entry.identity);
      if (own) own.entries.push(entry);
      else peers.set(entry.identity, { entries: [entry] });
    }
    this.#proxies = { ingress: this.#proxyText('ingress'), egress: this.#proxyText('egress') };
  }

  /** The peers that have entries of their own. */
  peers(direction: Direction): number[] {
    return [...this.#peers[direction].keys()].filter((id) => id !== ANY_IDENTITY);
  }

  /** The entries that can decide about a peer: its own, and those of everybody. */
  entriesFor(direction: Direction, peer: number): PolicyEntry[] {
    const peers = this.#peers[direction];
    return [peer, ANY_IDENTITY].flatMap((id) => peers.get(id)?.entries ?? []);
  }

  lookup(direction: Direction, peer: number, protocol: number, port: number): PolicyEntry | undefined {
    return this.#map.lookup(direction, peer, protocol, port);
  }

  /** Equal where the entries of a peer (0: of everybody) let the same pass, whatever rules made them. */
  signature(direction: Direction, peer: number): string {
    const own = this.#peers[direction].get(peer);
    if (!own) return '';
    own.signature ??= own.entries
      .map(({ protocol, port, portPrefix, action, redirect, audit, authentication }) =>
        [
          protocol,
          port,
          portPrefix,
          action,
          redirect?.parser,
          redirect?.listener,
          audit,
          authentication,
        ].join(),
      )
      .concat(own.entries.some(({ redirect }) => redirect) ? this.#proxies[direction] : '')
      .join(' ');
    return own.signature;
  }

  /** What proxies check, without the numbers that differ from one repository to the next. */
  #proxyText(direction: Direction): string {
    const own = this.resolved.proxies.filter((proxy) => proxy.direction === direction);
    return JSON.stringify(
      own.map(({ rules, ...port }) => [port, rules.map(({ peers, l7 }) => [peers, l7 ?? null])]),
    );
  }
}
