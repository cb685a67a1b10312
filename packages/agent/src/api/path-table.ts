/** From the path of a request to those that are declared: segment by segment, of which parameters in braces stand for any. */

/** What stands in the table. */
interface Declared {
  /** With parameters in braces. */
  readonly path: string;
}

/** What a path leads to. */
export interface Found<Entry> {
  /** All of one declared path, in the order in which they were declared. */
  readonly entries: readonly Entry[];
  /** By the names of the parameters. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Entries by their paths. */
export class PathTable<Entry extends Declared> {
  /** By path; where several fit, the first one counts. */
  readonly #paths = new Map<string, { readonly pattern: RegExp; readonly entries: Entry[] }>();

  constructor(entries: Iterable<Entry>) {
    for (const entry of entries) {
      const known = this.#paths.get(entry.path);
      if (known) known.entries.push(entry);
      else this.#paths.set(entry.path, { pattern: patternOf(entry.path), entries: [entry] });
    }
  }

  /** @param path - Of a request, still encoded; a slash at its end makes no difference, as some clients of the field send one. */
  find(path: string): Found<Entry> | undefined {
    for (const { pattern, entries } of this.#paths.values()) {
      const match = pattern.exec(path);
      if (!match) continue;
      const named = Object.entries(match.groups ?? {});
      return { entries, parameters: Object.fromEntries(named.map(([name, text]) => [name, decoded(text)])) };
    }
    return undefined;
  }
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/\/$/, '').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}/?$`);

/** What is not encoded rightly means itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
