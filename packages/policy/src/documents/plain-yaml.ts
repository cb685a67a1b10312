/**
 * The YAML that policies are mostly written in, read fast: block lists and maps, one scalar a line, no anchors, tags or block
 * texts. Whatever is not just that is left to the package `yaml`, which takes about ten times as long; a test sees to it that
 * both say the same of what this reads.
 */
import { DEEPEST, type Field, type Node, type Scalar } from './node.ts';

/** Thrown where the text is more than this understands. */
const UNUSUAL = Symbol('unusual YAML');

const KEY = /[A-Za-z_/][\w./:-]*(?=:(?: |\n|$))/y;
const PLAIN_INTEGER = /^(?:0|[1-9]\d{0,14})$/;
/** What YAML 1.2 takes for a number, in any notation. */
const NUMBER =
  /^(?:[-+]?\d+|0o[0-7]+|0x[\da-fA-F]+|[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
/** What cannot begin a plain scalar; `-`, `?` and `:` can, when no blank follows. */
const INDICATORS = new Set(',[]{}#&*!|>%@`\'"');
const WORDS = new Map<string, Scalar>([
  ...['null', 'Null', 'NULL', '~'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

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
    const node = this.#block(0);
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
      const newline = text.indexOf('\n', start);
      const end = newline === -1 || newline > this.#end ? this.#end : newline;
      this.#nextLine = end + 1;
      let at = start;
      while (at < end && text.charCodeAt(at) === 0x20) at++;
      if (at === end || text.charCodeAt(at) === 0x23) continue;
      this.#at = at;
      this.#column = at - start;
      this.#lineEnd = end;
      return;
    }
    this.#column = -1;
  }

  /** What begins at the current place and goes on in lines of the same column. */
  #block(depth: number): Node {
    if (depth > DEEPEST) throw UNUSUAL;
    if (this.#isDash()) return this.#list(depth);
    return this.#key() === undefined ? this.#scalar() : this.#map(depth);
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
        items.push(this.#block(depth + 1));
        // A scalar that goes on in the next line.
        if (this.#column > column) throw UNUSUAL;
      }
    }
    return { kind: 'list', offset, items };
  }

  #map(depth: number): Node {
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
        node = below ? this.#block(depth + 1) : { kind: 'scalar', offset: key.end, value: null };
      } else {
        node = this.#scalar();
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
    const node = this.#block(depth + 1);
    if (this.#column > column) throw UNUSUAL;
    return node;
  }

  /** Whether a list item begins here. */
  #isDash(): boolean {
    return this.#text.charCodeAt(this.#at) === 0x2d && this.#blankAt(this.#at + 1);
  }

  #blankAt(at: number): boolean {
    return at >= this.#lineEnd || this.#text.charCodeAt(at) === 0x20;
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

  /** The key that stands here, and where its value begins. */
  #key(): { readonly name: string; readonly end: number } | undefined {
    const text = this.#text;
    const first = text[this.#at];
    if (first === '"' || first === "'") {
      const close = this.#closing(first);
      if (text.charCodeAt(close + 1) !== 0x3a || !this.#blankAt(close + 2)) return undefined;
      return { name: text.slice(this.#at + 1, close), end: close + 2 };
    }
    KEY.lastIndex = this.#at;
    const name = KEY.exec(text)?.[0];
    if (name === undefined || WORDS.has(name)) return undefined;
    return { name, end: this.#at + name.length + 1 };
  }

  /** The quote that ends the one here. Escapes are left to others. */
  #closing(quote: string): number {
    const close = this.#text.indexOf(quote, this.#at + 1);
    if (close === -1 || close >= this.#lineEnd || this.#text[close + 1] === quote) throw UNUSUAL;
    if (quote === '"' && this.#text.slice(this.#at, close).includes('\\')) throw UNUSUAL;
    return close;
  }

  /** The scalar that fills the rest of the line; goes to the next line. */
  #scalar(): Node {
    const offset = this.#at;
    const first = this.#text[offset] ?? '';
    if (first === '"' || first === "'") {
      const close = this.#closing(first);
      const value = this.#text.slice(offset + 1, close);
      this.#skipTo(close + 1);
      if (this.#at < this.#lineEnd && !(this.#atLineEnd() && this.#at > close + 1)) throw UNUSUAL;
      this.#advance();
      return { kind: 'scalar', offset, value };
    }
    const rest = this.#text.slice(offset, this.#lineEnd);
    const comment = rest.indexOf(' #');
    const word = (comment === -1 ? rest : rest.slice(0, comment)).trimEnd();
    this.#advance();
    if (word === '{}') return { kind: 'map', offset, fields: new Map() };
    if (word === '[]') return { kind: 'list', offset, items: [] };
    return { kind: 'scalar', offset, value: plainValue(word) };
  }
}

function plainValue(word: string): Scalar {
  const first = word[0] ?? '';
  if (INDICATORS.has(first) || /^[-?:](?: |$)|: |:$/.test(word)) throw UNUSUAL;
  const known = WORDS.get(word);
  if (known !== undefined) return known;
  if (!/^[-+.\d]/.test(word)) return word;
  if (PLAIN_INTEGER.test(word)) return Number(word);
  if (NUMBER.test(word)) throw UNUSUAL;
  return word;
}
