/**
 * The tables of connections, one of each family, as one: IPv4 has short keys in the kernel, and here all keys have one form.
 */
import type { Infer } from '@waggle/bpf';
import { mappedWords } from './address-words.ts';
import { MAPPED } from './addresses.bpf.ts';
import type { Connection } from './connection.bpf.ts';
import type { Tuple, Tuple4 } from './flow.bpf.ts';
import type { DatapathMaps } from './layout.ts';

type Key = Infer<typeof Tuple>;
type Value = Infer<typeof Connection>;
type Maps = Pick<DatapathMaps, 'connections4' | 'connections6'>;

/** A connection of which nothing is known. */
export const NOTHING_KNOWN: Value = {
  expires: 0,
  generation: 0,
  toLow: 0,
  toHigh: 0,
  lowMac: new Uint8Array(6),
  highMac: new Uint8Array(6),
  seen: 0,
  audit: 0,
  port: 0,
  initiator: 0,
  responder: 0,
  egressCookie: 0,
  ingressCookie: 0,
  toldUp: { at: 0, flags: 0 },
  toldDown: { at: 0, flags: 0 },
};

/** The tables of both families, as far as they can be read. */
export interface ConnectionTables {
  readonly connections4: Iterable<readonly [Infer<typeof Tuple4>, Value]>;
  readonly connections6: Iterable<readonly [Key, Value]>;
}

/** What the tables hold, that of IPv4 first. */
export function* connectionEntries(tables: ConnectionTables): Generator<readonly [Key, Value]> {
  for (const [tuple, connection] of tables.connections4) yield [longKey(tuple), connection];
  yield* tables.connections6;
}

/** A connection, if it is known. */
export const getConnection = (maps: Maps, tuple: Key): Value | undefined =>
  isShort(tuple) ? maps.connections4.get(shortKey(tuple)) : maps.connections6.get(tuple);

/** Writes a connection. @throws KernelError EXISTS, where it is to be created. */
export function setConnection(maps: Maps, tuple: Key, connection: Value, mode?: 'create'): void {
  if (isShort(tuple)) maps.connections4.set(shortKey(tuple), connection, mode);
  else maps.connections6.set(tuple, connection, mode);
}

const isShort = ({ low }: Key): boolean => low[0] === 0 && low[1] === 0 && low[2] === MAPPED;

const shortKey = ({ low, high, ...rest }: Key): Infer<typeof Tuple4> => ({
  ...rest,
  low: low[3] ?? 0,
  high: high[3] ?? 0,
});

const longKey = ({ low, high, ...rest }: Infer<typeof Tuple4>): Key => ({
  ...rest,
  low: mappedWords(low),
  high: mappedWords(high),
});
