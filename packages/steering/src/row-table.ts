/**
 * Finding bindings among a hundred thousand by their prefix, or by prefix and ports: hash tables of rows, in which a row costs four
 * bytes and no object.
 */
import type { BindingList } from './binding-list.ts';

const NONE = -1;

/** Rows of a list by protocol and prefix, and by ports as well where `byPorts`. */
class RowTable {
  readonly #list: BindingList;
  readonly #byPorts: boolean;
  /** Twice as large as needed, at least: a row lies at its hash, or in the next place that is free. */
  readonly #places: Int32Array;

  constructor(list: BindingList, byPorts: boolean) {
    this.#list = list;
    this.#byPorts = byPorts;
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(list.length + 1) + 1)).fill(NONE);
  }

  /** Puts a row in; answers the one that is the same and was there before, or the row itself. */
  add(row: number): number {
    const place = this.#placeOf(this.#list, row);
    const there = this.#places[place] ?? NONE;
    if (there !== NONE) return there;
    this.#places[place] = row;
    return row;
  }

  /** The row that is the same as one of another list; undefined when there is none. */
  find(list: BindingList, row: number): number | undefined {
    const found = this.#places[this.#placeOf(list, row)] ?? NONE;
    return found === NONE ? undefined : found;
  }

  #placeOf(list: BindingList, row: number): number {
    const mask = this.#places.length - 1;
    let hash = list.hashOf(row);
    if (this.#byPorts) hash ^= Math.imul(list.firstOf(row) ^ (list.lastOf(row) << 16), 0x9e3779b1);
    for (let place = (hash ^ (hash >>> 15)) & mask; ; place = (place + 1) & mask) {
      const there = this.#places[place] ?? NONE;
      if (there === NONE || this.#isSame(there, list, row)) return place;
    }
  }

  #isSame(mine: number, list: BindingList, row: number): boolean {
    if (!this.#list.samePrefix(mine, list, row)) return false;
    if (!this.#byPorts) return true;
    return this.#list.firstOf(mine) === list.firstOf(row) && this.#list.lastOf(mine) === list.lastOf(row);
  }
}

/** Rows by protocol, prefix and ports: what can be bound once. */
export class Places {
  readonly #table: RowTable;
  /** The rows that bind what a row before them binds. */
  readonly duplicates: readonly { readonly row: number; readonly first: number }[];

  constructor(list: BindingList) {
    this.#table = new RowTable(list, true);
    const duplicates: { row: number; first: number }[] = [];
    for (let row = 0; row < list.length; row++) {
      const first = this.#table.add(row);
      if (first !== row) duplicates.push({ row, first });
    }
    this.duplicates = duplicates;
  }

  /** The row with the place of a row of another list. */
  find(list: BindingList, row: number): number | undefined {
    return this.#table.find(list, row);
  }
}

/** Rows by protocol and prefix: within a *group* bindings have to divide ports among them. */
export class Groups {
  readonly #table: RowTable;
  /** The next row of the same group. */
  readonly #next: Int32Array;
  /** The first row of each group. */
  readonly #heads: number[] = [];

  constructor(list: BindingList) {
    this.#table = new RowTable(list, false);
    this.#next = new Int32Array(list.length).fill(NONE);
    const last = new Int32Array(list.length);
    for (let row = 0; row < list.length; row++) {
      const head = this.#table.add(row);
      if (head === row) this.#heads.push(row);
      else this.#next[last[head] ?? NONE] = row;
      last[head] = row;
    }
  }

  /** The rows of each group. */
  *[Symbol.iterator](): Generator<number[]> {
    for (const head of this.#heads) yield this.#rowsFrom(head);
  }

  /** The rows with the prefix of a row of another list. */
  around(list: BindingList, row: number): number[] {
    const head = this.#table.find(list, row);
    return head === undefined ? [] : this.#rowsFrom(head);
  }

  #rowsFrom(head: number): number[] {
    const rows: number[] = [];
    for (let row = head; row !== NONE; row = this.#next[row] ?? NONE) rows.push(row);
    return rows;
  }
}
