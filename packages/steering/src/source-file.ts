/**
 * A file in YAML or JSON: its contents, and the line of each part of them. JSON is read by the engine, fifty times as fast as any
 * reader that keeps places, and the places are looked for only when there is something to tell of one.
 */
import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/** What is wrong with the text of a file. */
export interface TextFault {
  readonly line: number;
  readonly message: string;
}

export class SourceFile {
  /** undefined where there are faults. */
  readonly contents: unknown;
  /** What is neither YAML nor JSON about it. */
  readonly faults: readonly TextFault[];
  readonly #text: string;
  #places: Places | undefined;

  constructor(text: string) {
    this.#text = text;
    const json = readJson(text);
    this.contents = json ?? this.#located().contents;
    this.faults = json === undefined ? this.#located().faults : [];
  }

  /** The line of a value, or of the innermost one around it that is there. */
  lineOf(path: readonly PropertyKey[]): number {
    return this.#located().lineOf(path);
  }

  #located(): Places {
    this.#places ??= new Places(this.#text);
    return this.#places;
  }
}

/** The slow reading, which keeps the place of everything. */
class Places {
  readonly contents: unknown;
  readonly faults: TextFault[];
  readonly #lines = new LineCounter();
  readonly #document: Document;

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines });
    this.faults = this.#document.errors.map(({ pos, message }) => ({
      line: this.#lines.linePos(pos[0]).line,
      message: message.split('\n')[0] ?? '',
    }));
    if (this.faults.length > 0) return;
    try {
      this.contents = this.#document.toJS();
    } catch (error) {
      // An alias that leads nowhere is found only now.
      this.faults.push({ line: 1, message: error instanceof Error ? error.message : String(error) });
    }
  }

  lineOf(path: readonly PropertyKey[]): number {
    let node: unknown = this.#document.contents;
    let offset = (node as Node | null)?.range?.[0] ?? 0;
    for (const step of path) {
      if (!isMap(node) && !isSeq(node)) break;
      node = node.get(step, true);
      const start = (node as Node | undefined)?.range?.[0];
      if (start === undefined) break;
      offset = start;
    }
    return this.#lines.linePos(offset).line;
  }
}

/** The object that a text is in JSON; undefined for other texts, and where a key is there twice, which JSON.parse passes over. */
function readJson(text: string): object | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: object = JSON.parse(text);
    return keysOf(value) === keysIn(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The number of keys of all objects in a value. */
function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const parts = Object.values(value);
  return parts.reduce((sum: number, part) => sum + keysOf(part), Array.isArray(value) ? 0 : parts.length);
}

/** The number of keys in a text of JSON: of the strings that a colon follows. */
function keysIn(text: string): number {
  let count = 0;
  for (let start = text.indexOf('"'); start >= 0; ) {
    let end = text.indexOf('"', start + 1);
    while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
    let next = end + 1;
    while (' \t\r\n'.includes(text.charAt(next)) && next < text.length) next++;
    if (text[next] === ':') count++;
    start = text.indexOf('"', next);
  }
  return count;
}

function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === '\\') start--;
  return (at - start) % 2 === 1;
}
