/**
 * The virtual memory of a machine. It consists of regions (a stack frame, the values of a map, a packet) that lie 4 GiB
 * apart: the upper half of an address names the region, the lower half the byte. So an address that strays from its region
 * never meets another one, and every access is checked against the region it points to.
 *
 * Packets alone lie below 4 GiB, because contexts hold their addresses in fields of 32 bits.
 */
import { WaggleError } from '@waggle/bpf';

/** What a region does not take for granted. */
export interface RegionOptions {
  /** Whether programs may write; they may by default. */
  readonly writable?: boolean;
  /** For regions that are rows of elements: bytes from one element to the next, and those of an element. */
  readonly stride?: number;
  readonly elementSize?: number;
}

/** The lower half of a region's first address; not 0, so that small offsets below it stay in the same 4 GiB. */
const START = 0x1000_0000;

/** Memory that hangs together. */
export class Region {
  /** What it is, for messages: `the stack of frame 0`. */
  readonly name: string;
  readonly writable: boolean;
  readonly #stride: number;
  readonly #elementSize: number;
  #bytes: Uint8Array;
  #view: DataView;
  /** The lower half of the address of byte 0. */
  #start = START;
  /** The part that may be accessed. */
  #first = 0;
  #end: number;

  constructor(name: string, bytes: Uint8Array, options: RegionOptions = {}) {
    this.name = name;
    this.writable = options.writable ?? true;
    this.#stride = options.stride ?? 0;
    this.#elementSize = options.elementSize ?? 0;
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#end = bytes.length;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The bytes as numbers; little-endian, as on the machines that eBPF mostly runs on. */
  get view(): DataView {
    return this.#view;
  }

  get start(): number {
    return this.#start;
  }

  /** Takes other bytes, for instance because there are more of them. */
  replace(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#first = 0;
    this.#end = bytes.length;
  }

  /** Restricts access to the bytes from `first` up to `end`. */
  restrict(first: number, end: number): void {
    this.#first = first;
    this.#end = end;
  }

  /** Moves the region to other addresses, so that pointers from before are found out. */
  relocate(): void {
    this.#start += 0x10_0000;
  }

  /**
   * The index of the byte at the lower half `low` of an address.
   * @throws WaggleError OUT_OF_RANGE unless `size` bytes from there may be accessed.
   */
  index(low: number, size: number, isWrite: boolean): number {
    const index = low - this.#start;
    if (index < this.#first || index + size > this.#end) throw this.#outside(index, size, isWrite);
    if (this.#stride > 0 && (index % this.#stride) + size > this.#elementSize) {
      throw this.#outside(index % this.#stride, size, isWrite);
    }
    if (isWrite && !this.writable) {
      throw new WaggleError('OUT_OF_RANGE', `writes ${bytesOf(size)} to ${this.name}, which is read-only`);
    }
    return index;
  }

  #outside(index: number, size: number, isWrite: boolean): WaggleError {
    const place = this.#stride > 0 ? `a value of ${this.name}` : this.name;
    const length = this.#stride > 0 ? this.#elementSize : this.#end - this.#first;
    const offset = this.#stride > 0 ? index : index - this.#first;
    return new WaggleError(
      'OUT_OF_RANGE',
      `${isWrite ? 'writes' : 'reads'} ${bytesOf(size)} at offset ${offset} of ${place}, which has ${bytesOf(length)}`,
    );
  }
}

/** The upper half of the first region's address; looks like an address of the kernel. */
const FIRST_REGION = 0xffff_8000;
/** The upper half of the address of the packet. */
const PACKET = 0;

/** All regions of a machine. */
export class Memory {
  readonly #regions = new Map<number, Region>();
  readonly #places = new Map<Region, number>();
  #next = FIRST_REGION;

  /** Gives a region addresses, if it has none yet. */
  attach(region: Region): void {
    if (this.#places.has(region)) return;
    this.#regions.set(this.#next, region);
    this.#places.set(region, this.#next++);
  }

  /** Gives the packet addresses of 32 bits. */
  attachPacket(region: Region): void {
    this.#regions.set(PACKET, region);
    this.#places.set(region, PACKET);
  }

  /** Takes the addresses of a region away. */
  detach(region: Region): void {
    const place = this.#places.get(region);
    if (place === undefined) return;
    this.#places.delete(region);
    this.#regions.delete(place);
  }

  /** The address of a byte of a region; attaches the region if need be. */
  address(region: Region, index = 0): bigint {
    this.attach(region);
    const place = this.#places.get(region) ?? PACKET;
    return (BigInt(place) << 32n) | BigInt(region.start + index);
  }

  /** The region that an address with this upper half lies in. @throws WaggleError OUT_OF_RANGE when there is none. */
  region(high: number, low: number): Region {
    const region = this.#regions.get(high);
    if (region) return region;
    const address = (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(low));
    throw new WaggleError(
      'OUT_OF_RANGE',
      `goes to address 0x${address.toString(16)}, where there is no memory`,
    );
  }

  /** The region of an address, if there is one. */
  find(address: bigint): Region | undefined {
    return this.#regions.get(Number(address >> 32n));
  }

  /** Bytes at an address, shared with the memory. @throws WaggleError OUT_OF_RANGE */
  bytes(address: bigint, size: number, isWrite = false): Uint8Array {
    const low = Number(address & 0xffff_ffffn);
    const region = this.region(Number(address >> 32n), low);
    const index = region.index(low, size, isWrite);
    return region.bytes.subarray(index, index + size);
  }
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const bytesOf = (count: number): string => `${count} byte${count === 1 ? '' : 's'}`;
