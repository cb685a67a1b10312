/** `waggle policy trace` of the running agent: it answers itself, from the very entries that its kernel has. */
import type { AgentClient, Endpoint, Identity, TraceSelector } from '@waggle/agent/client';
import { nearest, WaggleError } from '@waggle/bpf/messages';
import {
  KUBERNETES_SOURCE,
  matchesName,
  NAMESPACE_KEY,
  PROTOCOL_NUMBERS,
  PROTOCOLS,
  parseCidr,
  RESERVED_IDENTITIES,
  type Trace,
} from '@waggle/policy';
import { AgentNames, namedPorts } from './agent-policies.ts';
import { agentOf, ask } from './ask.ts';
import { type Context, ExitCode } from './context.ts';
import { DEFAULT_NAMESPACE } from './name-book.ts';
import { styleFor } from './output.ts';
import type { TraceOptions } from './policy-actions.ts';
import { parsePort } from './policy-port.ts';
import { traceText } from './policy-trace-text.ts';
import { print } from './print.ts';

type End = TraceSelector['from'];
type TracedPort = NonNullable<TraceSelector['to']['dports']>[number];

/** Whom the agent knows. */
interface People {
  readonly endpoints: readonly Endpoint[];
  readonly identities: readonly Identity[];
}

/** Asks the agent, and prints its answer. */
export async function traceLive(options: TraceOptions, context: Context): Promise<void> {
  const agent = agentOf(options);
  const people = await ask(context, peopleOf(agent));
  const [from, to] = [endOf(options.from, people), endOf(options.to, people)];
  const receiver = people.endpoints.find(({ id }) => id === to.endpoint);
  const dports = [portOf(options.port, receiver)];
  const { traces } = await ask(context, agent.tracePolicy({ from, to: { ...to, dports } }));
  const traced = traces.map((trace) => oneEnd(trace, options.direction)).at(0);
  if (!traced) throw new WaggleError('MALFORMED', 'The agent has not answered the question');
  const names = new AgentNames(people.endpoints, people.identities);
  names.callEnds([
    { ...from, id: traced.from, text: options.from },
    { ...to, id: traced.to, text: options.to },
  ]);
  if (traced.verdict === 'denied') context.exitCode = ExitCode.failure;
  print(options, context, { ...traced, identities: names.table([traced.from, traced.to]) }, () =>
    traceText(traced, options, names, [], styleFor(context.stdout)),
  );
}

async function peopleOf(agent: AgentClient): Promise<People> {
  const [endpoints, identities] = await Promise.all([agent.endpoints(), agent.identities()]);
  return { endpoints, identities };
}

/** Of a trace of both ends, that of one. */
function oneEnd(trace: Trace, direction: TraceOptions['direction']): Trace {
  const only = trace.directions.find((one) => one.direction === direction);
  return only === undefined ? trace : { ...trace, verdict: only.verdict, directions: [only] };
}

/** Whom a user means: an endpoint, somebody reserved, labels, an address, a DNS name. */
function endOf(text: string, { endpoints, identities }: People): End {
  const endpoint = endpoints.find(({ id, status }) => {
    const addresses = status.networking.addressing.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
    return String(id) === text || status.waggle.name === text || addresses.includes(text);
  });
  if (endpoint) return { endpoint: endpoint.id };
  const reserved = Object.entries(RESERVED_IDENTITIES).find(
    ([name]) => name === text.replace(/^reserved:/, ''),
  );
  if (reserved) return { identity: reserved[1] };
  if (text.includes('=')) return labelledEnd(text, identities);
  const address = addressOf(text);
  if (address !== undefined) return { address };
  const named = identities.find(({ labels }) => labels.some((label) => isDnsName(label, text)));
  if (named) return { identity: named.id };
  const known = [...endpoints.map(({ status }) => status.waggle.name), ...Object.keys(RESERVED_IDENTITIES)];
  const meant = nearest(text, known);
  throw new WaggleError('NOT_FOUND', `The agent knows nobody called ${JSON.stringify(text)}`, {
    hint:
      meant === undefined
        ? 'Name an endpoint, labels (app=web,role=front), an address, a DNS name of a rule, world or host'
        : `Did you mean ${JSON.stringify(meant)}?`,
  });
}

/** Labels of Kubernetes are in the namespace `default` unless they say otherwise, as those of endpoints are. */
function labelledEnd(text: string, identities: readonly Identity[]): End {
  const given = text.split(',').map((label) => {
    const trimmed = label.trim();
    return /^[^=]*:/.test(trimmed) ? trimmed : `${KUBERNETES_SOURCE}:${trimmed}`;
  });
  const isNamespaced = given.some((label) => label.startsWith(`${KUBERNETES_SOURCE}:${NAMESPACE_KEY}=`));
  const isKubernetes = given.some((label) => label.startsWith(`${KUBERNETES_SOURCE}:`));
  const labels =
    isKubernetes && !isNamespaced
      ? [...given, `${KUBERNETES_SOURCE}:${NAMESPACE_KEY}=${DEFAULT_NAMESPACE}`]
      : given;
  const sorted = JSON.stringify([...labels].sort());
  const known = identities.find((identity) => JSON.stringify([...identity.labels].sort()) === sorted);
  return known ? { identity: known.id } : { labels };
}

/** An address, or the first one of a CIDR. */
function addressOf(text: string): string | undefined {
  try {
    parseCidr(text);
    return text.replace(/\/\d+$/, '');
  } catch {
    return undefined;
  }
}

function isDnsName(label: string, text: string): boolean {
  const pattern = /^fqdn:(.+)$/.exec(label)?.[1];
  return (
    pattern !== undefined &&
    matchesName(pattern.replace(/\.?$/, '.'), text.toLowerCase().replace(/\.?$/, '.'))
  );
}

function portOf(text: string, receiver: Endpoint | undefined): TracedPort {
  const { protocol, port } = parsePort(text, namedPorts(receiver?.status.namedPorts ?? []));
  const name = PROTOCOLS.find((one) => PROTOCOL_NUMBERS[one] === protocol) ?? 'TCP';
  return { port, protocol: name === 'ICMPv6' ? 'ICMPV6' : name };
}
