/**
 * The YAML that policies are mostly written in, read fast: blocks of lists and maps, one scalar a line, lists and maps in
 * brackets, no anchors, tags or block texts. Whatever is not just that is left to the package `yaml`, which takes about ten
 * times as long; a test sees to it that both say the same of what this reads.
 */
import { DEEPEST, type Field, type Node } from './node.ts';
import { readFlow } from './plain-flow.ts';
import {
  isBlank,
  isQuote,
  type Key,
  keyAt,
  plainValue,
  quotedAt,
  UNUSUAL,
  withoutBlanks,
} from './plain-words.ts';

/**
 * Reads one document.
 *
 * @param text - The whole text.
 * @param start - Where the document begins.
 * @param end - Where it ends.
 * @returns Nothing when it is more than plain.
 */
export function readPlainYaml(text: string, start: number, end: number): Node | undefined {
  try {
    return new PlainParser(text, start, end).document();
  } catch (error) {
    if (error === UNUSUAL) return undefined;
    throw error;
  }
}

class PlainParser {
  readonly #text: string;
  readonly #end: number;
  /** The current line: where its rest begins, in which column, and where it ends. */
  #at = 0;
  #column = -1;
  #lineEnd = 0;
  #nextLine: number;

  constructor(text: string, start: number, end: number) {
    this.#text = text;
    this.#end = end;
    this.#nextLine = start;
  }

  document(): Node {
    const start = this.#nextLine;
    this.#advance();
    if (this.#done) return { kind: 'scalar', offset: start, value: null };
    const node = this.#block(-1, 0);
    if (!this.#done || node.kind === 'scalar') throw UNUSUAL;
    return node;
  }

  get #done(): boolean {
    return this.#column === -1;
  }

  /** Goes to the next line that says something. */
  #advance(): void {
    const text = this.#text;
    while (this.#nextLine < this.#end) {
      const start = this.#nextLine;
      this.#endLineAfter(start);
      const end = this.#lineEnd;
      let at = start;
      while (at < end && text.charCodeAt(at) === 0x20) at++;
      if (at === end || text.charCodeAt(at) === 0x23) continue;
      this.#at = at;
      this.#column = at - start;
      return;
    }
    this.#column = -1;
  }

  /**
   * What begins at the current place and goes on in lines of the same column.
   *
   * @param around - The column of the block around it; none is -1.
   * @param depth - How deep it lies.
   */
  #block(around: number, depth: number): Node {
    if (depth > DEEPEST) throw UNUSUAL;
    if (this.#isDash()) return this.#list(depth);
    return this.#key() === undefined ? this.#inline(around, depth) : this.#map(depth);
  }

  #list(depth: number): Node {
    const offset = this.#at;
    const column = this.#column;
    const items: Node[] = [];
    while (this.#column === column && this.#isDash()) {
      const dash = this.#at;
      this.#skipTo(dash + 1);
      if (this.#atLineEnd()) items.push(this.#below(column, dash, depth));
      else {
        items.push(this.#block(column, depth + 1));
        // A scalar that goes on in the next line.
        if (this.#column > column) throw UNUSUAL;
      }
    }
    return { kind: 'list', offset, items };
  }

  #map(depth: number): Node {
    if (depth === DEEPEST) throw UNUSUAL;
    const offset = this.#at;
    const column = this.#column;
    const fields = new Map<string, Field>();
    while (this.#column === column) {
      const start = this.#at;
      const key = this.#key();
      if (key === undefined || fields.has(key.name)) throw UNUSUAL;
      this.#skipTo(key.end);
      let node: Node;
      if (this.#atLineEnd()) {
        this.#advance();
        // A list may stand in the column of its key.
        const below = this.#column > column || (this.#column === column && this.#isDash());
        node = below ? this.#block(column, depth + 1) : { kind: 'scalar', offset: key.end, value: null };
      } else {
        node = this.#inline(column, depth + 1);
      }
      if (this.#column > column) throw UNUSUAL;
      fields.set(key.name, { offset: start, node });
    }
    return { kind: 'map', offset, fields };
  }

  /** What stands in the lines below a dash. */
  #below(column: number, dash: number, depth: number): Node {
    this.#advance();
    if (this.#column <= column) return { kind: 'scalar', offset: dash, value: null };
    const node = this.#block(column, depth + 1);
    if (this.#column > column) throw UNUSUAL;
    return node;
  }

  /** Whether a list item begins here. */
  #isDash(): boolean {
    return this.#text.charCodeAt(this.#at) === 0x2d && isBlank(this.#text, this.#at + 1, this.#lineEnd);
  }

  #skipTo(at: number): void {
    let to = at;
    while (to < this.#lineEnd && this.#text.charCodeAt(to) === 0x20) to++;
    this.#column += to - this.#at;
    this.#at = to;
  }

  #atLineEnd(): boolean {
    return this.#at === this.#lineEnd || this.#text.charCodeAt(this.#at) === 0x23;
  }

  #key(): Key | undefined {
    return keyAt(this.#text, this.#at, this.#lineEnd, false);
  }

  /**
   * What fills the rest of the line, or begins there in brackets; goes to the next line.
   *
   * @param column - The column of the block around it.
   * @param depth - How deep it lies.
   */
  #inline(column: number, depth: number): Node {
    const text = this.#text;
    const offset = this.#at;
    const first = text[offset];
    if (first === '[' || first === '{') {
      const { node, end } = readFlow(text, offset, { end: this.#end, column, depth });
      this.#goOnAt(end);
      return node;
    }
    if (isQuote(first)) {
      const value = quotedAt(text, offset, this.#lineEnd);
      this.#goOnAt(offset + value.length + 2);
      return { kind: 'scalar', offset, value };
    }
    const rest = text.slice(offset, this.#lineEnd);
    const comment = rest.indexOf(' #');
    const word = withoutBlanks(comment === -1 ? rest : rest.slice(0, comment));
    this.#advance();
    return { kind: 'scalar', offset, value: plainValue(word) };
  }

  /** Goes to the next line from a place after which nothing but a comment may follow. */
  #goOnAt(at: number): void {
    if (at > this.#lineEnd) this.#endLineAfter(at);
    this.#skipTo(at);
    if (this.#at < this.#lineEnd && !(this.#atLineEnd() && this.#at > at)) throw UNUSUAL;
    this.#advance();
  }

  #endLineAfter(at: number): void {
    const newline = this.#text.indexOf('\n', at);
    this.#lineEnd = newline === -1 || newline > this.#end ? this.#end : newline;
    this.#nextLine = this.#lineEnd + 1;
  }
}
