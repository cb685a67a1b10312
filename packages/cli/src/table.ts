/** Tables for people: columns as wide as their widest cell, numbers to the right. */

import { hang, wrap } from './output.ts';

/** Lays out rows below their heading; columns are two spaces apart. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly (string | bigint | number)[])[],
): string {
  const cells = rows.map((row) => row.map(String));
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)),
  );
  // Further lines of a row are empty where there is nothing to go on with.
  const toTheRight = heading.map(
    (_, column) =>
      rows.some((row) => typeof row[column] !== 'string') &&
      rows.every((row) => typeof row[column] !== 'string' || row[column] === ''),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return toTheRight[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [heading, ...cells].map((row) => `${line(row)}\n`).join('');
}

/**
 * A table that is no wider than `width`: the widest columns are broken at spaces, and where that does not suffice, within their
 * longest words; a row takes as many lines as it needs.
 */
export function fitTable(
  heading: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  width: number,
): string {
  const columns = heading.map((title, column): Column => {
    const texts = [title, ...rows.map((row) => String(row[column] ?? ''))];
    return {
      now: Math.max(...texts.map((text) => text.length)),
      least: Math.max(...texts.flatMap((text) => text.split(' ').map((word) => word.length))),
    };
  });
  shrink(columns, width, ({ least }) => least);
  shrink(columns, width, ({ least }) => Math.min(least, SHORTEST_PART));
  const lines = rows.flatMap((row) => {
    const cells = row.map((cell, column) =>
      typeof cell === 'number' ? [cell] : broken(cell, columns[column]?.now ?? width),
    );
    const height = Math.max(1, ...cells.map((cell) => cell.length));
    return Array.from({ length: height }, (_, line) => cells.map((cell) => cell[line] ?? ''));
  });
  return table(heading, lines);
}

/** A word is only broken into parts of at least this length. */
const SHORTEST_PART = 20;

interface Column {
  now: number;
  /** Its longest word. */
  readonly least: number;
}

/** Makes the widest columns narrower, until all fit or none may be narrower. */
function shrink(columns: readonly Column[], width: number, leastOf: (column: Column) => number): void {
  const total = (): number => columns.reduce((sum, { now }) => sum + now + 2, -2);
  while (total() > width) {
    const [widest] = columns.filter((column) => column.now > leastOf(column)).sort((a, b) => b.now - a.now);
    if (!widest) return;
    widest.now -= 1;
  }
}

const broken = (text: string, width: number): string[] =>
  wrap(text, width).flatMap((line) =>
    Array.from({ length: Math.max(1, Math.ceil(line.length / width)) }, (_, part) =>
      line.slice(part * width, (part + 1) * width),
    ),
  );

/** Facts below one another: what it is, and to the right what is known of it. */
export function factsText(facts: readonly (readonly [name: string, text: string])[], width: number): string {
  const left = Math.max(0, ...facts.map(([name]) => name.length)) + 4;
  return facts
    .flatMap(([name, text]) => hang(`  ${name}`.padEnd(left), left, wrap(text, width - left)))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
