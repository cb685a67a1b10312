/** Labels by number. A label has a number and maps as long as it has bindings or sockets, or was declared to stay. */
import { nearest, WaggleError } from '@waggle/bpf';
import { possibleCpus } from '@waggle/kernel';
import { closeLabelMaps, createLabelMaps, labelDirectory } from './label-maps.ts';
import { LabelSockets } from './label-sockets.ts';
import { type Maps, removeTree } from './pins.ts';
import type { LabelNumbers } from './records.ts';
import { MAX_LABELS } from './steer.bpf.ts';
import type { Steering } from './steering.ts';

const NOTHING = { lookups: 0n, hits: 0n, misses: 0n, dropped: 0n, errors: 0n };

export class LabelTable implements LabelNumbers {
  readonly #directory: string;
  readonly #maps: Maps;
  readonly #declared = new Set<number>();
  readonly #byName = new Map<string, number>();
  readonly #byId = new Map<number, string>();
  readonly #reserved: number[] = [];

  constructor({ directory, maps }: Pick<Steering, 'directory' | 'maps'>) {
    this.#directory = directory;
    this.#maps = maps;
    for (const [id, { name, declared }] of maps.labels) {
      if (name === '') continue;
      this.#remember(id, name);
      if (declared !== 0) this.#declared.add(id);
    }
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

  /** Gives all names their numbers, and maps for their sockets. */
  commit(): void {
    for (const id of this.#reserved.splice(0)) {
      const name = this.nameOf(id);
      // What an interrupted command has left.
      removeTree(labelDirectory(this.#directory, name));
      const maps = createLabelMaps(this.#directory, name);
      try {
        this.#maps.sockets.set(id, maps.sockets);
        this.#maps.states.set(id, maps.state);
      } finally {
        closeLabelMaps(maps);
      }
      // Another label may have had the number before.
      this.#maps.counters.set(id, new Array<typeof NOTHING>(possibleCpus()).fill(NOTHING));
      this.#maps.labels.set(id, { name, declared: 0 });
    }
  }

  /** Says whether a label stays without bindings and sockets. */
  declare(name: string, stays: boolean): void {
    const id = this.idOf(name);
    this.#maps.labels.set(id, { name, declared: stays ? 1 : 0 });
    if (stays) this.#declared.add(id);
    else this.#declared.delete(id);
  }

  /** Takes the numbers of all labels away but for some, and those that were declared or have sockets. */
  keep(used: ReadonlySet<number>): void {
    for (const [name, id] of [...this.#byName]) {
      if (used.has(id) || this.#declared.has(id) || this.#hasSockets(name)) continue;
      this.#maps.labels.set(id, { name: '', declared: 0 });
      this.#maps.sockets.delete(id);
      this.#maps.states.delete(id);
      removeTree(labelDirectory(this.#directory, name));
      this.#byName.delete(name);
      this.#byId.delete(id);
    }
  }

  #hasSockets(name: string): boolean {
    using sockets = LabelSockets.open(this.#directory, name);
    return sockets.list().length > 0;
  }
}
