/** Tells a story on a terminal: headings, what was expected and what happened, quotations; calm, and not wider than a page. */
import { createInterface } from 'node:readline/promises';
import type { Stream } from '../context.ts';
import { hang, type Style, styleFor, wrap } from '../output.ts';

/** Columns before the text of a step, and of what was expected. */
const INDENT = 3;
const EXPECTED = 28;

export interface NarratorOptions {
  /** Stands in every heading. */
  readonly label?: string;
  /** Waits for Enter between the steps. */
  readonly pauses?: boolean;
}

export class Narrator {
  readonly #stream: Stream;
  readonly #style: Style;
  readonly #label: string;
  readonly #pauses: boolean;
  #steps = 0;
  #met = 0;
  #unmet = 0;
  #isSilent = false;

  constructor(stream: Stream, { label, pauses = false }: NarratorOptions = {}) {
    this.#stream = stream;
    this.#style = styleFor(stream);
    this.#label = label === undefined ? '' : ` [${label}]`;
    this.#pauses = pauses;
  }

  /** How many expectations were met, and how many were not. */
  get tally(): { readonly met: number; readonly unmet: number } {
    return { met: this.#met, unmet: this.#unmet };
  }

  /** Says nothing more. */
  stop(): void {
    this.#isSilent = true;
  }

  /** The heading of it all, and what is to be known first. */
  title(text: string, ...paragraphs: readonly string[]): void {
    this.#line(this.#style.paint('bold', `${text}${this.#label}`));
    for (const paragraph of paragraphs)
      for (const line of wrap(paragraph, this.#style.width)) this.#line(line);
  }

  /** Begins a step. */
  async step(text: string): Promise<void> {
    if (this.#pauses && this.#steps > 0) await pause();
    this.#steps += 1;
    this.#line('');
    this.#line(this.#style.paint('bold', `${String(this.#steps).padEnd(INDENT)}${text}${this.#label}`));
  }

  /** Says something. */
  say(text: string): void {
    this.#block('', text);
  }

  /** Shows lines as they are. */
  quote(lines: readonly string[]): void {
    for (const line of lines) this.#line(`${' '.repeat(INDENT)}${this.#style.paint('dim', line)}`);
  }

  /** Shows lines that belong together. */
  list(lines: readonly string[]): void {
    for (const line of lines) this.#line(`${' '.repeat(INDENT)}${line}`.trimEnd());
  }

  /** Holds what happened against what was expected. */
  expect(expected: string, met: boolean, happened: string): void {
    if (met) this.#met += 1;
    else this.#unmet += 1;
    const { good, bad } = this.#style.marks;
    const mark = met ? this.#style.paint('green', good) : this.#style.paint('red', bad);
    const left = `${' '.repeat(INDENT)}${mark} ${expected.padEnd(EXPECTED)}  `;
    const width = INDENT + 2 + Math.max(EXPECTED, expected.length) + 2;
    const told = met ? happened : `not so: ${happened}`;
    for (const line of hang(left, width, wrap(told, this.#style.width - width))) this.#line(line);
  }

  /** The last words. */
  end(text: string): void {
    const colour = this.#unmet === 0 ? 'green' : 'red';
    const { good, bad } = this.#style.marks;
    this.#line('');
    const [first = '', ...rest] = wrap(
      `${this.#unmet === 0 ? good : bad} ${text}${this.#label}`,
      this.#style.width,
    );
    for (const line of [first, ...rest]) this.#line(this.#style.paint(colour, line));
  }

  #block(left: string, text: string): void {
    const indent = `${' '.repeat(INDENT)}${left}`;
    for (const line of hang(indent, indent.length, wrap(text, this.#style.width - indent.length)))
      this.#line(line);
  }

  #line(text: string): void {
    if (!this.#isSilent) this.#stream.write(`${text}\n`);
  }
}

const ONE_LINE_UP = '\x1b[1A\x1b[K';

/** Waits for Enter; what asked for it goes away. */
async function pause(): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    await terminal.question('\n   Enter goes on');
    process.stderr.write(ONE_LINE_UP + ONE_LINE_UP);
  } finally {
    terminal.close();
  }
}
