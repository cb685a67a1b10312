/**
 * Maps from keys to values, with the methods of a JavaScript `Map`. One element costs one system call and no allocation
 * beyond the value itself: the argument of the call and its buffers are made once. Whole maps are read and written in
 * batches, which cost a fraction of a call for each element.
 */
import { type Infer, WaggleError } from '@waggle/bpf';
import { KernelError } from '../errors.ts';
import { MapElement } from '../sys/attributes.ts';
import { Attribute, Command } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { NativeBuffer } from '../sys/memory.ts';
import { type Batch, deleteBatch, drainBatches, readBatches, writeBatch } from './batch.ts';
import type { Element } from './element.ts';
import { KernelMap } from './map.ts';

type ElementFields = Infer<typeof MapElement>;

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
const modes = { any: 0, create: 1, replace: 2 } as const;

/** `create` fails when the key exists, `replace` when it does not. */
export type UpdateMode = keyof typeof modes;

/** How the elements of a table look, and how many there can be. */
export interface TableShape<K, In, Out> {
  readonly key: Element<K>;
  readonly value: Element<In, Out>;
  readonly maxEntries: number;
}

/** Elements side by side, as the kernel holds them: for hundreds of thousands, of which none shall be an object. */
export interface PackedElements {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

/** A map from `K` to values, written as `In` and read as `Out` (the same, unless values refer to kernel objects). */
export class TableMap<K, In, Out = In> extends KernelMap implements Iterable<[K, Out]> {
  readonly maxEntries: number;
  readonly #key: Element<K>;
  readonly #value: Element<In, Out>;
  readonly #keyBuffer: NativeBuffer;
  readonly #valueBuffer: NativeBuffer;
  /** One argument for each kind of call; a delete must not have a value, and an update keeps the flags of the last one. */
  readonly #lookup: Attribute<ElementFields>;
  readonly #update: Attribute<ElementFields>;
  readonly #delete: Attribute<ElementFields>;
  #updateMode: UpdateMode = 'any';

  /** Takes the descriptor over. */
  constructor(fd: number, name: string, { key, value, maxEntries }: TableShape<K, In, Out>) {
    super(fd, name);
    this.maxEntries = maxEntries;
    this.#key = key;
    this.#value = value;
    this.#keyBuffer = new NativeBuffer(key.size);
    this.#valueBuffer = new NativeBuffer(value.size);
    const values = { map_fd: fd, key: this.#keyBuffer, value: this.#valueBuffer };
    this.#lookup = new Attribute(MapElement, values);
    this.#update = new Attribute(MapElement, values);
    this.#delete = new Attribute(MapElement, { map_fd: fd, key: this.#keyBuffer });
  }

  /** The value of a key, or undefined when there is none. */
  get(key: K): Out | undefined {
    return this.#read(Command.mapLookup, key, 'look up in');
  }

  has(key: K): boolean {
    this.#key.write(this.#keyBuffer.view, 0, key);
    return this.#found(this.#lookup.execute(Command.mapLookup), 'look up in');
  }

  /** Removes an entry and returns its value (queues since 4.20, hashes since 5.14). */
  take(key: K): Out | undefined {
    return this.#read(Command.mapLookupAndDelete, key, 'take from');
  }

  /**
   * Sets the value of a key.
   * @throws KernelError FULL when the map has no room, EXISTS or NOT_FOUND as `mode` asks.
   */
  set(key: K, value: In, mode: UpdateMode = 'any'): void {
    this.#key.write(this.#keyBuffer.view, 0, key);
    this.#value.write(this.#valueBuffer.view, 0, value);
    this.#setBuffered(mode);
  }

  /**
   * The same on another thread, for a map whose changes the kernel lets wait (one of maps: some 8 ms). Map and value have to stay
   * open until then.
   * @returns whether it is set; {@link set} says why not.
   */
  setAside(key: K, value: In, mode: UpdateMode = 'any'): Promise<boolean> {
    const buffers = { key: new NativeBuffer(this.#key.size), value: new NativeBuffer(this.#value.size) };
    this.#key.write(buffers.key.view, 0, key);
    this.#value.write(buffers.value.view, 0, value);
    const update = new Attribute(MapElement, { map_fd: this.fd, ...buffers, flags: modes[mode] });
    return update.executeAside(Command.mapUpdate);
  }

  /** Sets what the buffers hold. */
  #setBuffered(mode: UpdateMode): void {
    if (mode !== this.#updateMode) {
      this.#update.set('flags', modes[mode]);
      this.#updateMode = mode;
    }
    const result = this.#update.execute(Command.mapUpdate);
    if (result < 0) throw this.#error('set in', -result);
  }

  /** Removes an entry; whether there was one. The entries of an array are there for good: set them to zero instead. */
  delete(key: K): boolean {
    this.#key.write(this.#keyBuffer.view, 0, key);
    return this.#found(this.#delete.execute(Command.mapDelete), 'delete from');
  }

  /**
   * All entries, in the kernel's order. Entries that come or go meanwhile may be in it or not; others are in it once.
   */
  entries(): Generator<[K, Out]> {
    return this.#decode(readBatches(this, this.#sizes()));
  }

  [Symbol.iterator](): Generator<[K, Out]> {
    return this.entries();
  }

  *keys(): Generator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<Out> {
    for (const [, value] of this.entries()) yield value;
  }

  /** All entries, each removed in the step that reads it (hashes, 5.6). */
  drain(): Generator<[K, Out]> {
    return this.#decode(drainBatches(this, this.#sizes()));
  }

  /**
   * Sets many entries in few system calls. All are checked before the first is written.
   * @throws KernelError that says after how many entries the kernel stopped; those are set.
   */
  setAll(entries: Iterable<readonly [K, In]>): void {
    const list = [...entries];
    const keys = this.#pack(
      this.#key,
      list.map(([key]) => key),
    );
    const values = this.#pack(
      this.#value,
      list.map(([, value]) => value),
    );
    const done = writeBatch(this, keys, values, list.length);
    if (!done) for (const [key, value] of list) this.set(key, value);
  }

