/**
 * Removing connections whose time is up. The kernel does not need it, it takes the place of the quietest one when the table is
 * full; but lists are shorter, and what is left is what is going on.
 */
import { type Infer, WaggleError } from '@waggle/bpf';
import type { Connection } from './connection.bpf.ts';
import type { Tuple, Tuple4 } from './flow.bpf.ts';

/** A table of connections. */
export interface ConnectionTable<Tuple> extends Iterable<[Tuple, Infer<typeof Connection>]> {
  get(tuple: Tuple): Infer<typeof Connection> | undefined;
  take(tuple: Tuple): Infer<typeof Connection> | undefined;
  set(tuple: Tuple, connection: Infer<typeof Connection>, mode: 'create'): void;
}

/** The tables of both families. */
export interface ConnectionTables {
  readonly connections4: ConnectionTable<Infer<typeof Tuple4>>;
  readonly connections6: ConnectionTable<Infer<typeof Tuple>>;
}

/** How many connections are looked at between two looks at the clock. */
const STRIDE = 256;

/** Goes through tables a little at a time, again and again. */
export class ExpiredConnections {
  readonly #tables: ConnectionTables;
  readonly #clock: () => number;
  #walk: Iterator<number> | undefined;

  /** @param clock the seconds that the kernel's programs go by. */
  constructor(tables: ConnectionTables, clock: () => number) {
    this.#tables = tables;
    this.#clock = clock;
  }

  /**
   * Removes what is found within a time, and goes on there when it is called again.
   * @param milliseconds default: 20.
   * @returns how many were removed, and whether the tables were seen to their end.
   */
  remove(milliseconds = 20): { readonly removed: number; readonly finished: boolean } {
    const end = performance.now() + milliseconds;
    this.#walk ??= this.#removals();
    let removed = 0;
    do {
      const { value, done } = this.#walk.next();
      if (done) {
        this.#walk = undefined;
        return { removed, finished: true };
      }
      removed += value;
    } while (performance.now() < end);
    return { removed, finished: false };
  }

  /** How many of each few connections were removed. */
  *#removals(): Generator<number> {
    yield* removals(this.#tables.connections4, this.#clock);
    yield* removals(this.#tables.connections6, this.#clock);
  }
}

function* removals<Tuple>(table: ConnectionTable<Tuple>, clock: () => number): Generator<number> {
  let [seen, removed] = [0, 0];
  for (const [tuple, { expires }] of table) {
    if (expires <= clock() && removeExpired(table, tuple, clock())) removed++;
    if (++seen % STRIDE !== 0) continue;
    yield removed;
    removed = 0;
  }
  yield removed;
}

/**
 * Removes a connection, unless it has begun anew since it was read. If that happens between the last look and the removal, it
 * is put back: nothing is lost but what a packet might have noted in between.
 */
function removeExpired<Tuple>(table: ConnectionTable<Tuple>, tuple: Tuple, now: number): boolean {
  const again = table.get(tuple);
  if (!again || again.expires > now) return false;
  const taken = table.take(tuple);
  if (!taken || taken.expires <= now) return taken !== undefined;
  try {
    table.set(tuple, taken, 'create');
  } catch (error) {
    // Its next packet was there first.
    if (!(error instanceof WaggleError && error.code === 'EXISTS')) throw error;
  }
  return false;
}
