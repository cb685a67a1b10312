/**
 * Memory that the kernel reads and writes. Two kinds, and one rule each:
 *
 * - {@link NativeBuffer}: JavaScript's own memory with a stable address. Whoever stores the address stores the buffer
 *   beside it, so that no raw address outlives its buffer.
 * - {@link Mapping}: pages mapped from a file descriptor. A view of unmapped pages would crash the process, and V8
 *   offers no way to detach foreign memory; so no view leaves this package: the classes that own a mapping (ring
 *   buffer reader, memory-mapped array) hand out decoded values or copies, and drop their views when they close it.
 */
import { WaggleError } from '@waggle/bpf';
import { KernelError } from '../errors.ts';
import * as libc from './libc.ts';

/** Zeroed bytes at a fixed address. An ArrayBuffer's memory lies outside V8's moving heap, so it stays where it is. */
export class NativeBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Where the bytes are; valid only while this object is referenced. */
  readonly address: number;

  /** @param size bytes; 0 is allowed and still has an address. */
  constructor(size: number) {
    // An empty ArrayBuffer may have no memory at all, and the kernel takes address 0 for "none".
    const memory = new ArrayBuffer(Math.max(size, 8));
    this.bytes = new Uint8Array(memory, 0, size);
    this.view = new DataView(memory, 0, size);
    this.address = libc.addressOf(memory);
  }

  get size(): number {
    return this.bytes.length;
  }

  /** A buffer that holds a copy of `bytes`. */
  static from(bytes: Uint8Array): NativeBuffer {
    const buffer = new NativeBuffer(bytes.length);
    buffer.bytes.set(bytes);
    return buffer;
  }

  /** A buffer that holds `text` as a C string. */
  static text(text: string): NativeBuffer {
    if (text.includes('\0')) {
      throw new WaggleError('WRONG_TYPE', `${JSON.stringify(text)} cannot be a C string: it contains NUL`);
    }
    return NativeBuffer.from(Buffer.from(`${text}\0`));
  }
}

/** Protection of mapped pages (PROT_READ, PROT_READ | PROT_WRITE). */
export const Protection = { read: 1, readWrite: 3 } as const;

const MAP_SHARED = 1;

/** Shared pages of a file descriptor (a map, a perf buffer), until {@link Mapping.close}. */
export class Mapping {
  readonly #address: number;
  #memory: ArrayBuffer | undefined;

  private constructor(address: number, memory: ArrayBuffer) {
    this.#address = address;
    this.#memory = memory;
  }

  /**
   * Maps `length` bytes of `fd` from `offset` on.
   * @param object names what is mapped in an error.
   * @throws KernelError when the kernel refuses.
   */
  static create(fd: number, length: number, protection: number, offset: number, object: string): Mapping {
    const address = libc.mmap(0, length, protection, MAP_SHARED, fd, offset);
    if (address < 0) throw new KernelError('map memory of', object, -address);
    return new Mapping(address, libc.viewOf(address, length));
  }

  /** The pages, for the owner alone. */
  get memory(): ArrayBuffer {
    if (this.#memory === undefined) throw new WaggleError('CLOSED', 'the memory mapping is closed');
    return this.#memory;
  }

  /** Unmaps the pages; the owner has dropped its views. Closing twice is harmless. */
  close(): void {
    if (this.#memory === undefined) return;
    const { byteLength } = this.#memory;
    this.#memory = undefined;
    libc.munmap(this.#address, byteLength);
  }
}
