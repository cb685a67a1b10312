/**
 * Who is who where no agent runs: the endpoints of a file under their names, the CIDRs and DNS names that policies speak of, the world
 * and this host. Each gets an identity as an agent would give it, and is found by what a user calls it.
 */
import { nearest, WaggleError } from '@waggle/bpf';
import {
  cidrLabels,
  type EndpointDescription,
  formatLabel,
  type Identity,
  IdentityAllocator,
  KUBERNETES_SOURCE,
  type Label,
  LabelFilter,
  matchesName,
  NAMESPACE_KEY,
  type NamedPort,
  nameLabels,
  narrowestCidr,
  type PolicyRepository,
  parseCidr,
  parseLabel,
  RESERVED_IDENTITIES,
  RESERVED_SOURCE,
  reservedIdentities,
  sortLabels,
} from '@waggle/policy';
import { DEFAULT_NAMESPACE, NameBook } from './name-book.ts';

/** The cast of one command: all identities, and their names. */
export class Cast extends NameBook {
  readonly #allocator = new IdentityAllocator();
  readonly #filter = new LabelFilter();
  readonly #labelsAreIdentities: boolean;
  /** Endpoints by `NAMESPACE/NAME`, `NAME`, and their addresses. */
  readonly #endpoints = new Map<string, Set<number>>();
  readonly #numbers = new Map<string, number>();
  readonly #labelSets: { readonly labels: readonly Label[] }[] = [];
  readonly #cidrs: readonly string[];
  readonly #dnsNames: readonly string[];

  /**
   * @param repositories - Whose rules it is about; each is told of all identities.
   * @param options - `labelsAreIdentities`: endpoints' labels are just those of their identities: nothing is added or left out.
   * @throws {@link WaggleError} EXISTS when the file gives one number to different labels.
   */
  constructor(
    endpoints: readonly EndpointDescription[],
    repositories: readonly PolicyRepository[],
    { labelsAreIdentities = false }: { readonly labelsAreIdentities?: boolean } = {},
  ) {
    super();
    this.#labelsAreIdentities = labelsAreIdentities;
    for (const identity of reservedIdentities()) this.known.set(identity.id, identity);
    for (const endpoint of endpoints.filter(({ identity }) => identity !== undefined)) this.#fix(endpoint);
    for (const endpoint of endpoints) this.#addEndpoint(endpoint);
    this.#cidrs = [...new Set(repositories.flatMap((repository) => repository.cidrs()))];
    this.#dnsNames = [...new Set(repositories.flatMap((repository) => repository.names()))];
    for (const cidr of this.#cidrs) this.#add(cidrLabels(cidr, { worldByFamily: true }), []);
    for (const name of this.#dnsNames) this.#add(nameLabels(name), []);
    for (const repository of repositories) this.#tell(repository);
  }

  /** The identities that endpoints of the file have. */
  endpoints(): Identity[] {
    return this.identities().filter(({ id }) => this.names.has(id));
  }

  /** The labels of each endpoint of the file, as far as they are part of identities. */
  labelSets(): readonly { readonly labels: readonly Label[] }[] {
    return this.#labelSets;
  }

  /**
   * The identity that a user means: an endpoint's name, labels, an address or a CIDR, a DNS name, or `host`, `world`, ….
   *
   * @param text - As `shop/frontend`, `app=web,role=front`, `203.0.113.7`, `api.example.com`.
   * @param repositories - They are told of an identity that had not been there.
   * @throws {@link WaggleError} NOT_FOUND with the nearest name.
   */
  find(text: string, repositories: readonly PolicyRepository[]): number {
    const id = this.#endpoint(text) ?? reservedNumber(text) ?? this.#outside(text) ?? this.#labelled(text);
    if (id === undefined) throw this.#unknown(text);
    this.call(id, text);
    for (const repository of repositories) this.#tell(repository);
    return id;
  }

  /** The CIDRs that rules name within one: their addresses may fare otherwise. */
  cidrsWithin(text: string): string[] {
    const outer = tryCidr(text);
    if (!outer) return [];
    return this.#cidrs.filter(
      (cidr) => narrowestCidr([text], cidr) !== undefined && parseCidr(cidr).prefix > outer.prefix,
    );
  }

  #endpoint(text: string): number | undefined {
    const named = this.#endpoints.get(text);
    return (
      named &&
      only(
        text,
        [...named].map((id) => [id, this.names.get(id) ?? []] as const),
      )
    );
  }

