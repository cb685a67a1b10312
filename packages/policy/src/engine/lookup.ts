/** The kernel's probes, over entries as they stand in a policy map. See entry.ts for their order. */
import { ANY_IDENTITY } from '../identity/identity.ts';
import type { Direction } from '../rules/rule.ts';
import type { PolicyEntry } from './entry.ts';
import { ANY_L4, type L4Key, l4Key } from './l4-key.ts';
import { L4Map } from './l4-map.ts';

/** One step of a look-up: what was looked for, and what was there. */
export interface Probe {
  readonly step: 'L3+L4' | 'L4' | 'L3' | 'any';
  readonly identity: number;
  readonly found?: PolicyEntry;
}

/** The entries of one endpoint, as a map. */
export class PolicyMap {
  readonly #byIdentity = {
    ingress: new Map<number, L4Map<PolicyEntry>>(),
    egress: new Map<number, L4Map<PolicyEntry>>(),
  };

  constructor(entries: Iterable<PolicyEntry>) {
    for (const entry of entries) {
      const byIdentity = this.#byIdentity[entry.direction];
      let map = byIdentity.get(entry.identity);
      if (!map) {
        map = new L4Map();
        byIdentity.set(entry.identity, map);
      }
      map.set(keyOf(entry), entry);
    }
  }

  /**
   * The probes for a packet, until one finds something.
   *
   * @param protocol - IANA's number.
   * @param port - In host byte order; the type for ICMP, 0 for protocols without ports.
   */
  probes(direction: Direction, peer: number, protocol: number, port: number): Probe[] {
    const byIdentity = this.#byIdentity[direction];
    const own = byIdentity.get(peer);
    const all = byIdentity.get(ANY_IDENTITY);
    const key = l4Key(protocol, port, 16);
    const steps = [
      { step: 'L3+L4', identity: peer, find: () => own?.narrowest(key) },
      { step: 'L4', identity: ANY_IDENTITY, find: () => all?.narrowest(key) },
      { step: 'L3', identity: peer, find: () => own?.any },
      { step: 'any', identity: ANY_IDENTITY, find: () => all?.any },
    ] as const;
    const probes: Probe[] = [];
    for (const { step, identity, find } of steps) {
      const found = find();
      probes.push({ step, identity, ...(found && { found }) });
      if (found) break;
    }
    return probes;
  }

  /** What the kernel finds for a packet; nothing: the packet is dropped. */
  lookup(direction: Direction, peer: number, protocol: number, port: number): PolicyEntry | undefined {
    return this.probes(direction, peer, protocol, port).at(-1)?.found;
  }
}

/** What the kernel finds for a packet among these entries; see {@link PolicyMap} for many packets. */
export const lookup = (
  entries: readonly PolicyEntry[],
  direction: Direction,
  peer: number,
  protocol: number,
  port: number,
): PolicyEntry | undefined => new PolicyMap(entries).lookup(direction, peer, protocol, port);

const keyOf = ({ protocol, port, portPrefix }: PolicyEntry): L4Key =>
  protocol === 0 ? ANY_L4 : l4Key(protocol, port, portPrefix);
