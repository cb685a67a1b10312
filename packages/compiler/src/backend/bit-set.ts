/** A set of small numbers, as the bits of an array: liveness unions thousands of them. */
export class BitSet {
  readonly #words: Uint32Array;

  constructor(size: number) {
    this.#words = new Uint32Array((size + 31) >>> 5);
  }

  has(member: number): boolean {
    return ((this.#words[member >>> 5] ?? 0) & (1 << (member & 31))) !== 0;
  }

  add(member: number): void {
    const word = member >>> 5;
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (member & 31));
  }

  delete(member: number): void {
    const word = member >>> 5;
    this.#words[word] = (this.#words[word] ?? 0) & ~(1 << (member & 31));
  }

  /** Adds the members of another set of the same size; whether that added any. */
  addAll(other: BitSet): boolean {
    let changed = false;
    for (let word = 0; word < this.#words.length; word++) {
      const before = this.#words[word] ?? 0;
      const now = before | (other.#words[word] ?? 0);
      if (now >>> 0 === before) continue;
      this.#words[word] = now;
      changed = true;
    }
    return changed;
  }

  /** Adds the members of another set, but for those of a third, all of the same size; whether that added any. */
  addAllBut(other: BitSet, except: BitSet): boolean {
    let changed = false;
    for (let word = 0; word < this.#words.length; word++) {
      const before = this.#words[word] ?? 0;
      const now = before | ((other.#words[word] ?? 0) & ~(except.#words[word] ?? 0));
      if (now >>> 0 === before) continue;
      this.#words[word] = now;
      changed = true;
    }
    return changed;
  }

  copy(): BitSet {
    const copy = new BitSet(this.#words.length * 32);
    copy.#words.set(this.#words);
    return copy;
  }

  /** Calls `visit` with every member, ascending; a generator would take several times as long. */
  each(visit: (member: number) => void): void {
    for (let word = 0; word < this.#words.length; word++) {
      for (let bits = this.#words[word] ?? 0; bits !== 0; bits &= bits - 1) {
        visit(word * 32 + (31 - Math.clz32(bits & -bits)));
      }
    }
  }
}
