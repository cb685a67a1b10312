/**
 * The files by which a workload finds others by name: /etc/resolv.conf and /etc/hosts, made from the host's. What the host reaches
 * on its loopback device, the workload does not: it has a loopback device of its own.
 */

/** What there is on the host. */
export interface HostFiles {
  /** /etc/resolv.conf */
  readonly resolver: string;
  /** What systemd-resolved itself asks: /run/systemd/resolve/resolv.conf, where there is one. */
  readonly upstream?: string;
}

/**
 * The text of a workload's resolv.conf.
 * @param servers - To ask in place of those of the host; none: those of the host.
 */
export function resolverText({ resolver, upstream }: HostFiles, servers: readonly string[]): string {
  const [own, other] = [linesOf(resolver), linesOf(upstream ?? '')];
  const settings = own.filter((line) => serverOf(line) === undefined);
  if (servers.length > 0) return textOf([...settings, ...servers.map((server) => `nameserver ${server}`)]);
  const reachable = own.filter(isReachable);
  return textOf([...settings, ...(reachable.length > 0 ? reachable : other.filter(isReachable))]);
}

/** Whether a resolv.conf names nobody to ask. */
export const asksNobody = (resolver: string): boolean => !linesOf(resolver).some(isReachable);

/** The text of a workload's hosts file: the host's, and the workload's own name. */
export function hostsText(hosts: string, name: string, addresses: readonly string[]): string {
  const isName = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name);
  return textOf([...linesOf(hosts), ...(isName ? addresses.map((address) => `${address} ${name}`) : [])]);
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');
const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

function serverOf(line: string): string | undefined {
  return /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
}

function isReachable(line: string): boolean {
  const server = serverOf(line);
  return server !== undefined && !/^(127\.|::1$|::ffff:127\.)/.test(server);
}
