/** The policies of a host, as the API asks for them: each change is in force when the call returns. */
import {
  formatSelector,
  type LabelSelector,
  narrowestCidr,
  type PolicyRepository,
  parseLabel,
  RESERVED_IDENTITIES,
  type Rule,
  selects,
  sortLabels,
  type Trace,
  trace,
} from '@waggle/policy';
import type { PolicyApplied, PolicyControl, PolicyEnd, PolicyListing, SelectorView } from '../control.ts';
import { readLabels } from '../endpoints/endpoint-labels.ts';
import type { EndpointTable } from '../endpoints/endpoint-table.ts';
import type { IdentityTable } from '../identities/identity-table.ts';
import type { Enforcer } from './enforcer.ts';
import type { ApplyOptions, PolicyBook } from './policy-book.ts';

export interface PoliciesOptions {
  readonly repository: () => PolicyRepository;
  readonly book: PolicyBook;
  readonly enforcer: Enforcer;
  readonly identities: IdentityTable;
  readonly endpoints: EndpointTable;
  /** The prefix of a peer that an address lies in, and its identity. */
  readonly peerOf: (address: string) => number | undefined;
  readonly onChange: (what: 'updated' | 'deleted', applied: PolicyApplied) => void;
}

/** Stands for labels that nobody has, while a trace asks for them. */
const PROVISIONAL = 0xffff_fffe;

export class Policies implements PolicyControl {
  readonly #options: PoliciesOptions;

  constructor(options: PoliciesOptions) {
    this.#options = options;
  }

  get revision(): number {
    return this.#options.repository().revision;
  }

  list(labels: readonly string[] = []): PolicyListing {
    const wanted = labels.map((label) => parseLabel(label));
    return {
      revision: this.revision,
      rules: this.#options.book.list(wanted, (rule) => this.#endpointsOf(rule)),
    };
  }

  apply(text: string, options: ApplyOptions = {}): PolicyApplied {
    return this.#enforced('updated', this.#options.book.apply(text, options));
  }

  /** The files of the watched directory, as they are now. */
  setDirectory(files: ReadonlyMap<string, string>): PolicyApplied {
    return this.#enforced('updated', this.#options.book.setDirectory(files));
  }

  delete(labels: readonly string[]): PolicyApplied {
    return this.#enforced(
      'deleted',
      this.#options.book.deleteLabelled(labels.map((label) => parseLabel(label))),
    );
  }

  deleteNamed(resource: {
    readonly kind?: string;
    readonly namespace?: string;
    readonly name: string;
  }): PolicyApplied {
    return this.#enforced('deleted', this.#options.book.deleteNamed(resource));
  }

  trace(request: {
    readonly from: PolicyEnd;
    readonly to: PolicyEnd;
    readonly protocol: number;
    readonly port: number;
  }): Trace {
    const repository = this.#options.repository();
    const provisional: number[] = [];
    try {
      const [from, to] = [request.from, request.to].map((end, index) => {
        if (!('labels' in end)) return this.#identityOf(end);
        const labels = sortLabels(readLabels(end.labels));
        const texts = JSON.stringify(labels);
        const known = repository
          .identities()
          .find((identity) => JSON.stringify(sortLabels([...identity.labels])) === texts);
        if (known) return known.id;
        const id = PROVISIONAL - index;
        repository.setIdentity({ id, labels });
        provisional.push(id);
        return id;
      });
      const { protocol, port } = request;
      return trace(repository, { from: from ?? 0, to: to ?? 0, protocol, port });
    } finally {
      for (const id of provisional) repository.removeIdentity(id);
      // What came and went is no change for those who are kept.
      if (provisional.length > 0) this.#options.enforcer.enforce();
    }
  }

  selectors(): SelectorView[] {
    const found = new Map<string, { selector: LabelSelector; users: number }>();
    for (const rule of this.#options.repository().rules()) {
      for (const selector of selectorsOf(rule)) {
        const text = formatSelector(selector);
        const known = found.get(text) ?? { selector, users: 0 };
        known.users += 1;
        found.set(text, known);
      }
    }
    const identities = this.#options.repository().identities();
    return [...found].map(([text, { selector, users }]) => ({
      selector: text,
      users,
      identities: identities.filter(({ labels }) => selects(selector, labels)).map(({ id }) => id),
    }));
  }

  #enforced(what: 'updated' | 'deleted', counts: Omit<PolicyApplied, 'revision'>): PolicyApplied {
    this.#options.enforcer.enforce();
    const applied = { revision: this.revision, ...counts };
    this.#options.onChange(what, applied);
    return applied;
  }

  #endpointsOf(rule: Rule): number {
    return this.#options
      .repository()
      .subjectsOf(rule)
      .reduce((sum, id) => sum + this.#options.identities.endpointsOf(id).length, 0);
  }

  #identityOf(end: Exclude<PolicyEnd, { readonly labels: readonly string[] }>): number {
    const { endpoints, identities, peerOf } = this.#options;
    if ('endpoint' in end) return endpoints.get({ id: end.endpoint }).identity;
    if ('identity' in end) return identities.get(end.identity).id;
    const { address } = end;
    const endpoint = endpoints.find({ address });
    if (endpoint) return endpoint.identity;
    const peer = peerOf(address);
    if (peer !== undefined) return peer;
    return RESERVED_IDENTITIES[address.includes(':') ? 'world-ipv6' : 'world-ipv4'];
  }
}

/** The selectors that a rule has: of its subject, and of its peers. */
function selectorsOf(rule: Rule): LabelSelector[] {
  const elements = [...(rule.ingress?.elements ?? []), ...(rule.egress?.elements ?? [])];
  const peers = elements.flatMap(({ peers = [] }) =>
    peers.flatMap((peer) => (peer.kind === 'endpoints' ? [peer.selector] : [])),
  );
  return [rule.subject.selector, ...peers];
}

/** The identity of the narrowest prefix around an address. */
export function peerOf(peers: ReadonlyMap<string, number>, address: string): number | undefined {
  const lengthOf = (prefix: string): number => Number(prefix.split('/')[1]);
  const [narrowest] = [...peers]
    .filter(([prefix]) => narrowestCidr([prefix], address) !== undefined)
    .sort(([a], [b]) => lengthOf(b) - lengthOf(a));
  return narrowest?.[1];
}