  /** Removes many entries in few system calls; keys that are not there are passed over. */
  deleteAll(keys: Iterable<K>): void {
    // Read first: removing while the kernel walks the map would make it start over.
    const list = [...keys];
    const buffer = this.#pack(this.#key, list);
    const done = deleteBatch(this, buffer, list.length);
    for (const key of list.slice(done)) this.delete(key);
  }

  /** All entries as bytes, in the kernel's order. */
  readPacked(): PackedElements {
    const [keys, values]: [Uint8Array[], Uint8Array[]] = [[], []];
    for (const batch of readBatches(this, this.#sizes())) {
      // The next batch comes into the same memory.
      keys.push(leading(batch.keys, batch.count * this.#key.size).slice());
      values.push(leading(batch.values, batch.count * this.#value.size).slice());
    }
    return { keys: concatenated(keys), values: concatenated(values) };
  }

  /**
   * Sets entries that are bytes already; nothing but their length is checked.
   * @throws WaggleError WRONG_SIZE; KernelError that says after how many entries the kernel stopped; those are set.
   */
  setPacked({ keys, values }: PackedElements): void {
    const count = this.#countOf(keys);
    if (values.length !== count * this.#value.size) {
      throw new WaggleError(
        'WRONG_SIZE',
        `${this.object}: ${count} keys, and ${values.length} bytes of values`,
        {
          hint: `A value has ${this.#value.size} bytes`,
        },
      );
    }
    const done = writeBatch(this, NativeBuffer.from(keys), NativeBuffer.from(values), count);
    for (let index = 0; !done && index < count; index++) {
      this.#keyBuffer.bytes.set(element(keys, index, this.#key.size));
      this.#valueBuffer.bytes.set(element(values, index, this.#value.size));
      this.#setBuffered('any');
    }
  }

  /** Removes entries whose keys are bytes already; those that are not there are passed over. @throws WaggleError WRONG_SIZE */
  deletePacked(keys: Uint8Array): void {
    const count = this.#countOf(keys);
    for (let index = deleteBatch(this, NativeBuffer.from(keys), count); index < count; index++) {
      this.#keyBuffer.bytes.set(element(keys, index, this.#key.size));
      this.#found(this.#delete.execute(Command.mapDelete), 'delete from');
    }
  }

  /** Removes all entries. */
  clear(): void {
    this.deleteAll(this.keys());
  }

  override close(): void {
    super.close();
    // The number may soon belong to another object; a late call must not reach that one.
    for (const attribute of [this.#lookup, this.#update, this.#delete]) attribute.set('map_fd', -1);
  }

  /** Elements side by side, as a batch wants them. */
  #pack<T>(element: Element<T, unknown>, list: readonly T[]): NativeBuffer {
    const buffer = new NativeBuffer(list.length * element.size);
    for (const [index, each] of list.entries()) element.write(buffer.view, index * element.size, each);
    return buffer;
  }

  #countOf(keys: Uint8Array): number {
    const { size } = this.#key;
    if (keys.length % size === 0) return keys.length / size;
    throw new WaggleError('WRONG_SIZE', `${this.object}: ${keys.length} bytes are no whole number of keys`, {
      hint: `A key has ${size} bytes`,
    });
  }

  #sizes() {
    return { keySize: this.#key.size, valueSize: this.#value.size, maxEntries: this.maxEntries };
  }

  *#decode(batches: Iterable<Batch>): Generator<[K, Out]> {
    const { size: keySize } = this.#key;
    const { size: valueSize } = this.#value;
    for (const { keys, values, count } of batches) {
      for (let index = 0; index < count; index++) {
        yield [this.#key.read(keys, index * keySize), this.#value.read(values, index * valueSize)];
      }
    }
  }

  #read(command: Command, key: K, operation: string): Out | undefined {
    this.#key.write(this.#keyBuffer.view, 0, key);
    const result = this.#lookup.execute(command);
    if (result === 0) return this.#value.read(this.#valueBuffer.view, 0);
    this.#found(result, operation);
    return undefined;
  }

  /** Whether the kernel found the key; any other failure is thrown. */
  #found(result: number, operation: string): boolean {
    if (result === 0) return true;
    if (result === -errno.ENOENT) return false;
    throw this.#error(operation, -result);
  }

  #error(operation: string, number: number): Error {
    // Reading the descriptor of a closed map says so, which is a better answer than EBADF.
    void this.fd;
    if (number === errno.E2BIG) {
      const hint = `It has room for ${this.maxEntries} entries; declare more maxEntries`;
      return new KernelError(operation, this.object, number, { code: 'FULL', hint });
    }
    if (number === errno.EPERM) {
      const hint = 'The map is frozen, or was opened without write access';
      return new KernelError(operation, this.object, number, { hint });
    }
    return new KernelError(operation, this.object, number);
  }
}

const leading = (view: DataView, length: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, length);

/** One after the other. Not a Buffer, whose `slice` shares memory, contrary to that of what callers declare. */
function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

const element = (packed: Uint8Array, index: number, size: number): Uint8Array =>
  packed.subarray(index * size, (index + 1) * size);
