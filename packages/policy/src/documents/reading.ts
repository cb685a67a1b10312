/**
 * One run over one text: knows its file and its lines, and collects what is wrong with it. Readers go on after a problem,
 * so that the author gets all of them at once.
 */
import type { Place } from '../rules/rule.ts';
import { PolicyFileError, type Problem } from './policy-file-error.ts';

export class Reading {
  readonly text: string;
  readonly file: string | undefined;
  readonly #problems: { readonly problem: Problem; readonly offset: number }[] = [];
  /** The offset of each line's first character, found when the first line is asked for. */
  #lineStarts: number[] | undefined;

  constructor(text: string, file?: string) {
    this.text = text;
    this.file = file;
  }

  /** The place of what begins at an offset. */
  place(offset: number, path: string): Place {
    const line = this.#lineAt(offset);
    return this.file === undefined ? { line, path } : { file: this.file, line, path };
  }

  /**
   * Notes a problem.
   *
   * @param offset - Where it begins.
   * @param path - The path in the document, as `spec.ingress[0]`.
   * @param message - One sentence.
   * @param hint - What is allowed, or what to do next.
   */
  refuse(offset: number, path: string, message: string, hint?: string): void {
    const place = this.place(offset, path);
    this.#problems.push({ problem: { place, message, ...(hint !== undefined && { hint }) }, offset });
  }

  /** Where the first problem begins; nothing if there is none. */
  get firstProblem(): number | undefined {
    return this.#problems.length === 0 ? undefined : Math.min(...this.#problems.map(({ offset }) => offset));
  }

  /** Throws what was noted, if anything was. */
  finish(): void {
    if (this.#problems.length === 0) return;
    const inOrder = this.#problems.toSorted((a, b) => a.offset - b.offset);
    throw new PolicyFileError(inOrder.map(({ problem }) => problem));
  }

  #lineAt(offset: number): number {
    this.#lineStarts ??= lineStarts(this.text);
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}
