/**
 * The ports of a host that translation may use. They are none that the host gives its own sockets: those are left to it, so that
 * an endpoint's connection and one of the host never look the same from outside.
 */
import { WaggleError } from '@waggle/bpf';
import { readSysctl } from '@waggle/kernel';

/** Ports from the first to the last one. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const LOWEST = 1024;
const HIGHEST = 65_535;
/** Where clusters offer services on every node. */
const NODE_PORTS: PortRange = { first: 30_000, last: 32_767 };
export const LOCAL_PORTS = 'net.ipv4.ip_local_port_range';
export const RESERVED_PORTS = 'net.ipv4.ip_local_reserved_ports';

/**
 * The ports for translation: those asked for, or else the longest row that neither the host nor services of a cluster use. Called
 * in the network namespace of the host.
 * @throws WaggleError OUT_OF_RANGE, CONFLICT
 */
export function translationPorts(wanted?: PortRange): PortRange {
  const local = localPorts();
  if (wanted === undefined) return longestRow((port) => local.has(port) || isIn(NODE_PORTS, port));
  const { first, last } = wanted;
  const isRange = Number.isInteger(first) && Number.isInteger(last) && first >= 1 && first <= last;
  if (!isRange || last > HIGHEST) {
    throw new WaggleError('OUT_OF_RANGE', `${first}-${last} is no range of ports for translation`, {
      hint: 'Both are numbers from 1 to 65535, the lower one first',
    });
  }
  for (let port = first; port <= last; port++) {
    if (!local.has(port)) continue;
    throw new WaggleError(
      'INVALID',
      `the ports ${first}-${last} for translation are in use by the host itself`,
      {
        hint: `The host gives its own sockets port ${port}: change ${LOCAL_PORTS}, or add the ports to ${RESERVED_PORTS}`,
      },
    );
  }
  return wanted;
}

/** Whether the kernel may give a port to a socket that asks for none. Called in the network namespace of the host. */
export const isLocalPort = (port: number): boolean => localPorts().has(port);

/** The ports that the kernel gives to sockets which ask for none. */
function localPorts(): ReadonlySet<number> {
  const [first = 0, last = -1] = readSysctl(LOCAL_PORTS).split(/\s+/).map(Number);
  const ports = new Set<number>();
  for (let port = first; port <= last; port++) ports.add(port);
  for (const part of readSysctl(RESERVED_PORTS).split(',').filter(Boolean)) {
    const [from = 0, to = from] = part.split('-').map(Number);
    for (let port = from; port <= to; port++) ports.delete(port);
  }
  return ports;
}

const isIn = ({ first, last }: PortRange, port: number): boolean => port >= first && port <= last;

function longestRow(isTaken: (port: number) => boolean): PortRange {
  let longest = { first: 0, last: -1 };
  for (let first = LOWEST; first <= HIGHEST; first++) {
    if (isTaken(first)) continue;
    let last = first;
    while (last < HIGHEST && !isTaken(last + 1)) last++;
    if (last - first > longest.last - longest.first) longest = { first, last };
    first = last;
  }
  if (longest.last >= longest.first) return longest;
  throw new WaggleError('INVALID', 'the host leaves no ports for translation', {
    hint: `Narrow ${LOCAL_PORTS}, or put ports for translation in ${RESERVED_PORTS}`,
  });
}
