/** A ring buffer map: what the kernel sends through it is read by a `RingBufferReader`. */
import { type Codec, codecOf, type MapSpec, type Type } from '@waggle/bpf';
import { KernelMap } from '../map/map.ts';
import { type RecordSink, RingBufferReader, type RingBufferReaderOptions } from './reader.ts';

/** A ring buffer whose records are `R`. */
export class RingBufferMap<R> extends KernelMap {
  /** Bytes of the buffer. */
  readonly bytes: number;
  readonly #codec: Codec<R> | undefined;

  /** Takes the descriptor over. */
  constructor(fd: number, name: string, spec: MapSpec & { readonly record?: Type }) {
    super(fd, name);
    this.bytes = spec.maxEntries;
    this.#codec = spec.record ? codecOf(spec.record as Type<R>) : undefined;
  }

  /**
   * Starts reading. A ring buffer has one reader at a time; two would take records from each other.
   * @param consume called with each record of the declared type, in order; without a declared type, with a copy of its bytes.
   */
  read(consume: (record: R) => void, options: RingBufferReaderOptions = {}): RingBufferReader {
    return new RingBufferReader(this, this.#codec, consume as (record: unknown) => void, options);
  }

  /** Starts reading as {@link read} does; records of the declared type are copied as they are. */
  readInto(sink: RecordSink, options: RingBufferReaderOptions = {}): RingBufferReader {
    return new RingBufferReader(this, this.#codec, sink, options);
  }
}
