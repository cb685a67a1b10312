/**
 * JSON with positions. `JSON.parse` would not say where a rule stands, and would take the last of two equal keys without a
 * word; a rule that vanishes like that is a hole in a policy.
 */
import { DEEPEST, type Field, type Node } from './node.ts';
import type { Reading } from './reading.ts';

/** The text is no JSON. */
export interface JsonError {
  readonly offset: number;
  readonly message: string;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERALS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

/**
 * Reads a JSON text. Equal keys in one object are noted as problems.
 *
 * @returns The value, or what keeps the text from being JSON.
 */
export function readJson(reading: Reading): Node | JsonError {
  const parser = new JsonParser(reading.text);
  try {
    const node = parser.document();
    for (const { offset, name } of parser.repeated) {
      reading.refuse(offset, '', `The key ${JSON.stringify(name)} stands here twice.`);
    }
    return node;
  } catch (error) {
    if (error instanceof NotJson) return { offset: error.offset, message: error.message };
    throw error;
  }
}

class NotJson extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

class JsonParser {
  /** Keys that their object had before. */
  readonly repeated: { readonly offset: number; readonly name: string }[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Node {
    const node = this.#value(0);
    this.#skipBlank();
    if (this.#at < this.#text.length) this.#fail('there is more text after the end of the value');
    return node;
  }

  #value(depth: number): Node {
    this.#skipBlank();
    if (depth > DEEPEST) this.#fail(`lists and objects lie more than ${DEEPEST} deep in each other`);
    const offset = this.#at;
    switch (this.#text[offset]) {
      case '{':
        return this.#object(offset, depth);
      case '[':
        return this.#array(offset, depth);
      case '"':
        return { kind: 'scalar', offset, value: this.#string() };
    }
    for (const [word, value] of LITERALS) {
      if (!this.#text.startsWith(word, offset)) continue;
      this.#at += word.length;
      return { kind: 'scalar', offset, value };
    }
    NUMBER.lastIndex = offset;
    const digits = NUMBER.exec(this.#text)?.[0];
    if (digits === undefined) this.#fail('a value is expected here');
    this.#at += digits.length;
    return { kind: 'scalar', offset, value: Number(digits) };
  }

  #object(offset: number, depth: number): Node {
    const fields = new Map<string, Field>();
    this.#at++;
    for (this.#skipBlank(); !this.#take('}'); this.#skipBlank()) {
      if (fields.size > 0) {
        this.#expect(',');
        this.#skipBlank();
      }
      const key = this.#at;
      if (this.#text[key] !== '"') this.#fail('a key in double quotes is expected here');
      const name = this.#string();
      this.#skipBlank();
      this.#expect(':');
      if (fields.has(name)) this.repeated.push({ offset: key, name });
      fields.set(name, { offset: key, node: this.#value(depth + 1) });
    }
    return { kind: 'map', offset, fields };
  }

  #array(offset: number, depth: number): Node {
    const items: Node[] = [];
    this.#at++;
    for (this.#skipBlank(); !this.#take(']'); this.#skipBlank()) {
      if (items.length > 0) this.#expect(',');
      items.push(this.#value(depth + 1));
    }
    return { kind: 'list', offset, items };
  }

  #string(): string {
    const start = this.#at;
    let end = start;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end === -1) this.#fail('a text begins here that never ends');
    } while (this.#isEscaped(end));
    this.#at = end + 1;
    const inside = this.#text.slice(start + 1, end);
    // Most texts have nothing to decode; the rest is left to the engine, which knows every escape.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids just these.
    if (!/[\\\u0000-\u001f]/.test(inside)) return inside;
    try {
      return String(JSON.parse(this.#text.slice(start, end + 1)));
    } catch {
      this.#at = start;
      return this.#fail('this text has an escape or a control character that JSON does not allow');
    }
  }

  #isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.#text[at - 1 - backslashes] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }

  #skipBlank(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) this.#fail(`"${character}" is expected here`);
  }

  #fail(message: string): never {
    throw new NotJson(Math.min(this.#at, this.#text.length), message);
  }
}
