/** What identities are called, so that people need not know numbers: by endpoints, by CIDRs and DNS names, or by labels. */
import { WaggleError } from '@waggle/bpf';
import { formatLabel, type Identity, NAMESPACE_KEY, outsideName, RESERVED_SOURCE } from '@waggle/policy';

/** The namespace of endpoints that name none, as of policies that name none. */
export const DEFAULT_NAMESPACE = 'default';

/** Identities with the names that users have for them. */
export class NameBook {
  protected readonly known = new Map<number, Identity>();
  /** Of endpoints. */
  protected readonly names = new Map<number, string[]>();
  /** What the user called identities that are asked about. */
  protected readonly called = new Map<number, string>();

  identities(): Identity[] {
    return [...this.known.values()].sort((a, b) => a.id - b.id);
  }

  identity(id: number): Identity {
    const identity = this.known.get(id);
    if (identity) return identity;
    throw new WaggleError('NOT_FOUND', `There is no identity ${id}`);
  }

  /** Identities as programs get them: names and labels by number. */
  table(ids: readonly number[]): Record<number, { name: string; labels: string[] }> {
    const unique = [...new Set(ids)].sort((a, b) => a - b);
    return Object.fromEntries(
      unique.map((id) => [id, { name: this.nameOf(id), labels: this.identity(id).labels.map(formatLabel) }]),
    );
  }

  /** What an identity is called: its endpoints, its CIDR or DNS name, or its labels. */
  nameOf(id: number): string {
    const called = this.called.get(id);
    if (called !== undefined) return called;
    const names = this.names.get(id);
    if (names) return listed(names, SHOWN.asOne);
    const { labels } = this.identity(id);
    const outside = outsideName(this.identity(id));
    if (outside !== undefined) return outside;
    const reserved = labels.find(({ source }) => source === RESERVED_SOURCE);
    return reserved ? reserved.key : this.labelsOf(id);
  }

  /** Its labels for people: without the source that most have, and without the namespace where its names tell it. */
  labelsOf(id: number): string {
    const told = this.names.has(id);
    return this.identity(id)
      .labels.filter(({ key, value }) => key !== NAMESPACE_KEY || !(told || value === DEFAULT_NAMESPACE))
      .map((label) => formatLabel(label).replace(/^k8s:/, ''))
      .join(', ');
  }

  /** How people find an identity's number: it tells which one is meant where labels do not. */
  numberOf(id: number): string {
    return `identity ${id}`;
  }

  /** Names an identity as the user did; two ends with one identity are called by all of its names. */
  protected call(id: number, text: string): void {
    if (this.called.has(id)) this.called.delete(id);
    else if (!text.includes('=')) this.called.set(id, text);
  }
}

/** How many names a list shows, where it is one name itself, and elsewhere. */
const SHOWN = { asOne: 2, most: 8 } as const;

/** Names in a list that ends where it would become long. */
export const listed = (names: readonly string[], most: number = SHOWN.most): string =>
  // One more takes no more room than to say that there is one more.
  names.length <= most + 1
    ? names.join(', ')
    : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
