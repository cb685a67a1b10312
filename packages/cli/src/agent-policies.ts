/**
 * What the running agent enforces, for the policy engine in this process: its policies in a book like its own, its endpoints, and
 * what its numbers are called. What is asked of them changes nothing there.
 */
import type { AgentClient, Endpoint, Identity, PolicyDocuments } from '@waggle/agent/client';
import { PolicyBook } from '@waggle/agent/policies';
import {
  type EndpointDescription,
  type EnforcementMode,
  type NamedPort,
  type PolicyRepository,
  PROTOCOLS,
  parseLabel,
} from '@waggle/policy';
import { NameBook } from './name-book.ts';

/** When to deny what no rule allows. */
export interface PolicyModes {
  readonly enforcement: EnforcementMode;
  readonly allowLocalhost: boolean;
}

/** The agent's policies, and those to whom they apply. */
export interface AgentPolicies {
  readonly modes: PolicyModes;
  readonly endpoints: readonly EndpointDescription[];
  /** Puts the policies into a repository, by way of a book that can then be changed. */
  fill(repository: PolicyRepository): PolicyBook;
}

/** Marks the places of policies that were read from the agent, whose lines nobody knows. */
const UNPLACED = '\0';

/** Reads all of it. */
export async function readAgentPolicies(agent: AgentClient): Promise<AgentPolicies> {
  const [documents, endpoints, { status }] = await Promise.all([
    agent.policyDocuments(),
    agent.endpoints(),
    agent.config(),
  ]);
  return {
    modes: {
      enforcement: status.realized['policy-enforcement'] ?? 'default',
      allowLocalhost: status.immutable['allow-localhost'] === 'true',
    },
    endpoints: endpoints.flatMap(descriptionOf),
    fill: (repository) => bookOf(documents, repository),
  };
}

function bookOf({ documents }: PolicyDocuments, repository: PolicyRepository): PolicyBook {
  const book = new PolicyBook(repository);
  const bySource = new Map<string, unknown[]>();
  for (const { source, namespace, rule } of documents) {
    const file = `${UNPLACED}${source}`;
    bySource.set(file, [...(bySource.get(file) ?? []), inNamespace(rule, namespace)]);
  }
  // A list would be one of bare rules; documents of YAML may be anything.
  const texts = new Map([...bySource].map(([file, rules]) => [file, rules.map(documentOf).join('\n---\n')]));
  const api = `${UNPLACED}api`;
  const applied = texts.get(api);
  texts.delete(api);
  if (applied !== undefined) book.apply(applied, { file: api });
  book.setDirectory(texts);
  return book;
}

const documentOf = (rule: unknown): string => JSON.stringify(rule);

/** A resource with the namespace that it got when it was applied. */
function inNamespace(rule: unknown, namespace: string | undefined): unknown {
  if (namespace === undefined || !isObject(rule) || !isObject(rule.metadata)) return rule;
  return { ...rule, metadata: { ...rule.metadata, namespace } };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An endpoint as a file of endpoints would have it; one without an identity yet is nobody. */
function descriptionOf({ status }: Endpoint): EndpointDescription[] {
  const { identity, networking, waggle } = status;
  if (identity === undefined) return [];
  return [
    {
      name: waggle.name,
      labels: identity.labels.map((label) => parseLabel(label)),
      addresses: networking.addressing.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter(isDefined),
      namedPorts: namedPorts(status.namedPorts),
      identity: identity.id,
      place: { path: '' },
    },
  ];
}

const isDefined = (address: string | undefined): address is string => address !== undefined;

export const namedPorts = (ports: Endpoint['status']['namedPorts']): NamedPort[] =>
  ports.flatMap(({ name, port, protocol }) => {
    const known = PROTOCOLS.find((one) => one === protocol);
    return name === undefined || known === undefined ? [] : [{ name, port, protocol: known }];
  });

/**
 * Plain data that explains something, with places of the agent's policies without lines, which nobody knows; a file of the watched
 * directory stays.
 */
export function withKnownPlaces<T>(explained: T): T {
  return JSON.parse(JSON.stringify(explained), (_, value: unknown) => {
    if (!isObject(value) || typeof value.file !== 'string' || !value.file.startsWith(UNPLACED)) return value;
    const { line: _line, column: _column, file, ...place } = value;
    const source = String(file).slice(UNPLACED.length);
    return source === 'api' ? place : { ...place, file: source };
  });
}

/** One end of a question: what the agent's answer has for it, and what the user called it. */
interface CalledEnd {
  readonly id: number;
  readonly text: string;
  /** Where it was asked about by labels. */
  readonly labels?: readonly string[];
}

/** What the agent's numbers are called. */
export class AgentNames extends NameBook {
  readonly #unused = new Set<number>();

  constructor(endpoints: readonly Endpoint[], identities: readonly Identity[]) {
    super();
    for (const { id, labels } of identities) {
      this.known.set(id, { id, labels: labels.map((label) => parseLabel(label)) });
    }
    for (const { status } of endpoints) {
      if (status.identity === undefined) continue;
      const { id, labels } = status.identity;
      this.known.set(id, { id, labels: labels.map((label) => parseLabel(label)) });
      this.names.set(id, [...(this.names.get(id) ?? []), status.waggle.name]);
    }
  }

  /** Names the two ends of a question as the user did. Labels that nobody has get a number only while they are asked about. */
  callEnds(ends: readonly CalledEnd[]): void {
    for (const { id, text, labels = [] } of ends) {
      if (!this.known.has(id)) {
        this.known.set(id, { id, labels: labels.map((label) => parseLabel(label)) });
        this.#unused.add(id);
      }
      this.call(id, text);
    }
  }

  override numberOf(id: number): string {
    return this.#unused.has(id) ? 'no endpoint has these labels' : super.numberOf(id);
  }
}
