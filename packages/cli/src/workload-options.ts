/** What a workload may be given when it becomes an endpoint: the options that `run` and `endpoint attach` share. */
import { isIP } from 'node:net';
import type { EndpointChangeRequest } from '@waggle/agent/client';
import { WaggleError } from '@waggle/bpf/messages';
import type { Command } from 'commander';
import { collect } from './group.ts';

export interface WorkloadOptions {
  readonly name?: string;
  readonly labels?: readonly string[];
  readonly ip?: readonly string[];
  readonly port?: readonly string[];
  readonly publish?: readonly string[];
}

/** Adds the options to a command. */
export const addWorkloadOptions = (command: Command): Command =>
  command
    .option('-n, --name <name>', 'its name, unique on this host (default: made up by the agent)')
    .option('-l, --labels <labels>', 'its labels, as app=web,role=front; may be given again', collect)
    .option('--ip <address>', 'an address of your choice; may be given again for the other family', collect)
    .option(
      '-p, --port <name>',
      'what policies may call a port, as http=8080/tcp; may be given again',
      collect,
    )
    .option(
      '--publish <port>',
      "a port of the host's devices that leads to one of its own, as 8080:80; may be given again",
      collect,
    );

/**
 * What to ask the agent for.
 * @throws WaggleError MALFORMED for an option that cannot be read.
 */
export function endpointRequest(options: WorkloadOptions): EndpointChangeRequest {
  const { name, labels, ip, port, publish } = options;
  return {
    ...(name !== undefined && { name }),
    labels: (labels ?? []).flatMap((text) => text.split(',')).filter((label) => label !== ''),
    ...(ip !== undefined && { addressing: readAddresses(ip) }),
    ...(port !== undefined && { 'named-ports': port.map(readPort) }),
    ...(publish !== undefined && { 'published-ports': publish.map(readPublished) }),
  };
}

function readAddresses(texts: readonly string[]): NonNullable<EndpointChangeRequest['addressing']> {
  const addresses: { ipv4?: string; ipv6?: string } = {};
  for (const text of texts) {
    const family = isIP(text);
    if (family === 0) throw new WaggleError('MALFORMED', `--ip ${text}: this is no IP address`);
    const key = family === 4 ? 'ipv4' : 'ipv6';
    if (addresses[key] !== undefined) {
      throw new WaggleError('MALFORMED', `--ip ${text}: an endpoint has one address of each family`, {
        hint: `It would have ${addresses[key]}, too`,
      });
    }
    addresses[key] = text;
  }
  return addresses;
}

const PROTOCOLS = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' } as const;

function readPort(text: string): NonNullable<EndpointChangeRequest['named-ports']>[number] {
  const [, name, digits, word = 'tcp'] =
    /^([a-z0-9-]{1,15})=(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const port = Number(digits);
  const protocol = Object.entries(PROTOCOLS).find(([each]) => each === word.toLowerCase())?.[1];
  if (name !== undefined && protocol !== undefined && port >= 1 && port <= 65_535)
    return { name, port, protocol };
  throw new WaggleError('MALFORMED', `--port ${text}: this names no port`, {
    hint: 'Write NAME=NUMBER/PROTOCOL, as http=8080/tcp',
  });
}

const PUBLISHED = /^(?:(\[[^\]]+\]|[^[\]:]+):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/i;

function readPublished(text: string): NonNullable<EndpointChangeRequest['published-ports']>[number] {
  const [, place, ...rest] = PUBLISHED.exec(text) ?? [];
  const [hostPort, port] = rest.slice(0, 2).map(Number);
  if (!isPort(hostPort) || !isPort(port)) throw badPublished(text, 'this says no ports');
  const address = place?.replace(/^\[|\]$/g, '');
  if (address !== undefined && isIP(address) === 0) throw badPublished(text, `${address} is no IP address`);
  return {
    ...(address !== undefined && { address }),
    'host-port': hostPort,
    port,
    protocol: rest[2]?.toLowerCase() === 'udp' ? 'UDP' : 'TCP',
  };
}

const isPort = (port: number | undefined): port is number =>
  port !== undefined && port >= 1 && port <= 65_535;

const badPublished = (text: string, problem: string): WaggleError =>
  new WaggleError('MALFORMED', `--publish ${text}: ${problem}`, {
    hint: 'Write [ADDRESS:]HOSTPORT:PORT[/tcp|udp], as 8080:80, 198.51.100.1:53:53/udp or [2001:db8::1]:443:8443',
  });
