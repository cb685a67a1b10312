/**
 * The options that say which flows are wanted, by hubble's names. Their order matters, because `--not` turns the next one around: they
 * are noted as they come, and read when the command runs (observe-filter.ts).
 */
import { type Command, Option } from 'commander';

/** An option as it was given. */
export interface GivenFilter {
  /** Without the dashes. */
  readonly name: string;
  readonly value: string;
  readonly not: boolean;
}

/** What can be asked of both ends: `--from-X`, `--to-X`, and `--X` for either. */
const ENDS: readonly (readonly [name: string, value: string, what: string, short?: string])[] = [
  ['ip', 'address', 'an address or prefix'],
  ['name', 'name', 'the name of an endpoint, or how it begins'],
  ['pod', 'name', 'such a name with its namespace, as default/web'],
  ['namespace', 'name', 'a namespace', '-n'],
  ['label', 'selector', 'labels: key=value, reserved:world', '-l'],
  ['identity', 'identity', 'an identity, by its number or reserved name'],
  ['port', 'port', 'a port'],
  ['fqdn', 'name', 'a DNS name; * for any part'],
  ['service', 'name', 'a service, as default/api'],
  ['workload', 'name', 'a workload: name or kind/name'],
  ['cluster', 'name', 'a cluster'],
];

/** What can be asked of a flow, or of what saw it. */
const OTHERS: readonly (readonly [flags: string, what: string])[] = [
  ['--verdict <verdict>', 'FORWARDED, DROPPED, AUDIT, REDIRECTED, ERROR, TRACED, TRANSLATED'],
  ['--drop-reason-desc <reason>', 'why it was dropped, as POLICY_DENIED'],
  ['--drop-reason <reason>', 'the same'],
  ['-t, --type <type>', 'the type of event, TYPE or TYPE:SUBTYPE'],
  ['--protocol <protocol>', 'tcp, udp, sctp, icmp, icmpv4, icmpv6, dns, http, kafka'],
  ['--traffic-direction <direction>', 'ingress or egress'],
  ['--tcp-flags <flags>', 'TCP flags that are set: syn,ack'],
  ['--ip-version <version>', 'v4 or v6'],
  ['--snat-ip <address>', 'the source address after translation'],
  ['--interface <device>', 'the device that saw it'],
  ['--node-name <pattern>', 'the node that saw it; * for any part'],
  ['--node-label <selector>', 'labels of that node'],
  ['--uuid <uuid>', 'one flow'],
  ['--http-status <code>', 'of HTTP: 404, 5+'],
  ['--http-method <method>', 'of HTTP'],
  ['--http-path <pattern>', 'of HTTP, a regular expression'],
  ['--http-url <pattern>', 'of HTTP, a regular expression'],
  ['--http-header <header>', 'of HTTP: name:value'],
  ['--dns-query <pattern>', 'of DNS, a regular expression'],
  ['--trace-id <id>', 'of a distributed trace'],
  ['--ip-trace-id <id>', 'of an option of IP'],
  ['--cel-expression <expression>', 'an expression of CEL, where the server knows it'],
  ['--allowlist <filter>', 'a FlowFilter as JSON'],
  ['--denylist <filter>', 'a FlowFilter as JSON of flows to leave out'],
];

const SWITCHES: readonly (readonly [flags: string, what: string])[] = [
  ['-4, --ipv4', 'IPv4'],
  ['-6, --ipv6', 'IPv6'],
  ['--encrypted', 'encrypted between nodes'],
  ['--unencrypted', 'not encrypted between nodes'],
  ['-A, --all-namespaces', 'either end in any namespace'],
];

/** Adds the options. @param given - Gets what is given, in its order. */
export function addFilterOptions(command: Command, given: GivenFilter[]): void {
  let not = false;
  const add = (flags: string, what: string): void => {
    const option = new Option(flags, what);
    command.addOption(option);
    command.on(`option:${option.name()}`, (value: string | null) => {
      given.push({ name: option.name(), value: value ?? '', not });
      not = false;
    });
  };
  command.option('--not', 'the next option says what to leave out');
  command.on('option:not', () => {
    not = true;
  });
  for (const [name, value, what, short] of ENDS) {
    add(`--from-${name} <${value}>`, `of the source: ${what}`);
    add(`--to-${name} <${value}>`, 'the same, of the destination');
    add(`${short === undefined ? '' : `${short}, `}--${name} <${value}>`, 'the same, of either end');
  }
  for (const [flags, what] of [...OTHERS, ...SWITCHES]) add(flags, what);
}
