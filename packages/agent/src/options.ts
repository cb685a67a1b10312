/** How an agent runs: what the command line and its configuration file say, checked, with a default for everything. */
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { WaggleError } from '@waggle/bpf';
import * as z from 'zod';

export const DEFAULT_STATE_DIRECTORY = '/var/lib/waggle';
export const DEFAULT_RUN_DIRECTORY = '/run/waggle';
export const DEFAULT_PINS = '/sys/fs/bpf/waggle';
/** `waggle` in hexadecimal is 77 61 67 67 6c 65. */
export const DEFAULT_IPV4_POOL = '10.92.0.0/16';
export const DEFAULT_IPV6_POOL = 'fd77:6167:676c:65::/64';

const cidr = (family: 'ipv4' | 'ipv6') => {
  const prefix = family === 'ipv4' ? z.cidrv4() : z.cidrv6();
  const [name, example] = family === 'ipv4' ? ['IPv4', DEFAULT_IPV4_POOL] : ['IPv6', DEFAULT_IPV6_POOL];
  return z.string().refine((text) => text === 'none' || prefix.safeParse(text).success, {
    error: `is neither an ${name} prefix, as ${example}, nor none`,
  });
};
const anyCidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'is no prefix, as 10.0.0.0/8' });
/** An address and a port: `127.0.0.1:9965`, `[::1]:9965`, `:9965` for all addresses. */
const listening = z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]*):\d{1,5}$/, {
  error: 'is no address with a port, as 127.0.0.1:9965 or :9965',
});
const directory = z
  .string()
  .regex(/^\/[^\0]*$/, { error: 'is no absolute path' })
  .transform((path) => path.replace(/(?<=.)\/+$/, ''));
const switches = z.boolean();

/** The options by their names on the command line; all have defaults. */
export const AgentOptionsSchema = z
  .strictObject({
    /** What this host is called. */
    'node-name': z.string().min(1).max(253).default(hostname),
    'state-dir': directory.default(DEFAULT_STATE_DIRECTORY),
    'run-dir': directory.default(DEFAULT_RUN_DIRECTORY),
    /** Of the API; `agent.sock` in the run directory when absent. */
    socket: directory.optional(),
    /** The group that may use the socket, by number. */
    'socket-group': z.int().min(0).optional(),
    /** A directory of a bpf file system. */
    pins: directory.default(DEFAULT_PINS),
    /** The network namespace that is the host: a name of ip netns, or a path. Absent, and without devices: one of its own. */
    netns: z.string().min(1).optional(),
    /** The host's devices to work on: its ways to the world. */
    device: z.array(z.string().regex(/^[^/\s\0]{1,15}$/, { error: 'is no name of a device' })).default([]),
    /** Whether what is attached to a device that carries the only default route stays without a confirmation. */
    yes: switches.default(false),
    'ipv4-pool': cidr('ipv4').default(DEFAULT_IPV4_POOL),
    'ipv6-pool': cidr('ipv6').default(DEFAULT_IPV6_POOL),
    /** Whether what endpoints send to the world goes under the host's address. */
    masquerade: switches.default(true),
    /** Destinations that endpoints reach under their own addresses. */
    'native-routing-cidr': z.array(anyCidr).default([]),
    'policy-dir': directory.optional(),
    enforcement: z
      .enum(['default', 'always', 'never'], { error: 'is none of default, always, never' })
      .default('default'),
    audit: switches.default(false),
    'allow-localhost': switches.default(false),
    /** Labels of the host itself. */
    'host-label': z.array(z.string().min(1)).default([]),
    /** Which labels make identities: expressions, as LabelFilter takes them. */
    'label-filter': z.array(z.string().min(1)).default([]),
    'max-connections': z.int().min(1024).max(16_777_216).default(262_144),
    /** Which packets that pass are told to those who follow; see `Aggregation` in the datapath. */
    'monitor-aggregation': z
      .enum(['off', 'none', 'low', 'medium', 'maximum'], {
        error: 'is none of off, none, low, medium, maximum',
      })
      .default('medium'),
    /** MiB of memory for the last flows. */
    'flow-memory': z.int().min(1).max(4096).default(64),
    /** Metrics of flows, as `drop:sourceContext=pod`; all, told apart by nothing more, where none is named. */
    'flow-metrics': z.array(z.string().min(1)).default([]),
    /** Where Prometheus asks for metrics; nowhere when absent. */
    metrics: listening.optional(),
    /** Flows are written there, a line of JSON each. */
    'export-file': directory.optional(),
    /** From this size on the file is put aside, in MiB, and how many of these are kept. */
    'export-size': z.int().min(1).max(1_048_576).default(10),
    'export-backups': z.int().min(0).max(1000).default(5),
    /** Which flows: filters of Hubble's API in JSON. */
    'export-allow': z.array(z.string().min(1)).default([]),
    'export-deny': z.array(z.string().min(1)).default([]),
    /** Which of their fields, by path; all when none is named. */
    'export-field': z.array(z.string().min(1)).default([]),
    /** Of Hubble's API; `hubble.sock` beside the other socket when absent, none for no socket. */
    'hubble-socket': z.union([z.literal('none'), directory]).optional(),
    /** Where it listens beside that. */
    'hubble-listen': listening.optional(),
    /** Files of TLS for that: certificate, key, and the authority that clients must have a certificate of. */
    'hubble-tls-cert': directory.optional(),
    'hubble-tls-key': directory.optional(),
    'hubble-tls-client-ca': directory.optional(),
    mtu: z.int().min(1280).max(65_535).default(1500),
    'log-level': z
      .enum(['trace', 'debug', 'info', 'warn', 'error'], {
        error: 'is none of trace, debug, info, warn, error',
      })
      .default('info'),
    'log-format': z.enum(['text', 'json'], { error: 'is neither text nor json' }).default('text'),
    /** State documents to move aside. */
    'discard-state': z.array(z.string()).default([]),
  })
  .refine((options) => options['ipv4-pool'] !== 'none' || options['ipv6-pool'] !== 'none', {
    path: ['ipv4-pool'],
    error: 'must not be none when ipv6-pool is none, too: endpoints need addresses',
  })
  .refine(
    (options) => (options['hubble-tls-cert'] === undefined) === (options['hubble-tls-key'] === undefined),
    {
      path: ['hubble-tls-cert'],
      error: 'and hubble-tls-key need each other',
    },
  )
  .refine(
    (options) => options['hubble-tls-client-ca'] === undefined || options['hubble-tls-cert'] !== undefined,
    {
      path: ['hubble-tls-client-ca'],
      error: 'needs hubble-tls-cert: without TLS no client has a certificate',
    },
  )
  .refine((options) => options['hubble-tls-cert'] === undefined || options['hubble-listen'] !== undefined, {
    path: ['hubble-tls-cert'],
    error: 'needs hubble-listen: on the socket no TLS is spoken',
  });

