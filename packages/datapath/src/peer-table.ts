/**
 * Who is behind prefixes that are no endpoints of this host, as user space writes it. Prefixes of one address have a map of
 * their own.
 */

import { prefixKey, prefixText } from './address-words.ts';
import type { DatapathMaps } from './layout.ts';
import { fullError } from './layout.ts';

/** A prefix and the identity behind it. */
export interface PeerView {
  readonly prefix: string;
  readonly identity: number;
}

/** What shall be known of a prefix; null for nothing. */
export interface PeerUpdate {
  readonly prefix: string;
  readonly identity: number | null;
}

/** A change of one prefix. */
export interface PeerChange {
  readonly key: ReturnType<typeof prefixKey>;
  readonly before: number | null;
  readonly after: number | null;
}

/** Which of them: single addresses, or prefixes of more. */
export type PeerKind = 'hosts' | 'networks';

type Row = { readonly key: PeerChange['key']; readonly identity: number | null };

/** A prefix of so many bits is one address. */
export const HOST_BITS = 128;
const isHost = ({ key }: Pick<Row, 'key'>): boolean => key.prefixLength === HOST_BITS;

export class PeerTable {
  readonly #networks: DatapathMaps['ipcache'];
  readonly #hosts: DatapathMaps['ipcacheHosts'];

  constructor({ ipcache, ipcacheHosts }: Pick<DatapathMaps, 'ipcache' | 'ipcacheHosts'>) {
    this.#networks = ipcache;
    this.#hosts = ipcacheHosts;
  }

  /** @param kind - Of one kind only. */
  *list(kind?: PeerKind): Generator<PeerView> {
    if (kind !== 'hosts') {
      for (const [key, { identity }] of this.#networks) yield { prefix: prefixText(key), identity };
    }
    if (kind === 'networks') return;
    for (const [{ words }, identity] of this.#hosts) {
      yield { prefix: prefixText({ prefixLength: HOST_BITS, address: words }), identity };
    }
  }

  /**
   * What has to be done so that prefixes are as they shall be; of two updates of a prefix the last one counts.
   * @throws WaggleError MALFORMED
   */
  plan(updates: Iterable<PeerUpdate>): PeerChange[] {
    const changes = new Map<string, PeerChange>();
    for (const { prefix, identity } of updates) {
      const key = prefixKey(prefix);
      changes.set(prefixText(key), { key, before: this.#identityOf(key), after: identity });
    }
    return [...changes.values()].filter(({ before, after }) => before !== after);
  }

  /** @throws WaggleError FULL; some of the changes may have been made then. */
  write(changes: readonly PeerChange[]): void {
    this.#put(changes.map(({ key, after }) => ({ key, identity: after })));
  }

  /** Makes it as it was before changes, of which any number were made. */
  undo(changes: readonly PeerChange[]): void {
    this.#put(changes.map(({ key, before }) => ({ key, identity: before })));
  }

  #put(rows: readonly Row[]): void {
    const gone = rows.filter(({ identity }) => identity === null);
    this.#networks.deleteAll(gone.filter((row) => !isHost(row)).map(({ key }) => key));
    this.#hosts.deleteAll(gone.filter(isHost).map(({ key }) => ({ words: key.address })));
    const there = rows.flatMap(({ key, identity }) => (identity === null ? [] : [{ key, identity }]));
    try {
      this.#networks.setAll(
        there
          .filter((row) => !isHost(row))
          .map(({ key, identity }) => [key, { identity, prefixLength: key.prefixLength }]),
      );
      this.#hosts.setAll(there.filter(isHost).map(({ key, identity }) => [{ words: key.address }, identity]));
    } catch (error) {
      throw fullError(error, 'the map of peers', this.#hosts.maxEntries, 'maxPeers');
    }
  }

  #identityOf(key: PeerChange['key']): number | null {
    if (isHost({ key })) return this.#hosts.get({ words: key.address }) ?? null;
    // The tree answers with the narrowest prefix around the one that is asked for.
    const found = this.#networks.get(key);
    return found?.prefixLength === key.prefixLength ? found.identity : null;
  }
}
