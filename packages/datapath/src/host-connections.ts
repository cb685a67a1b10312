/**
 * Connections of TCP that the host has already when its firewall begins to look. In the middle of one, a packet does not say who
 * began it, so an answer would be taken for an attempt to connect. The host's sockets know.
 */
import { type Infer, IpProtocol } from '@waggle/bpf';
import { KernelError, type SocketRow, tcpSockets } from '@waggle/kernel';
import { isLower, wordsOf } from './address-words.ts';
import { type Connection, Generation, Lifetime, Seen } from './connection.bpf.ts';
import { NOTHING_KNOWN, setConnection } from './connection-tables.ts';
import type { Tuple } from './flow.bpf.ts';
import type { DatapathMaps } from './layout.ts';
import { monotonicSeconds } from './monotonic.ts';

/** States of TCP: established, and what comes between that and the end. */
const OPEN = new Set([1, 4, 5, 8]);
const LISTENS = 10;

/**
 * Notes who began the connections that the host has, unless that is known. What is allowed is decided with their next packets.
 * Called in the network namespace of the host.
 * @throws KernelError
 */
export function noteHostConnections(
  maps: Pick<DatapathMaps, 'connections4' | 'connections6' | 'generations'>,
): void {
  const sockets = tcpSockets();
  const listening = new Set(sockets.filter(({ state }) => state === LISTENS).map(({ port }) => port));
  const generation = maps.generations.get(Generation.InForce) ?? 0;
  for (const socket of sockets) {
    if (!OPEN.has(socket.state)) continue;
    const { tuple, hostIsLow } = tupleOf(socket);
    const fromLow = hostIsLow !== listening.has(socket.port);
    const connection: Infer<typeof Connection> = {
      ...NOTHING_KNOWN,
      expires: monotonicSeconds() + Lifetime.TcpEstablished,
      // Another one than that in force.
      generation: (generation - 1) >>> 0,
      seen: (fromLow ? Seen.FromLow : 0) | Seen.Reply | Seen.Onward,
      port: fromLow ? tuple.highPort : tuple.lowPort,
    };
    try {
      setConnection(maps, tuple, connection, 'create');
    } catch (error) {
      if (!(error instanceof KernelError && error.code === 'EXISTS')) throw error;
    }
  }
}

function tupleOf({ address, port, remote }: SocketRow): { tuple: Infer<typeof Tuple>; hostIsLow: boolean } {
  const [near, far] = [wordsOf(address), wordsOf(remote.address)];
  const hostIsLow = isLower(near, far);
  const [low, high] = hostIsLow ? [near, far] : [far, near];
  const [lowPort, highPort] = hostIsLow ? [port, remote.port] : [remote.port, port];
  return { tuple: { low, high, lowPort, highPort, protocol: IpProtocol.Tcp }, hostIsLow };
}
