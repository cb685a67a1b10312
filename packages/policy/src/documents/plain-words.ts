/**
 * What of plain YAML stands within one line: keys, texts in quotes, and words without quotes. Shared by the fast readers of
 * blocks and of brackets. What is more than that throws UNUSUAL, and the document is left to the package `yaml`.
 */
import type { Scalar } from './node.ts';

/** Thrown where the text is more than the fast readers understand. */
export const UNUSUAL = Symbol('unusual YAML');

/** A key, and where what follows its colon begins. */
export interface Key {
  readonly name: string;
  readonly end: number;
}

const KEY = /[A-Za-z_/][\w./:-]*(?=:(?: |\n|$))/y;
/** YAML knows a key by its colon, and looks no further for it than this. */
const LONGEST_KEY = 1024;
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

/** Whether a text in quotes begins with this. */
export const isQuote = (character: string | undefined): boolean => character === '"' || character === "'";

/**
 * The key that stands at a place, with a colon and a blank after it.
 *
 * @param text - The whole text.
 * @param at - The place.
 * @param end - Where the line or the document ends.
 * @param tight - Whether a key in quotes needs no blank after its colon, as between brackets.
 * @returns Nothing when no key stands here.
 */
export function keyAt(text: string, at: number, end: number, tight: boolean): Key | undefined {
  const key = isQuote(text[at]) ? quotedKeyAt(text, at, end, tight) : plainKeyAt(text, at);
  if (key !== undefined && key.end - at > LONGEST_KEY) throw UNUSUAL;
  return key;
}

function quotedKeyAt(text: string, at: number, end: number, tight: boolean): Key | undefined {
  const name = quotedAt(text, at, end);
  const colon = at + name.length + 2;
  if (colon >= end || text[colon] !== ':' || !(tight || isBlank(text, colon + 1, end))) return undefined;
  return { name, end: colon + 1 };
}

function plainKeyAt(text: string, at: number): Key | undefined {
  KEY.lastIndex = at;
  const name = KEY.exec(text)?.[0];
  if (name === undefined || WORDS.has(name)) return undefined;
  return { name, end: at + name.length + 1 };
}

/** Whether a blank stands at a place, or nothing more of its line. */
export function isBlank(text: string, at: number, end: number): boolean {
  return at >= end || text[at] === ' ' || text[at] === '\n';
}

/** The text between the quote at a place and the one that closes it. Escapes and further lines are left to others. */
export function quotedAt(text: string, at: number, end: number): string {
  const quote = text[at] ?? '';
  const close = text.indexOf(quote, at + 1);
  if (close === -1 || close >= end || text[close + 1] === quote) throw UNUSUAL;
  const content = text.slice(at + 1, close);
  if (content.includes('\n') || (quote === '"' && content.includes('\\'))) throw UNUSUAL;
  return content;
}

/** What a word without quotes says. */
export function plainValue(word: string): Scalar {
  const first = word[0] ?? '';
  if (INDICATORS.has(first) || /^[-?:](?: |$)|: |:$/.test(word)) throw UNUSUAL;
  const known = WORDS.get(word);
  if (known !== undefined) return known;
  if (!/^[-+.\d]/.test(word)) return word;
  if (PLAIN_INTEGER.test(word)) return Number(word);
  if (NUMBER.test(word)) throw UNUSUAL;
  return word;
}

/** A text without the blanks at its end. Not `trimEnd`, which takes more for blanks than YAML does. */
export function withoutBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end--;
  return end === text.length ? text : text.slice(0, end);
}
