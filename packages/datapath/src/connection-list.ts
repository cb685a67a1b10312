/** Connections, as people want to see them. */
import { type Infer, IpProtocol, ntoh16 } from '@waggle/bpf';
import { addressText } from './address-words.ts';
import { type Connection, Generation, isOver, Seen } from './connection.bpf.ts';
import { connectionEntries } from './connection-tables.ts';
import type { Tuple } from './flow.bpf.ts';
import type { DatapathMaps } from './layout.ts';
import { monotonicSeconds } from './monotonic.ts';

/** How far a connection is. */
export type ConnectionState = 'begun' | 'established' | 'closing' | 'over';

/** A connection. */
export interface ConnectionView {
  /** IANA's number. */
  readonly protocol: number;
  /** Of who began it. For ICMP both ports are the identifier. */
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly sourceIdentity: number;
  readonly destinationIdentity: number;
  readonly state: ConnectionState;
  /** Until it is forgotten, if nothing more comes; below 0 for what is forgotten already. */
  readonly secondsLeft: number;
  /** Of the entries that let it pass, at either end; 0 where none was asked. */
  readonly egressCookie: number;
  readonly ingressCookie: number;
  /** Whether rules in audit mode would have dropped it. */
  readonly audit: boolean;
  /** Whether what holds now was asked; else it is when its next packet comes. */
  readonly current: boolean;
}

type ListedMaps = Pick<DatapathMaps, 'connections4' | 'connections6' | 'generations'>;

/** All connections, or those of one family, in the order of the kernel, those of IPv4 first. */
export function* listConnections(
  { connections4, connections6, generations }: ListedMaps,
  family?: 4 | 6,
): Generator<ConnectionView> {
  const generation = generations.get(Generation.InForce) ?? 0;
  const now = monotonicSeconds();
  const tables = {
    connections4: family === 6 ? [] : connections4,
    connections6: family === 4 ? [] : connections6,
  };
  for (const [tuple, connection] of connectionEntries(tables)) {
    yield connectionView(tuple, connection, generation, now);
  }
}

/**
 * What an entry of the map stands for.
 * @param now seconds since the machine was started.
 */
export function connectionView(
  tuple: Infer<typeof Tuple>,
  connection: Infer<typeof Connection>,
  generation: number,
  now: number,
): ConnectionView {
  const low = { address: addressText(tuple.low), port: ntoh16(tuple.lowPort) };
  const high = { address: addressText(tuple.high), port: ntoh16(tuple.highPort) };
  const [from, to] = (connection.seen & Seen.FromLow) !== 0 ? [low, high] : [high, low];
  return {
    protocol: tuple.protocol,
    source: from.address,
    sourcePort: from.port,
    destination: to.address,
    destinationPort: to.port,
    sourceIdentity: connection.initiator,
    destinationIdentity: connection.responder,
    state: stateOf(connection.seen, tuple.protocol),
    secondsLeft: connection.expires - now,
    egressCookie: connection.egressCookie,
    ingressCookie: connection.ingressCookie,
    audit: connection.audit !== 0,
    current: connection.generation === generation,
  };
}

function stateOf(seen: number, protocol: number): ConnectionState {
  if (protocol === IpProtocol.Tcp) {
    if (isOver(seen)) return 'over';
    if ((seen & (Seen.EndOfLow | Seen.EndOfHigh)) !== 0) return 'closing';
  }
  // What answers a handshake has not completed it.
  const needed = protocol === IpProtocol.Tcp ? Seen.Reply | Seen.Onward : Seen.Reply;
  return (seen & needed) === needed ? 'established' : 'begun';
}