  #outside(text: string): number | undefined {
    const cidr = tryCidr(text);
    if (cidr)
      return this.#add(
        cidrLabels(narrowestCidr(this.#cidrs, text) ?? (cidr.family === 4 ? '0.0.0.0/0' : '::/0'), {
          worldByFamily: true,
        }),
        [],
      );
    if (!/^[-\w]+(\.[-\w]+)+\.?$/.test(text)) return undefined;
    const name = text.toLowerCase().replace(/\.?$/, '.');
    const matching = this.#dnsNames.filter((pattern) => matchesName(pattern, name));
    if (matching.length === 0) return undefined;
    return this.#add(sortLabels(matching.flatMap(nameLabels)), []);
  }

  #labelled(text: string): number | undefined {
    if (!text.includes('=')) return undefined;
    const labels = text.split(',').map((label) => parseLabel(label.trim(), KUBERNETES_SOURCE));
    return this.#add(withNamespace(labels), []);
  }

  #unknown(text: string): WaggleError {
    const known = [...this.#endpoints.keys(), ...Object.keys(RESERVED_IDENTITIES)];
    const meant = nearest(text, known);
    return new WaggleError('NOT_FOUND', `Nobody is called ${JSON.stringify(text)}`, {
      hint:
        meant === undefined
          ? 'Name an endpoint, labels (app=web,role=front), an address, a DNS name of a rule, world or host'
          : `Did you mean ${JSON.stringify(meant)}?`,
    });
  }

  /** Keeps the numbers that the file gives. */
  #fix({ identity: id, place, ...endpoint }: EndpointDescription): void {
    if (id === undefined) return;
    const key = keyOf(this.#labelsOfEndpoint(endpoint));
    const other = [...this.#numbers].find(([known, number]) => (known === key) !== (number === id));
    if (other) {
      throw new WaggleError(
        'EXISTS',
        `${place.file}:${place.line}: identity ${id} does not go with these labels`,
        {
          hint: `Identity ${other[1]} is that of ${other[0]}; equal labels have one identity, others another`,
        },
      );
    }
    this.#numbers.set(key, id);
  }

  #addEndpoint(endpoint: EndpointDescription): void {
    const { name, namespace, addresses, namedPorts } = endpoint;
    const labels = this.#labelsOfEndpoint(endpoint);
    this.#labelSets.push({ labels });
    const id = this.#add(labels, namedPorts);
    const full = `${namespace ?? DEFAULT_NAMESPACE}/${name}`;
    const shown = (namespace ?? DEFAULT_NAMESPACE) === DEFAULT_NAMESPACE ? name : full;
    this.names.set(id, [...(this.names.get(id) ?? []), shown]);
    for (const call of [full, name, ...addresses]) {
      this.#endpoints.set(call, (this.#endpoints.get(call) ?? new Set()).add(id));
    }
  }

  #labelsOfEndpoint({ labels }: Pick<EndpointDescription, 'labels'>): readonly Label[] {
    return this.#labelsAreIdentities
      ? sortLabels(labels)
      : this.#filter.split(withNamespace(labels)).identity;
  }

  /** Adds an identity, or named ports to one that is there. */
  #add(labels: readonly Label[], namedPorts: readonly NamedPort[]): number {
    const id = this.#numbers.get(keyOf(labels)) ?? this.#allocate(labels);
    const known = this.known.get(id);
    if (known && namedPorts.length === 0) return id;
    const all = [...(known?.namedPorts ?? []), ...namedPorts];
    const ports = [...new Map(all.map((port) => [JSON.stringify(port), port])).values()];
    this.known.set(id, {
      id,
      labels: sortLabels(labels),
      ...(ports.length > 0 && { namedPorts: ports }),
    });
    return id;
  }

  #allocate(labels: readonly Label[]): number {
    const given = new Set(this.#numbers.values());
    let { id } = this.#allocator.allocate(labels);
    // A number that the file gives to others stays with a set of labels that nobody has.
    while (given.has(id)) {
      this.#allocator.release(id);
      ({ id } = this.#allocator.allocate(labels));
    }
    return id;
  }

  #tell(repository: PolicyRepository): void {
    for (const identity of this.known.values()) {
      if (repository.identity(identity.id) !== identity) repository.setIdentity(identity);
    }
  }
}

function only(text: string, found: readonly (readonly [number, readonly string[]])[]): number {
  const [first, ...others] = found;
  if (first && others.length === 0) return first[0];
  const names = found.flatMap(([, all]) => all).filter((name) => name === text || name.endsWith(`/${text}`));
  throw new WaggleError('INVALID', `${JSON.stringify(text)} may be any of ${names.join(', ')}`, {
    hint: 'Name it with its namespace: NAMESPACE/NAME',
  });
}

const reservedNumber = (text: string): number | undefined =>
  Object.entries(RESERVED_IDENTITIES).find(([name]) => name === text.replace(/^reserved:/, ''))?.[1];

const keyOf = (labels: readonly Label[]): string => sortLabels(labels).map(formatLabel).join(', ');

/** What Kubernetes labels has a namespace; what has only labels of others, or a reserved one, has none. */
const withNamespace = (labels: readonly Label[]): readonly Label[] =>
  labels.some(({ source, key }) => source === RESERVED_SOURCE || key === NAMESPACE_KEY) ||
  !labels.some(({ source }) => source === KUBERNETES_SOURCE)
    ? labels
    : [...labels, { source: KUBERNETES_SOURCE, key: NAMESPACE_KEY, value: DEFAULT_NAMESPACE }];

function tryCidr(text: string): ReturnType<typeof parseCidr> | undefined {
  try {
    return parseCidr(text);
  } catch {
    return undefined;
  }
}
