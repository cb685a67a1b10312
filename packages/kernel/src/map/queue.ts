/** Maps without keys: queues and stacks, and the bloom filter, which only answers whether a value may be in it. */
import type { Infer } from '@waggle/bpf';
import { KernelError } from '../errors.ts';
import { MapElement } from '../sys/attributes.ts';
import { Attribute, Command } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { NativeBuffer } from '../sys/memory.ts';
import type { Element } from './element.ts';
import { KernelMap } from './map.ts';

/** The calls that all of them are made of: one value in, or one value out. */
abstract class KeylessMap<V> extends KernelMap {
  readonly #value: Element<V>;
  readonly #buffer: NativeBuffer;
  readonly #attribute: Attribute<Infer<typeof MapElement>>;

  constructor(fd: number, name: string, value: Element<V>) {
    super(fd, name);
    this.#value = value;
    this.#buffer = new NativeBuffer(value.size);
    this.#attribute = new Attribute(MapElement, { value: this.#buffer });
  }

  protected write(command: Command, value: V): number {
    this.#value.write(this.#buffer.view, 0, value);
    return this.#execute(command);
  }

  protected read(command: Command, operation: string): V | undefined {
    const result = this.#execute(command);
    if (result === -errno.ENOENT) return undefined;
    if (result < 0) throw new KernelError(operation, this.object, -result);
    return this.#value.read(this.#buffer.view, 0);
  }

  #execute(command: Command): number {
    this.#attribute.set('map_fd', this.fd);
    return this.#attribute.execute(command);
  }
}

/** A queue (first in, first out) or a stack (last in, first out). */
export class QueueMap<V> extends KeylessMap<V> {
  /** Adds a value. @throws KernelError FULL */
  push(value: V): void {
    const result = this.write(Command.mapUpdate, value);
    if (result < 0) {
      throw new KernelError('push to', this.object, -result, -result === errno.E2BIG ? { code: 'FULL' } : {});
    }
  }

  /** Removes the value whose turn it is, or undefined when there is none. */
  pop(): V | undefined {
    return this.read(Command.mapLookupAndDelete, 'pop from');
  }

  /** The value whose turn it is, left where it is. */
  peek(): V | undefined {
    return this.read(Command.mapLookup, 'peek into');
  }
}

/** A set that may answer "yes" for what was never added, and never "no" for what was. */
export class BloomFilterMap<V> extends KeylessMap<V> {
  add(value: V): void {
    const result = this.write(Command.mapUpdate, value);
    if (result < 0) throw new KernelError('add to', this.object, -result);
  }

  /** False: certainly not in the set. True: probably. */
  mayHave(value: V): boolean {
    const result = this.write(Command.mapLookup, value);
    if (result < 0 && result !== -errno.ENOENT) throw new KernelError('look up in', this.object, -result);
    return result === 0;
  }
}
