/** Targets as the program finds them, written side by side for the map. */
import { codecOf } from '@waggle/bpf';
import type { PackedElements } from '@waggle/kernel';
import type { BindingList } from './binding-list.ts';
import { Target, TargetKey } from './steer.bpf.ts';

const keyCodec = codecOf(TargetKey);
const valueCodec = codecOf(Target);

export class TargetWriter {
  readonly #list: BindingList;
  readonly #generation: number;
  readonly #lookups: Map<number, bigint>;
  #count = 0;
  #keys: DataView<ArrayBuffer>;
  #values: DataView<ArrayBuffer>;

  /** @param lookups what bindings have counted before, by row. */
  constructor(list: BindingList, generation: number, lookups: ReadonlyMap<number, bigint> = new Map()) {
    this.#list = list;
    this.#generation = generation;
    this.#lookups = new Map(lookups);
    this.#keys = new DataView(new ArrayBuffer(list.length * keyCodec.size));
    this.#values = new DataView(new ArrayBuffer(list.length * valueCodec.size));
  }

  /** Writes the target of a block of ports, which the binding in `row` owns. */
  readonly write = (row: number, port: number, length: number): void => {
    const list = this.#list;
    const index = this.#count++;
    if (this.#keys.byteLength < this.#count * keyCodec.size) this.#grow();
    keyCodec.write(this.#keys, index * keyCodec.size, {
      address: [
        list.addressOf(row, 0),
        list.addressOf(row, 1),
        list.addressOf(row, 2),
        list.addressOf(row, 3),
      ],
      port,
      kind: list.kindOf(row),
      generation: this.#generation,
      prefixLength: list.prefixLengthOf(row),
      portLength: length,
    });
    valueCodec.write(this.#values, index * valueCodec.size, {
      binding: list.idOf(row),
      label: list.labelOf(row),
      missing: list.missingOf(row),
      fallback: list.fallbackOf(row),
      lookups: this.#lookups.get(row) ?? 0n,
    });
    // What a binding has counted goes to its first target.
    this.#lookups.delete(row);
  };

  packed(): PackedElements {
    return {
      keys: new Uint8Array(this.#keys.buffer, 0, this.#count * keyCodec.size),
      values: new Uint8Array(this.#values.buffer, 0, this.#count * valueCodec.size),
    };
  }

  #grow(): void {
    const larger = ({ buffer, byteLength }: DataView<ArrayBuffer>, size: number): DataView<ArrayBuffer> => {
      const bytes = new Uint8Array(2 * byteLength + size);
      bytes.set(new Uint8Array(buffer));
      return new DataView(bytes.buffer);
    };
    this.#keys = larger(this.#keys, keyCodec.size);
    this.#values = larger(this.#values, valueCodec.size);
  }
}

/** The targets that are new in `wanted`, or have another owner there. */
export function changedTargets(old: PackedElements, wanted: PackedElements): PackedElements {
  const owners = new Map(ownersOf(old));
  const changed = ownersOf(wanted).flatMap(([key, owner], index) =>
    owners.get(key) === owner ? [] : [index],
  );
  const pick = (bytes: Uint8Array, size: number): Uint8Array =>
    Buffer.concat(changed.map((index) => bytes.subarray(index * size, (index + 1) * size)));
  return { keys: pick(wanted.keys, keyCodec.size), values: pick(wanted.values, valueCodec.size) };
}

/** The keys of targets that are not in `wanted`. */
export function goneTargets(old: PackedElements, wanted: PackedElements): Uint8Array {
  const kept = new Set(ownersOf(wanted).map(([key]) => key));
  const gone = ownersOf(old).filter(([key]) => !kept.has(key));
  return Buffer.concat(gone.map(([key]) => Buffer.from(key, 'latin1')));
}

/** Each key, as a text of its bytes, with the number of its binding. */
function ownersOf({ keys, values }: PackedElements): [string, number][] {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const text = Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength).toString('latin1');
  return Array.from({ length: keys.length / keyCodec.size }, (_, index) => [
    text.slice(index * keyCodec.size, (index + 1) * keyCodec.size),
    valueCodec.read(view, index * valueCodec.size).binding,
  ]);
}
