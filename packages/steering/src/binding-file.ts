/**
 * Files of bindings, in YAML or JSON:
 *
 *     bindings:
 *       - { label: www, protocol: tcp, prefix: 10.0.0.0/24, port: 80 }
 *       - { label: www, protocol: tcp, prefix: fd00::/64, port: 8000-8999, missing: pass }
 *
 * All mistakes in a file are told, each with its line; nothing of such a file is used.
 */
import { WaggleError } from '@waggle/bpf';
import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { type Binding, parseBinding, placeOf } from './binding.ts';

const Text = z.union([z.string(), z.number().transform(String)]);
const Entry = z.strictObject({
  label: Text,
  protocol: z.string(),
  prefix: z.string(),
  port: Text,
  missing: z.string().optional(),
});
const File = z.strictObject({ bindings: z.array(z.unknown()) });

/**
 * Reads a file of bindings.
 * @param file its name, for messages.
 * @throws WaggleError MALFORMED with one line for each mistake: `bindings.yaml:3: …`.
 */
export function parseBindingFile(file: string, text: string): Binding[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const faults: string[] = [];
  const fault = (line: number, message: string): void => {
    faults.push(`${file}:${line}: ${message}`);
  };
  for (const { pos, message } of document.errors)
    fault(lines.linePos(pos[0]).line, message.split('\n')[0] ?? '');
  if (faults.length > 0) throw malformed(faults);
  const whole = File.safeParse(contentsOf(document, fault));
  if (!whole.success) {
    for (const issue of whole.error.issues) fault(lineOf(document, lines, issue.path), sentence(issue));
    throw malformed(faults);
  }
  const places = new Map<string, number>();
  const found: Binding[] = [];
  for (const [index, value] of whole.data.bindings.entries()) {
    const line = lineOf(document, lines, ['bindings', index]);
    const entry = Entry.safeParse(value);
    if (!entry.success) {
      for (const issue of entry.error.issues) {
        fault(lineOf(document, lines, ['bindings', index, ...issue.path]), sentence(issue));
      }
      continue;
    }
    try {
      const binding = parseBinding(entry.data);
      const other = places.get(placeOf(binding));
      if (other !== undefined) fault(line, `${placeOf(binding)} is bound on line ${other} already`);
      places.set(placeOf(binding), line);
      found.push(binding);
    } catch (error) {
      if (!(error instanceof WaggleError)) throw error;
      fault(line, error.message);
    }
  }
  if (faults.length > 0) throw malformed(faults);
  return found;
}

/** The value of a document; an alias that leads nowhere is found only now. */
function contentsOf(document: Document, fault: (line: number, message: string) => void): unknown {
  try {
    return document.toJS();
  } catch (error) {
    fault(1, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** What zod found wrong, with the name of the field. */
function sentence({
  path,
  message,
}: {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

/** The line of a value, or of the innermost one around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const step of path) {
    if (!isMap(node) && !isSeq(node)) break;
    node = node.get(step, true);
    const start = (node as Node | undefined)?.range?.[0];
    if (start === undefined) break;
    offset = start;
  }
  return lines.linePos(offset).line;
}

function malformed(faults: readonly string[]): WaggleError {
  return new WaggleError('MALFORMED', faults.join('\n'), { hint: 'Nothing was changed' });
}
