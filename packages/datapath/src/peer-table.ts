/** Who is behind prefixes that are no endpoints of this host, as user space writes it. */

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

export class PeerTable {
  readonly #ipcache: DatapathMaps['ipcache'];

  constructor({ ipcache }: Pick<DatapathMaps, 'ipcache'>) {
    this.#ipcache = ipcache;
  }

  *list(): Generator<PeerView> {
    for (const [key, { identity }] of this.#ipcache) yield { prefix: prefixText(key), identity };
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

  #put(rows: readonly { readonly key: PeerChange['key']; readonly identity: number | null }[]): void {
    this.#ipcache.deleteAll(rows.flatMap(({ key, identity }) => (identity === null ? [key] : [])));
    try {
      this.#ipcache.setAll(
        rows.flatMap(({ key, identity }) =>
          identity === null ? [] : [[key, { identity, prefixLength: key.prefixLength }] as const],
        ),
      );
    } catch (error) {
      throw fullError(error, 'the map of peers', this.#ipcache.maxEntries, 'maxPeers');
    }
  }

  /** The tree answers with the narrowest prefix around the one that is asked for. */
  #identityOf(key: PeerChange['key']): number | null {
    const found = this.#ipcache.get(key);
    return found?.prefixLength === key.prefixLength ? found.identity : null;
  }
}
