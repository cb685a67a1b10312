/** The error of a program that does not compile, where there is nobody to take a list of diagnostics. */
import { WaggleError } from '@waggle/bpf';
import { type Diagnostic, formatDiagnostic } from '../frontend/report.ts';

/** A program does not compile; `diagnostics` says why. */
export class CompileError extends WaggleError {
  override readonly name = 'CompileError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(program: string, diagnostics: readonly Diagnostic[]) {
    const lines = diagnostics.map((diagnostic) => `\n  ${formatDiagnostic(diagnostic)}`);
    super('BAD_DECLARATION', `program "${program}" does not compile:${lines.join('')}`);
    this.diagnostics = diagnostics;
  }
}