/** Options as they are given: everything may be left out. */
export type AgentOptionsInput = z.input<typeof AgentOptionsSchema>;
export type AgentOptions = z.output<typeof AgentOptionsSchema>;

/**
 * Checks options.
 * @param where - What to call them in messages: `the command line`, a file.
 * @throws WaggleError MALFORMED that names the first wrong option.
 */
export function parseAgentOptions(input: unknown, where = 'the options'): AgentOptions {
  const checked = AgentOptionsSchema.safeParse(input);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  if (issue?.code === 'unrecognized_keys') {
    throw new WaggleError('UNKNOWN_FIELD', `${where}: there is no option ${issue.keys[0]}.`, {
      hint: `Known: ${Object.keys(AgentOptionsSchema.shape).join(', ')}`,
    });
  }
  throw new WaggleError('MALFORMED', `${where}: ${path} ${issue?.message ?? 'is wrong'}.`);
}

/** The parts of an address with a port, as the options have it. */
export function parseListening(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(text.slice(colon + 1));
  if (port <= 0xffff) return { host: host === '' ? '::' : host, port };
  throw new WaggleError('OUT_OF_RANGE', `${text} has no port`, { hint: 'Ports are numbers up to 65535' });
}

/** Where the API is. */
export const socketOf = (options: Pick<AgentOptions, 'socket' | 'run-dir'>): string =>
  options.socket ?? join(options['run-dir'], 'agent.sock');

/** Where Hubble's API is served, and how; undefined for nowhere. */
export function hubbleOf(options: AgentOptions) {
  const { 'hubble-socket': named, 'hubble-listen': listen, 'socket-group': group } = options;
  const socket = named === 'none' ? undefined : (named ?? join(dirname(socketOf(options)), 'hubble.sock'));
  const at = listen === undefined ? undefined : parseListening(listen);
  if (socket === undefined && at === undefined) return undefined;
  const { 'hubble-tls-cert': cert, 'hubble-tls-key': key, 'hubble-tls-client-ca': ca } = options;
  return {
    ...(socket !== undefined && { socket }),
    ...(group !== undefined && { group }),
    ...(at && { listen: at }),
    ...(cert !== undefined && key !== undefined && { tls: { cert, key, ...(ca !== undefined && { ca }) } }),
  };
}
