/** Ring buffers from user space: records wait, in order, until a program takes them out. */
import { codecOf, type Type, WaggleError } from '@waggle/bpf';
import { Region } from '../memory.ts';
import { roomOf } from './records.ts';
import { VirtualMap } from './virtual-map.ts';

/** What a program is given of a record: a "dynamic pointer", which only helpers can follow. */
export class DynamicPointer extends Region {
  readonly record: Uint8Array;

  constructor(record: Uint8Array) {
    super('a dynamic pointer', new Uint8Array(16), { writable: false });
    this.record = record;
  }
}

/** A ring buffer from user space. `R` is what its declaration says records are. */
export class VirtualUserRing<R = unknown> extends VirtualMap {
  readonly #records: Uint8Array[] = [];
  #used = 0;

  /** Records that no program has taken out yet. */
  get size(): number {
    return this.#records.length;
  }

  /** Sends bytes to the program. @throws WaggleError FULL */
  sendBytes(bytes: Uint8Array): void {
    const room = roomOf(bytes.length);
    if (this.#used + room > this.spec.maxEntries) {
      throw new WaggleError('FULL', `map ${this.name} has no room for ${bytes.length} more bytes`, {
        hint: 'Run a program that drains it',
      });
    }
    this.#used += room;
    this.#records.push(bytes.slice());
  }

  /** Sends a record to the program. @throws WaggleError FULL, or what its codec throws for a value that is none. */
  send(record: R): void {
    const { record: type } = this.spec;
    if (!type) throw this.refusal('send without a declared record; use sendBytes');
    this.sendBytes(codecOf(type as Type<R>).encode(record));
  }

  /** Takes the oldest record out. */
  take(): Uint8Array | undefined {
    const record = this.#records.shift();
    if (record) this.#used -= roomOf(record.length);
    return record;
  }
}
