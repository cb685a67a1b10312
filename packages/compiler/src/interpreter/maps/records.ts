/**
 * Ring buffers and perf event arrays: what programs send through them is collected, in order, until it is drained. A ring
 * that nobody drains fills up as in the kernel.
 */
import { codecOf, type MapSpec, type Type } from '@waggle/bpf';
import { errno } from '../errno.ts';
import { Region } from '../memory.ts';
import { VirtualMap } from './virtual-map.ts';

/** The kernel's header of a record, and what records are rounded up to. */
const HEADER = 8;
/** BPF_RB_AVAIL_DATA and its siblings. */
const Query = { available: 0, size: 1, consumer: 2, producer: 3 } as const;

/** A record that a program has reserved, and not yet submitted or discarded. */
export class Reservation extends Region {
  readonly ring: VirtualRing;

  constructor(ring: VirtualRing, size: number) {
    super(`the record reserved in ${ring.name}`, new Uint8Array(size));
    this.ring = ring;
  }
}

/** A ring buffer. `R` is what its declaration says records are. */
export class VirtualRing<R = unknown> extends VirtualMap {
  readonly #records: Uint8Array[] = [];
  /** Bytes ever written and read, headers included. */
  #produced = 0;
  #consumed = 0;

  /** Room for a record, or undefined when there is none. */
  reserve(size: number): Reservation | undefined {
    const bytes = roomOf(size);
    // The kernel, too, leaves a byte free: a full buffer would look like an empty one.
    if (this.#produced - this.#consumed + bytes >= this.spec.maxEntries) return undefined;
    this.#produced += bytes;
    return new Reservation(this, size);
  }

  submit(reservation: Reservation): void {
    this.#records.push(reservation.bytes);
  }

  /** The room comes back when the reader gets there. */
  discard(_reservation: Reservation): void {}

  /** Sends a copy of a record; 0 or a negative error number. */
  output(record: Uint8Array): number {
    const reservation = this.reserve(record.length);
    if (!reservation) return -errno.EAGAIN;
    reservation.bytes.set(record);
    this.submit(reservation);
    return 0;
  }

  /** What bpf_ringbuf_query answers. */
  query(what: number): number {
    switch (what) {
      case Query.available:
        return this.#produced - this.#consumed;
      case Query.size:
        return this.spec.maxEntries;
      case Query.consumer:
        return this.#consumed;
      case Query.producer:
        return this.#produced;
      default:
        return 0;
    }
  }

  /** Takes all records out, as bytes. */
  drainBytes(): Uint8Array[] {
    this.#consumed = this.#produced;
    return this.#records.splice(0);
  }

  /** Takes all records out, as what the declaration says they are. @throws WaggleError WRONG_SIZE */
  drain(): R[] {
    const { record } = this.spec;
    if (!record) throw this.refusal('drain without a declared record; use drainBytes');
    const codec = codecOf(record as Type<R>);
    return this.drainBytes().map((bytes) => codec.decode(bytes));
  }
}

/** The room that a record takes, with the header that the kernel puts before it. */
export const roomOf = (size: number): number => Math.ceil((size + HEADER) / 8) * 8;

/** A sample that a program has sent through a perf event array. */
export interface Sample {
  readonly data: Uint8Array;
  /** The beginning of the packet, if the program asked for it. */
  readonly packet: Uint8Array;
}

/** A perf event array: an event for the one CPU of the machine. */
export class VirtualEvents extends VirtualMap {
  readonly #samples: Sample[] = [];

  constructor(name: string, spec: MapSpec) {
    super(name, spec);
  }

  send(sample: Sample): void {
    this.#samples.push(sample);
  }

  /** Takes all samples out. */
  drain(): Sample[] {
    return this.#samples.splice(0);
  }
}
