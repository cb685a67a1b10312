/** Labels by number. A label has a number as long as it has bindings or sockets. */
import { nearest, WaggleError } from '@waggle/bpf';
import { possibleCpus } from '@waggle/kernel';
import type { Maps } from './pins.ts';
import type { LabelNumbers } from './records.ts';
import { MAX_LABELS } from './steer.bpf.ts';

const NOTHING = { lookups: 0n, hits: 0n, misses: 0n, dropped: 0n, errors: 0n };

export class LabelTable implements LabelNumbers {
  readonly #labels: Maps['labels'];
  readonly #counters: Maps['counters'];
  readonly #byName = new Map<string, number>();
  readonly #byId = new Map<number, string>();
  readonly #reserved: number[] = [];

  constructor({ labels, counters }: Pick<Maps, 'labels' | 'counters'>) {
    this.#labels = labels;
    this.#counters = counters;
    for (const [id, { name }] of labels) if (name !== '') this.#remember(id, name);
  }

  #remember(id: number, name: string): void {
    this.#byName.set(name, id);
    this.#byId.set(id, name);
  }

  get names(): string[] {
    return [...this.#byName.keys()].sort();
  }

  nameOf(id: number): string {
    return this.#byId.get(id) ?? `label ${id}`;
  }

  /** @throws WaggleError NOT_FOUND, with the name that was probably meant. */
  idOf(name: string): number {
    const id = this.#byName.get(name);
    if (id !== undefined) return id;
    const meant = nearest(name, this.names);
    const hint =
      meant === undefined ? 'See waggle steer status for those there are' : `Did you mean "${meant}"?`;
    throw new WaggleError('NOT_FOUND', `there is no label "${name}"`, { hint });
  }

  /** Sets a number aside for a name: nothing is written before {@link LabelTable.commit}. @throws WaggleError FULL */
  reserve(name: string): number {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    let id = 0;
    while (this.#byId.has(id)) id++;
    if (id >= MAX_LABELS) {
      throw new WaggleError('FULL', `there is no room for the label "${name}"`, {
        hint: `${MAX_LABELS} labels have bindings or sockets; remove those of one first`,
      });
    }
    this.#reserved.push(id);
    this.#remember(id, name);
    return id;
  }

  /** Gives all names their numbers. */
  commit(): void {
    for (const id of this.#reserved.splice(0)) {
      // Another label may have had the number before.
      this.#counters.set(id, new Array<typeof NOTHING>(possibleCpus()).fill(NOTHING));
      this.#labels.set(id, { name: this.nameOf(id) });
    }
  }

  /** Takes the numbers of all but some labels away. */
  keep(used: ReadonlySet<number>): void {
    for (const [name, id] of [...this.#byName]) {
      if (used.has(id)) continue;
      this.#labels.set(id, { name: '' });
      this.#byName.delete(name);
      this.#byId.delete(id);
    }
  }
}
