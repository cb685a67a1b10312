/**
 * Lists and maps in brackets, as `[10.0.0.0/24, 10.0.1.0/24]` and `{ matchLabels: { app: web } }`: what the fast reader of YAML
 * reads of them. They may lie in each other and go over several lines, each scalar within one. Comments between brackets, keys
 * without values and everything that blocks do not have either are left to the package `yaml`.
 */
import { DEEPEST, type Field, type Node } from './node.ts';
import { isQuote, keyAt, plainValue, quotedAt, UNUSUAL, withoutBlanks } from './plain-words.ts';

/** Where brackets stand. */
export interface Surroundings {
  /** Where the document ends. */
  readonly end: number;
  /** The column of the block around them; further lines have to be indented deeper. */
  readonly column: number;
  /** In how many lists and maps they lie. */
  readonly depth: number;
}

/**
 * Reads a list or map in brackets.
 *
 * @param text - The whole text.
 * @param at - The opening bracket.
 * @param surroundings - Where it stands.
 * @returns What the brackets say, and where the text goes on after them.
 */
export function readFlow(
  text: string,
  at: number,
  { end, column, depth }: Surroundings,
): { readonly node: Node; readonly end: number } {
  const parser = new FlowParser(text, at, end, column);
  const node = parser.node(depth);
  return { node, end: parser.at };
}

class FlowParser {
  at: number;
  readonly #text: string;
  readonly #end: number;
  readonly #column: number;

  constructor(text: string, at: number, end: number, column: number) {
    this.#text = text;
    this.at = at;
    this.#end = end;
    this.#column = column;
  }

  node(depth: number): Node {
    if (depth > DEEPEST) throw UNUSUAL;
    const first = this.#character;
    if (first === '[') return this.#list(depth);
    if (first === '{') return this.#map(depth);
    const offset = this.at;
    if (!isQuote(first)) return { kind: 'scalar', offset, value: plainValue(this.#word()) };
    const value = quotedAt(this.#text, offset, this.#end);
    this.at = offset + value.length + 2;
    return { kind: 'scalar', offset, value };
  }

  #list(depth: number): Node {
    const offset = this.at;
    const items: Node[] = [];
    this.#open();
    while (this.#character !== ']') {
      items.push(this.node(depth + 1));
      this.#separate(']');
    }
    this.at++;
    return { kind: 'list', offset, items };
  }

  #map(depth: number): Node {
    const offset = this.at;
    const fields = new Map<string, Field>();
    this.#open();
    while (this.#character !== '}') {
      const start = this.at;
      const key = keyAt(this.#text, start, this.#end, true);
      if (key === undefined || fields.has(key.name)) throw UNUSUAL;
      this.at = key.end;
      this.#skipBlanks();
      fields.set(key.name, { offset: start, node: this.node(depth + 1) });
      this.#separate('}');
    }
    this.at++;
    return { kind: 'map', offset, fields };
  }

  get #character(): string | undefined {
    return this.at < this.#end ? this.#text[this.at] : undefined;
  }

  #open(): void {
    this.at++;
    this.#skipBlanks();
  }

  /** Goes to the next item, or to the bracket that closes. */
  #separate(close: string): void {
    this.#skipBlanks();
    if (this.#character === close) return;
    if (this.#character !== ',') throw UNUSUAL;
    this.#open();
  }

  /** Goes over blanks and line ends. */
  #skipBlanks(): void {
    const text = this.#text;
    let lineStart: number | undefined;
    for (; this.at < this.#end; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === 0x0a) lineStart = this.at + 1;
      else if (code !== 0x20) break;
    }
    if (lineStart !== undefined && this.at - lineStart <= this.#column) throw UNUSUAL;
  }

  /** Goes over a word without quotes. */
  #word(): string {
    const text = this.#text;
    const start = this.at;
    while (this.at < this.#end && !endsWord(text.charCodeAt(this.at))) this.at++;
    const word = withoutBlanks(text.slice(start, this.at));
    if (word === '' || word.includes(' #')) throw UNUSUAL;
    return word;
  }
}

/** Whether a character is a comma, a bracket or a line end. */
function endsWord(code: number): boolean {
  return code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d || code === 0x0a;
}
