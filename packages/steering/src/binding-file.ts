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
import * as z from 'zod';
import { type Binding, parseBinding, placeOf } from './binding.ts';
import { BindingList } from './binding-list.ts';
import { Places } from './row-table.ts';
import { SourceFile } from './source-file.ts';

const Text = z.union([z.string(), z.number().transform(String)]);
const Entry = z.strictObject({
  label: Text,
  protocol: z.string(),
  prefix: z.string(),
  port: Text,
  missing: z.string().optional(),
});
const File = z.strictObject({ bindings: z.array(z.unknown()) });

/** Places do not depend on labels. */
const unlabelled = { idOf: () => 0 };

/**
 * Reads a file of bindings.
 * @param file its name, for messages.
 * @throws WaggleError MALFORMED with one line for each mistake: `bindings.yaml:3: …`.
 */
export function parseBindingFile(file: string, text: string): Binding[] {
  const source = new SourceFile(text);
  const faults = source.faults.map(({ line, message }) => ({ line, message }));
  const fault = (path: readonly PropertyKey[], message: string): void => {
    faults.push({ line: source.lineOf(path), message });
  };
  const malformed = (): WaggleError => {
    // As an editor shows them.
    faults.sort((left, right) => left.line - right.line);
    const lines = faults.map(({ line, message }) => `${file}:${line}: ${message}`);
    return new WaggleError('MALFORMED', lines.join('\n'), { hint: 'Nothing was changed' });
  };
  if (faults.length > 0) throw malformed();
  const whole = File.safeParse(source.contents);
  if (!whole.success) {
    for (const issue of whole.error.issues) fault(issue.path, sentence(issue));
    throw malformed();
  }
  const found: Binding[] = [];
  /** Which entry of the file each is. */
  const entries: number[] = [];
  for (const [index, value] of whole.data.bindings.entries()) {
    const at = ['bindings', index];
    const entry = Entry.safeParse(value);
    if (!entry.success) {
      for (const issue of entry.error.issues) fault([...at, ...issue.path], sentence(issue));
      continue;
    }
    try {
      found.push(parseBinding(entry.data));
      entries.push(index);
    } catch (error) {
      if (!(error instanceof WaggleError)) throw error;
      fault(at, error.message);
    }
  }
  for (const { row, first } of new Places(BindingList.of(found, unlabelled)).duplicates) {
    const [binding, line] = [found[row], source.lineOf(['bindings', entries[first] ?? 0])];
    if (binding)
      fault(['bindings', entries[row] ?? 0], `${placeOf(binding)} is bound on line ${line} already`);
  }
  if (faults.length > 0) throw malformed();
  return found;
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
