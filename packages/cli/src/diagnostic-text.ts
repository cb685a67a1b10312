/**
 * Diagnostics as a reader wants them: the place in a form that editors jump to, the sentence with its number, the source
 * line with a mark under what is meant, and what to do.
 *
 *     balance.bpf.ts:21:24 - W301: This may be null: service
 *        21 |   const first = service.first;
 *           |                 ^^^^^^^
 *           Test it first: if (!service) return …
 */
import { relative } from 'node:path';
import type { Diagnostic } from '@waggle/compiler/modules';
import type { Style } from './output.ts';

const TAB = '  ';

/**
 * The text of diagnostics, ending with how many there are.
 * @param textOf the content of a file, undefined when it cannot be read.
 * @param directory what file names are relative to.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  style: Style,
  { textOf, directory }: { textOf: (file: string) => string | undefined; directory: string },
): string {
  const blocks = diagnostics.map((diagnostic) => {
    const file = relative(directory, diagnostic.file);
    return renderDiagnostic({ ...diagnostic, file }, textOf(diagnostic.file), style);
  });
  const files = new Set(diagnostics.map(({ file }) => file)).size;
  const count = `${diagnostics.length} ${diagnostics.length === 1 ? 'error' : 'errors'}`;
  return `${blocks.join('\n')}\n${count}${files > 1 ? ` in ${files} files` : ''}\n`;
}

function renderDiagnostic(
  { file, line, column, length, code, message, hint }: Diagnostic,
  text: string | undefined,
  { paint }: Style,
): string {
  const heading = `${paint('bold', `${file}:${line}:${column}`)} - ${paint('red', code)}: ${message}`;
  const margin = `${' '.repeat(Math.max(5, String(line).length + 1))} | `;
  const lines = [heading];
  const source = text?.split(/\r?\n/)[line - 1];
  if (source !== undefined) {
    const number = String(line).padStart(margin.length - 3);
    const before = source.slice(0, column - 1).replaceAll('\t', TAB);
    // What spans several lines is marked to the end of its first.
    const meant = source
      .slice(column - 1, column - 1 + length)
      .trimEnd()
      .replaceAll('\t', TAB);
    const mark = '^'.repeat(Math.max(1, meant.length));
    lines.push(`${paint('dim', `${number} |`)} ${source.replaceAll('\t', TAB).trimEnd()}`);
    lines.push(`${paint('dim', margin)}${' '.repeat(before.length)}${paint('red', mark)}`);
  }
  if (hint !== undefined) lines.push(`${' '.repeat(margin.length)}${hint}`);
  return `${lines.join('\n')}\n`;
}
