/**
 * From a text to rules: YAML with any number of documents, or JSON; policies of Kubernetes, lists of them, and bare rules.
 * A text is taken as a whole or refused as a whole, with everything that is wrong with it.
 */
import { readDocuments } from '../documents/documents.ts';
import { plainValue } from '../documents/node.ts';
import type { Fields, Part } from '../documents/part.ts';
import { Reading } from '../documents/reading.ts';
import { formatCidr } from '../identity/cidr.ts';
import { readMetadata } from './metadata.ts';
import { readNetworkPolicy } from './network-policy.ts';
import { readPrefix } from './prefix.ts';
import type { CidrGroup, Origin, Place, Rule } from './rule.ts';
import { originLabels } from './rule-labels.ts';
import { type RuleContext, readRule } from './rule-reader.ts';
import type { Scope } from './scope.ts';

export interface ParseOptions {
  /** What the text is called in places and messages. */
  readonly file?: string;
  /** The namespace of documents that name none and need one. Default: `default`. */
  readonly namespace?: string;
  /** Whether documents are wanted as values, too. Default: no. */
  readonly values?: boolean;
}

export interface ParsedPolicies {
  readonly rules: Rule[];
  readonly cidrGroups: CidrGroup[];
  /** The same by the documents that they stand in, for those who manage policies by document. */
  readonly documents: PolicyDocument[];
}

/** A resource, or a bare rule. */
export interface PolicyDocument {
  readonly kind: PolicyKind | 'Rule';
  /** What a resource is called; a bare rule has no name. */
  readonly name?: string;
  readonly namespace?: string;
  readonly place: Place;
  readonly rules: readonly Rule[];
  readonly cidrGroup?: CidrGroup;
  /** As it was written, where values were asked for. */
  readonly value?: unknown;
}

/** The kinds of documents, with the versions of their API. */
const API_VERSIONS = {
  CiliumNetworkPolicy: ['cilium.io/v2'],
  CiliumClusterwideNetworkPolicy: ['cilium.io/v2'],
  CiliumCIDRGroup: ['cilium.io/v2', 'cilium.io/v2alpha1'],
  NetworkPolicy: ['networking.k8s.io/v1'],
} as const;
export type PolicyKind = keyof typeof API_VERSIONS;
const KINDS = Object.keys(API_VERSIONS) as PolicyKind[];
const LISTS: readonly string[] = ['List', ...KINDS.map((kind) => `${kind}List`)];

const DOCUMENT_FIELDS = ['kind', 'apiVersion', 'metadata', 'spec', 'status'] as const;
/** The first releases of the language had the description beside the spec. */
const POLICY_FIELDS = [...DOCUMENT_FIELDS, 'specs', 'description'] as const;
type DocumentField = (typeof POLICY_FIELDS)[number];

/** The source of the labels of CIDR groups. */
const CIDR_GROUP_SOURCE = 'cidrgroup';

/**
 * Reads policies.
 *
 * @param text - YAML or JSON: CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy, CiliumCIDRGroup, lists of
 *   them, or bare rules, one or an array.
 * @param options - What the text is called, and the namespace of documents without one.
 * @throws {@link PolicyFileError} with all problems of the text; nothing of it may be used then.
 */
export function parsePolicies(text: string, options: ParseOptions = {}): ParsedPolicies {
  const reading = new Reading(text, options.file);
  const parsed: ParsedPolicies = { rules: [], cidrGroups: [], documents: [] };
  const reader = new DocumentReader(parsed, options);
  for (const document of readDocuments(reading)) reader.document(document);
  reading.finish();
  return parsed;
}

class DocumentReader {
  readonly #parsed: ParsedPolicies;
  readonly #namespace: string;
  readonly #values: boolean;

  constructor(parsed: ParsedPolicies, { namespace = 'default', values = false }: ParseOptions) {
    this.#parsed = parsed;
    this.#namespace = namespace;
    this.#values = values;
  }

  document(part: Part): void {
    const { node } = part;
    if (node.kind === 'list') {
      for (const item of part.items()) this.#bare(item);
    } else if (
      node.kind === 'map' &&
      ['kind', 'apiVersion', 'metadata', 'spec'].some((name) => node.fields.has(name))
    ) {
      this.#resource(part);
    } else {
      this.#bare(part);
    }
  }

