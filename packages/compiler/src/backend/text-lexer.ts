/**
 * Cuts a line of assembly into words, numbers and signs, and walks over them. Both syntaxes share the rules: `;`, `//` and
 * `#` begin a comment (but `map_lookup_elem#1` names a helper with its number), and a register may have a `%` before it.
 */
import { nearest, WaggleError } from '@waggle/bpf';

/** A piece of a line. */
export interface Token {
  readonly kind: 'word' | 'number' | 'sign' | 'end';
  readonly text: string;
  /** Counted from 1. */
  readonly column: number;
}

// The signed operators come before words, since they begin with a letter.
const PATTERN =
  /(?<space>\s+)|(?<sign>s(?:>>=|\/=|%=|>=|<=|>|<)|<<=|>>=|[-+*/%|&^=!<>]=|(?<=\w)#(?=-?\d)|[-+*(),:[\]=&<>])|(?<comment>;.*|#.*|\/\/.*)|(?<number>0[xX][\da-fA-F]+\b|\d+\b)|(?<word>%?[A-Za-z_.$][\w.$]*)/y;

/** The pieces of one line, without the comment. @throws WaggleError MALFORMED for a character that no piece begins with. */
export function tokenize(text: string, line: number): Token[] {
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  while (PATTERN.lastIndex < text.length) {
    const column = PATTERN.lastIndex + 1;
    const groups = PATTERN.exec(text)?.groups;
    if (!groups) throw syntaxError(line, column, `${JSON.stringify(text[column - 1])} is out of place`);
    const { sign, number, word } = groups;
    if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, column });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, column });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.replace('%', ''), column });
  }
  return tokens;
}

/** An error at a place in the text. */
export function syntaxError(line: number, column: number, problem: string, hint?: string): WaggleError {
  return new WaggleError(
    'MALFORMED',
    `line ${line}, column ${column}: ${problem}`,
    hint === undefined ? {} : { hint },
  );
}

/** "Did you mean …?" for a word that is none of the known ones. */
export function suggestion(word: string, known: Iterable<string>): string | undefined {
  const best = nearest(word, known);
  return best === undefined ? undefined : `Did you mean ${best}?`;
}

/** Walks over the pieces of a line. */
export class Cursor {
  readonly line: number;
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #position = 0;

  constructor(text: string, line: number) {
    this.line = line;
    this.#tokens = tokenize(text, line);
    this.#end = { kind: 'end', text: 'the end of the line', column: text.trimEnd().length + 1 };
  }

  /** The piece `ahead` pieces from here, without going there. */
  peek(ahead = 0): Token {
    return this.#tokens[this.#position + ahead] ?? this.#end;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#position++;
    return token;
  }

  /** Steps over a piece if it is the next. */
  accept(text: string): boolean {
    const found = this.peek().kind !== 'end' && this.peek().text === text;
    if (found) this.#position++;
    return found;
  }

  /** Steps over pieces that must come next. */
  expect(...texts: readonly string[]): void {
    for (const text of texts) if (!this.accept(text)) throw this.unexpected(`"${text}"`);
  }

  /** The next piece, which must be a word. */
  word(what: string): string {
    if (this.peek().kind !== 'word') throw this.unexpected(what);
    return this.next().text;
  }

  /** A number with or without a sign. */
  integer(what = 'a number'): bigint {
    const negative = this.accept('-');
    if (!negative) this.accept('+');
    if (this.peek().kind !== 'number') throw this.unexpected(what);
    const value = BigInt(this.next().text);
    return negative ? -value : value;
  }

  /** Whether the next piece begins a number. */
  atInteger(): boolean {
    const { kind, text } = this.peek();
    return kind === 'number' || ((text === '-' || text === '+') && this.peek(1).kind === 'number');
  }

  /** Nothing may be left of the line. */
  finish(): void {
    if (this.peek().kind !== 'end') throw this.unexpected('the end of the line');
  }

  unexpected(wanted: string, hint?: string): WaggleError {
    const { kind, text } = this.peek();
    return this.error(`expected ${wanted}, found ${kind === 'end' ? text : JSON.stringify(text)}`, hint);
  }

  error(problem: string, hint?: string, token = this.peek()): WaggleError {
    return syntaxError(this.line, token.column, problem, hint);
  }
}
