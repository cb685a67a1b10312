/** A line of IR text, read word by word: names, JSON strings, `%7`, `+12`, `b3` and punctuation. */
import { WaggleError } from '@waggle/bpf';
import type { Comparison } from './ir.ts';
import { comparisons } from './operators.ts';

const WORD = /\s*("(?:[^"\\]|\\.)*"|%\d+|[+-]?\d+|[A-Za-z_$][\w$.:/-]*(?<!:)|[():,?=])\s*/y;

/** The words of a line. */
export class Words {
  /** The number of the line, for messages. */
  readonly line: number;
  readonly #words: readonly string[];
  #next = 0;

  /** @throws WaggleError MALFORMED for a character that starts no word. */
  constructor(text: string, line: number) {
    this.line = line;
    const words: string[] = [];
    const pattern = new RegExp(WORD);
    while (pattern.lastIndex < text.length) {
      const at = pattern.lastIndex;
      const match = pattern.exec(text);
      if (!match) throw this.error(`"${text.slice(at)}" is no word`);
      words.push(match[1] ?? '');
    }
    this.#words = words;
  }

  error(problem: string): WaggleError {
    return new WaggleError('MALFORMED', `line ${this.line}: ${problem}`);
  }

  at(word: string): boolean {
    return this.#words[this.#next] === word;
  }

  atValue(): boolean {
    return this.#words[this.#next]?.startsWith('%') ?? false;
  }

  atNumber(): boolean {
    return /^[+-]?\d/.test(this.#words[this.#next] ?? '');
  }

  ended(): boolean {
    return this.#next >= this.#words.length;
  }

  end(): void {
    if (!this.ended()) throw this.error(`"${this.#words[this.#next]}" is too much`);
  }

  take(word: string): boolean {
    if (!this.at(word)) return false;
    this.#next++;
    return true;
  }

  expect(word: string): void {
    if (!this.take(word))
      throw this.error(`expected "${word}", found "${this.#words[this.#next] ?? 'the end'}"`);
  }

  #match(pattern: RegExp, what: string): string {
    const word = this.#words[this.#next];
    if (word === undefined || !pattern.test(word)) {
      throw this.error(`expected ${what}, found "${word ?? 'the end'}"`);
    }
    this.#next++;
    return word;
  }

  /** A name, bare or quoted. */
  name(): string {
    const word = this.#match(/^["A-Za-z_$]/, 'a name');
    return word.startsWith('"') ? (JSON.parse(word) as string) : word;
  }

  /** `%7` */
  value(): number {
    return Number(this.#match(/^%/, 'a value').slice(1));
  }

  /** `b3` */
  block(): number {
    return Number(this.#match(/^b\d+$/, 'a block').slice(1));
  }

  /** `12`, `-4`, `+4` */
  number(): number {
    return Number(this.#match(/^[+-]?\d+$/, 'a number'));
  }

  integer(): bigint {
    return BigInt(this.#match(/^[+-]?\d+$/, 'a number').replace('+', ''));
  }

  /** One of several words. */
  oneOf<Word extends string>(words: readonly Word[], what: string): Word {
    const word = this.#words[this.#next];
    const found = words.find((each) => each === word);
    if (found === undefined) throw this.error(`"${word ?? 'the end'}" is no ${what}`);
    this.#next++;
    return found;
  }

  comparison(): Comparison {
    return this.oneOf(comparisons, 'comparison');
  }
}