  #bare(part: Part): void {
    const { place } = part;
    const origin: Origin = { kind: 'Rule', ...place };
    const rule = readRule(part, { scope: { kind: 'bare' }, origin, labels: [], audit: false });
    this.#add(part, { kind: 'Rule', place, rules: rule ? [rule] : [] });
  }

  /** A document with kind and apiVersion. */
  #resource(part: Part): void {
    const { node } = part;
    const field = node.kind === 'map' ? node.fields.get('kind')?.node : undefined;
    const kind = field?.kind === 'scalar' ? field.value : undefined;
    if (LISTS.some((list) => list === kind)) {
      const fields = part.fields(['kind', 'apiVersion', 'metadata', 'items']);
      for (const item of fields?.need('items')?.items() ?? []) this.#resource(item);
      return;
    }
    const known = KINDS.find((each) => each === kind);
    if (known === undefined) {
      part.refuse(
        kind === undefined ? 'The field "kind" is missing.' : `A ${String(kind)} is no policy.`,
        `Allowed: ${[...KINDS, 'List'].join(', ')}; a rule without kind and metadata is allowed, too.`,
      );
      return;
    }
    const several = known === 'CiliumNetworkPolicy' || known === 'CiliumClusterwideNetworkPolicy';
    const fields = part.fields<DocumentField>(several ? POLICY_FIELDS : DOCUMENT_FIELDS);
    if (fields === undefined) return;
    fields.need('apiVersion')?.oneOf<string>(API_VERSIONS[known]);
    if (known === 'CiliumCIDRGroup') this.#cidrGroup(fields);
    else this.#policy(fields, known);
  }

  #policy(fields: Fields<DocumentField>, kind: Exclude<PolicyKind, 'CiliumCIDRGroup'>): void {
    const metadata = readMetadata(fields);
    const clusterwide = kind === 'CiliumClusterwideNetworkPolicy';
    const namespace = metadata?.namespace ?? this.#namespace;
    const scope: Scope = clusterwide ? { kind: 'clusterwide' } : { kind: 'namespaced', namespace };
    const document = {
      kind,
      ...(metadata && { name: metadata.name, ...(metadata.uid !== undefined && { uid: metadata.uid }) }),
      ...(!clusterwide && { namespace }),
    };
    const labels = originLabels(document);
    const description = fields.get('description')?.text();
    const contextOf = (rule: Part): RuleContext => {
      const origin = { ...document, ...rule.place };
      return { scope, origin, labels, audit: metadata?.audit ?? false, ...(description && { description }) };
    };
    const spec = fields.get('spec');
    const specs = fields.get('specs');
    if (kind === 'NetworkPolicy') {
      const only = fields.need('spec');
      const rule = only && readNetworkPolicy(only, namespace, contextOf(only));
      this.#add(fields.part, { ...document, place: fields.part.place, rules: rule ? [rule] : [] });
      return;
    }
    if (spec === undefined && specs === undefined) {
      fields.part.refuse(
        'The field "spec" is missing.',
        'Needed is spec with one rule, or specs with a list of rules.',
      );
    }
    const written = [...(spec ? [spec] : []), ...(specs?.items() ?? [])];
    const rules = written.flatMap((rule) => readRule(rule, contextOf(rule)) ?? []);
    this.#add(fields.part, { ...document, place: fields.part.place, rules });
  }

  #cidrGroup(fields: Fields<DocumentField>): void {
    const metadata = readMetadata(fields);
    const cidrs = fields.need('spec')?.fields(['externalCIDRs'])?.need('externalCIDRs');
    const texts = cidrs?.list((item) => readPrefix(item, 'allowed')).map(formatCidr);
    if (metadata === undefined || texts === undefined) return;
    const labels = metadata.labels.map(([key, value]) => ({ source: CIDR_GROUP_SOURCE, key, value }));
    const { place } = fields.part;
    const cidrGroup = { name: metadata.name, labels, cidrs: texts, place };
    this.#add(fields.part, { kind: 'CiliumCIDRGroup', name: metadata.name, place, rules: [], cidrGroup });
  }

  #add(part: Part, document: PolicyDocument): void {
    this.#parsed.rules.push(...document.rules);
    if (document.cidrGroup) this.#parsed.cidrGroups.push(document.cidrGroup);
    this.#parsed.documents.push(this.#values ? { ...document, value: plainValue(part.node) } : document);
  }
}
