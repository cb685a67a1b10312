/**
 * Tells the thread of flows what the numbers in its records stand for: everything at first, then what has changed. What names are made
 * of is asked for when somebody says that it may have changed, and every second besides; only what differs is told.
 */
import type { EndpointName, FlowPolicy, NameChange } from '@waggle/flows';
import { type CookieOwner, formatLabel, type Identity, ruleName } from '@waggle/policy';
import type { NameSources } from './agent-names.ts';

/** What names are made of. */
export interface FlowNameSources extends Pick<NameSources, 'devices'> {
  readonly endpoints: () => Iterable<{
    readonly id: number;
    readonly name: string;
    readonly identity: number;
    readonly addresses: { readonly ipv4?: string; readonly ipv6?: string };
    readonly device: { readonly interfaceName: string; readonly interfaceIndex: number } | undefined;
  }>;
  readonly identities: () => Iterable<Identity>;
  readonly rules: () => Iterable<readonly [number, CookieOwner]>;
}

/** How often names are compared, whether anybody said so or not, in milliseconds. */
const COMPARE_EVERY = 1000;

type Table = NameChange['table'];

export class NameFeed implements Disposable {
  readonly #sources: FlowNameSources;
  readonly #tell: (changes: NameChange[]) => void;
  /** What was told, by table and key: a text, or the thing itself where that never changes. */
  readonly #told: Readonly<Record<Table, Map<number, unknown>>> = {
    endpoint: new Map(),
    identity: new Map(),
    device: new Map(),
    rule: new Map(),
  };
  readonly #comparing: NodeJS.Timeout;
  #soon: NodeJS.Immediate | undefined;

  constructor(sources: FlowNameSources, tell: (changes: NameChange[]) => void) {
    this.#sources = sources;
    this.#tell = tell;
    this.#comparing = setInterval(() => this.compare(), COMPARE_EVERY).unref();
    this.compare();
  }

  /** Something may have changed: it is told soon, once for all that happens in one go. */
  changed(): void {
    this.#soon ??= setImmediate(() => this.compare());
  }

  /** Tells what has changed. */
  compare(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    const changes = [...this.#endpoints(), ...this.#identities(), ...this.#devices(), ...this.#rules()];
    if (changes.length > 0) this.#tell(changes);
  }

  /** Tells everything, to somebody who knows nothing. */
  tellAgain(): void {
    for (const table of Object.values(this.#told)) table.clear();
    this.compare();
  }

  close(): void {
    clearInterval(this.#comparing);
    clearImmediate(this.#soon);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #endpoints(): NameChange[] {
    const now = new Map<number, readonly [string, EndpointName]>();
    for (const { id, name, identity, addresses, device } of this.#sources.endpoints()) {
      const value: EndpointName = {
        id,
        name,
        identity,
        addresses: [addresses.ipv4, addresses.ipv6].flatMap((address) => address ?? []),
        ...(device && { device: { index: device.interfaceIndex, name: device.interfaceName } }),
      };
      now.set(id, [JSON.stringify(value), value]);
    }
    return this.#differences('endpoint', now).map(([key, value]) => ({ table: 'endpoint', key, value }));
  }

  #identities(): NameChange[] {
    const now = new Map<number, readonly [string, readonly string[]]>();
    for (const { id, labels } of this.#sources.identities()) {
      const value = labels.map(formatLabel);
      now.set(id, [value.join(), value]);
    }
    return this.#differences('identity', now).map(([key, value]) => ({ table: 'identity', key, value }));
  }

  #devices(): NameChange[] {
    const now = new Map<number, readonly [string, string]>();
    for (const { name, index } of this.#sources.devices()) now.set(index, [name, name]);
    return this.#differences('device', now).map(([key, value]) => ({ table: 'device', key, value }));
  }

  #rules(): NameChange[] {
    const now = new Map<number, readonly [CookieOwner, CookieOwner]>();
    for (const [cookie, owner] of this.#sources.rules()) now.set(cookie, [owner, owner]);
    return this.#differences('rule', now).map(([key, owner]) => ({
      table: 'rule',
      key,
      value: owner && { policy: flowPolicy(owner), direction: owner.direction },
    }));
  }

  /** What differs from what was told: the key with what it is now, null where it is no more. */
  #differences<Value>(
    table: Table,
    now: ReadonlyMap<number, readonly [unknown, Value]>,
  ): (readonly [number, Value | null])[] {
    const told = this.#told[table];
    const differences: (readonly [number, Value | null])[] = [];
    for (const [key, [mark, value]] of now) {
      if (told.get(key) === mark) continue;
      told.set(key, mark);
      differences.push([key, value]);
    }
    for (const key of told.keys()) {
      if (now.has(key)) continue;
      told.delete(key);
      differences.push([key, null]);
    }
    return differences;
  }
}

/** A rule, as flows name it; the line is that of the element that decided. */
function flowPolicy({ rule, element: { place } }: CookieOwner): FlowPolicy {
  const { kind, name = ruleName(rule), namespace } = rule.origin;
  return {
    name,
    kind,
    ...(namespace !== undefined && { namespace }),
    labels: rule.labels.map(formatLabel),
    ...(place.file !== undefined && { file: place.file }),
    ...(place.line !== undefined && { line: place.line }),
  };
}
