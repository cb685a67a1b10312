/**
 * A packet in memory, with room before its first byte and after its last one. Programs see the part in between; helpers
 * move its ends. Every move gives the packet new addresses, so that a pointer from before is caught, as the verifier
 * would.
 */
import { Region } from './memory.ts';

/** Room around a packet, in bytes. */
export interface PacketOptions {
  /** Before the packet; 256 by default, as drivers give it to XDP. */
  readonly headroom?: number;
  /** After the packet; by default what a page of 4096 bytes leaves beside the kernel's own 320. */
  readonly tailroom?: number;
  /** Bytes right before the packet that a program has left for the next one. */
  readonly metadata?: Uint8Array;
}

const HEADROOM = 256;
const PAGE = 4096;
/** What the kernel keeps at the end of a packet's page: struct skb_shared_info. */
const SHARED_INFO = 320;

export class Packet {
  readonly region: Region;
  #metadata: number;
  #start: number;
  #end: number;
  #prepended = 0;

  constructor(bytes: Uint8Array, options: PacketOptions = {}) {
    const { headroom = HEADROOM, metadata = new Uint8Array() } = options;
    const tailroom = options.tailroom ?? Math.max(0, PAGE - SHARED_INFO - headroom - bytes.length);
    const memory = new Uint8Array(headroom + bytes.length + tailroom);
    memory.set(bytes, headroom);
    memory.set(metadata, headroom - metadata.length);
    this.region = new Region('the packet', memory);
    this.#metadata = headroom - metadata.length;
    this.#start = headroom;
    this.#end = headroom + bytes.length;
    this.region.restrict(this.#metadata, this.#end);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** The bytes from the first header on; shared with the memory. */
  get bytes(): Uint8Array {
    return this.region.bytes.subarray(this.#start, this.#end);
  }

  /** The bytes right before the packet that programs leave for each other; shared with the memory. */
  get metadata(): Uint8Array {
    return this.region.bytes.subarray(this.#metadata, this.#start);
  }

  /** Free bytes before the metadata. */
  get headroom(): number {
    return this.#metadata;
  }

  /** Free bytes after the packet. */
  get tailroom(): number {
    return this.region.bytes.length - this.#end;
  }

  /** The addresses of the metadata, of the packet and of its end. */
  get addresses(): { readonly dataMeta: number; readonly data: number; readonly dataEnd: number } {
    const { start } = this.region;
    return { dataMeta: start + this.#metadata, data: start + this.#start, dataEnd: start + this.#end };
  }

  /** Bytes that were put before the first byte since the packet came, or taken off if negative. */
  get prepended(): number {
    return this.#prepended;
  }

  /** Moves the first byte by so many bytes, and the metadata with it. */
  moveStart(by: number): void {
    this.region.bytes.copyWithin(this.#metadata + by, this.#metadata, this.#start);
    this.#metadata += by;
    this.#start += by;
    this.#prepended -= by;
    this.#moved();
  }

  /** Moves the end by so many bytes; those that come in are zero. */
  moveEnd(by: number): void {
    if (by > 0) this.region.bytes.fill(0, this.#end, this.#end + by);
    this.#end += by;
    this.#moved();
  }

  /** Moves the beginning of the metadata by so many bytes. */
  moveMetadata(by: number): void {
    this.#metadata += by;
    this.#moved();
  }

  /** Makes room for a packet that is to grow; what was there stays at its distance from the first byte. */
  reserve(before: number, after: number): void {
    const more = Math.max(0, before - this.headroom);
    const grown = new Uint8Array(this.region.bytes.length + more + Math.max(0, after - this.tailroom));
    grown.set(this.region.bytes, more);
    this.region.replace(grown);
    this.#metadata += more;
    this.#start += more;
    this.#end += more;
    this.#moved();
  }

  /** Gives the packet new addresses, although it stays where it is. */
  relocate(): void {
    this.#moved();
  }

  #moved(): void {
    this.region.restrict(this.#metadata, this.#end);
    this.region.relocate();
  }
}
