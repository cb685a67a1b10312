/**
 * How text looks on the terminal that it goes to: colours only where somebody looks, marks in ASCII where UTF-8 is not
 * spoken, and no line wider than a page.
 */

import type { Stream } from './context.ts';

const WIDEST = 100;
const NARROWEST = 60;

/** ANSI sequences (ECMA-48, "select graphic rendition"). */
const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Colour = keyof typeof codes;

/** How to write. */
export interface Style {
  /** Columns of a line. */
  readonly width: number;
  readonly marks: { readonly good: string; readonly missing: string; readonly bad: string };
  paint(colour: Colour, text: string): string;
}

/** The style for a stream, as the environment asks for it (NO_COLOR: no-color.org; LC_ALL, LC_CTYPE, LANG: locale(7)). */
export function styleFor(
  stream: Pick<Stream, 'isTTY' | 'columns'>,
  environment: NodeJS.ProcessEnv = process.env,
): Style {
  const { NO_COLOR = '', TERM, LC_ALL, LC_CTYPE, LANG } = environment;
  const colours = stream.isTTY === true && NO_COLOR === '' && TERM !== 'dumb';
  const unicode = /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
  return {
    width: Math.max(NARROWEST, Math.min(WIDEST, stream.columns ?? WIDEST)),
    marks: unicode ? { good: '✓', missing: '–', bad: '✗' } : { good: '+', missing: '-', bad: 'x' },
    paint: (colour, text) => (colours ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text),
  };
}

/** Breaks text into lines of at most `width` characters, at spaces; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A block of text in the columns right of `left`, which stands in front of its first line. */
export function hang(left: string, leftWidth: number, lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? left : ' '.repeat(leftWidth)) + line);
}
