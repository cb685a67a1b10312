/**
 * Diagnostics as they are found. Whoever finds a fault reports it, which throws; statements catch, so that one run tells all
 * faults of a program, and what was declared in a faulty statement is left alone from then on.
 */
import { type DiagnosticCode, diagnostics } from './diagnostics.ts';
import type { Place } from './syntax.ts';

/** A fault in a program, where it is, and what to do. Lines and columns count from 1, the length in characters. */
export interface Diagnostic {
  readonly code: `W${number}`;
  readonly message: string;
  readonly hint?: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** What fills the gaps of a message. */
export type Details = Readonly<Record<string, string | number | bigint>>;

/** Thrown after a diagnostic was reported; nobody but a statement's recovery catches it. */
export class Reported extends Error {}

/** Collects the diagnostics of one run. */
export class Reporter {
  readonly found: Diagnostic[] = [];

  /** Adds a diagnostic; one at the same place counts once. A `hint` among the details says more than the general one. */
  add(code: DiagnosticCode, place: Place, details: Details = {}): void {
    const text: { readonly message: string; readonly hint?: string } = diagnostics[code];
    const hint = fill(String(details.hint ?? text.hint ?? ''), details);
    const { file, line, column, length } = place;
    const known = this.found.some(
      (other) => other.code === code && other.file === file && other.line === line && other.column === column,
    );
    if (known) return;
    this.found.push({
      code,
      message: fill(text.message, details),
      ...(hint === '' ? {} : { hint }),
      file,
      line,
      column,
      length,
    });
  }

  /** Adds a diagnostic and gives up the statement. */
  fail(code: DiagnosticCode, place: Place, details: Details = {}): never {
    this.add(code, place, details);
    throw new Reported();
  }
}

/** A diagnostic as compilers print it: `file:line:column: W301: message. hint`. */
export function formatDiagnostic({ code, message, hint, file, line, column }: Diagnostic): string {
  return `${file}:${line}:${column}: ${code}: ${message}${hint === undefined ? '' : `. ${hint}`}`;
}

function fill(text: string, details: Details): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? ''));
}
