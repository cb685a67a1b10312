/** Bytes that are read one after another. Beyond their end there are zeros, and it is remembered that somebody asked. */
export class Bytes {
  readonly #bytes: Uint8Array;
  #position = 0;
  #cut = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether more was asked for than there is. */
  get isCut(): boolean {
    return this.#cut;
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.#bytes.length - this.#position;
  }

  /** Notes that something is missing. */
  cut(): void {
    this.#cut = true;
  }

  /** The next byte, which stays. */
  peek(): number | undefined {
    return this.#bytes[this.#position];
  }

  u8(): number {
    if (this.left < 1) this.#cut = true;
    return this.#bytes[this.#position++] ?? 0;
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8();
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  /** So many bytes; zeros where they end. */
  take(count: number): Uint8Array {
    const there = this.#bytes.subarray(this.#position, this.#position + count);
    this.#position = Math.min(this.#position + count, this.#bytes.length);
    if (there.length === count) return there;
    this.#cut = true;
    const filled = new Uint8Array(count);
    filled.set(there);
    return filled;
  }

  /** The next bytes by themselves, as many as there are of them; what is cut in there is cut here. */
  sub(count: number): Bytes {
    if (count > this.left) this.#cut = true;
    const length = Math.min(count, this.left);
    const part = new Bytes(this.#bytes.subarray(this.#position, this.#position + length));
    this.#position += length;
    return part;
  }

  /** What is left. */
  rest(): Uint8Array {
    return this.take(this.left);
  }
}
