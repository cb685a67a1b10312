/** Which ports of a host can be published: those that none of its own sockets has, or may be given. */
import { WaggleError } from '@waggle/bpf';
import { formatAddress, type SocketRow, tcpSockets, udpSockets } from '@waggle/kernel';
import { type PublishedPort, publishedPortText } from './published-ports.ts';
import { isLocalPort, LOCAL_PORTS, RESERVED_PORTS } from './source-ports.ts';

/** The state of sockets of TCP that wait for connections. */
const LISTENS = 10;

/**
 * Says whether the host leaves a port to those who want to publish it. Called in the network namespace of the host.
 * @param addresses - Where it is to be published.
 * @throws WaggleError INVALID for a port that the host may give any of its sockets; EXISTS for one where a socket of it waits.
 */
export function checkHostPort(port: PublishedPort, addresses: readonly string[]): void {
  const text = publishedPortText(port);
  if (isLocalPort(port.hostPort)) {
    throw new WaggleError(
      'INVALID',
      `${text} cannot be published: the host gives its own sockets such ports`,
      {
        hint: `Choose a port outside of ${LOCAL_PORTS}, or add it to ${RESERVED_PORTS}`,
      },
    );
  }
  const sockets =
    port.protocol === 'TCP' ? tcpSockets().filter(({ state }) => state === LISTENS) : udpSockets();
  if (!sockets.some((socket) => socket.port === port.hostPort && isReachedAt(socket, addresses))) return;
  throw new WaggleError('EXISTS', `${text} cannot be published: a program of the host serves there`, {
    hint: `Stop it (ss -lnp sport = :${port.hostPort} shows it), or choose another port`,
  });
}

/** Whether what comes to one of these addresses is for a socket. */
function isReachedAt({ address }: SocketRow, addresses: readonly string[]): boolean {
  const { bytes } = address;
  if (bytes.every((byte) => byte === 0)) return true;
  const isMapped = bytes.length === 16 && formatAddress(bytes).startsWith('::ffff:');
  return addresses.includes(formatAddress(isMapped ? bytes.subarray(12) : bytes));
}
