/** Tables for people: columns as wide as their widest cell, numbers to the right. */

import { wrap } from './output.ts';

/** Lays out rows below their heading; columns are two spaces apart. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly (string | bigint | number)[])[],
): string {
  const cells = rows.map((row) => row.map(String));
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const toTheRight = heading.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] !== 'string'),
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
 * A table that is no wider than `width`, as far as its longest words let it: the widest columns are broken at spaces, and a row
 * takes as many lines as it needs.
 */
export function fitTable(
  heading: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  width: number,
): string {
  const columns = heading.map((title, column) => {
    const texts = [title, ...rows.map((row) => String(row[column] ?? ''))];
    return {
      now: Math.max(...texts.map((text) => text.length)),
      least: Math.max(...texts.flatMap((text) => text.split(' ').map((word) => word.length))),
    };
  });
  const total = (): number => columns.reduce((sum, { now }) => sum + now + 2, -2);
  while (total() > width) {
    const [widest] = columns.filter(({ now, least }) => now > least).sort((a, b) => b.now - a.now);
    if (!widest) break;
    widest.now -= 1;
  }
  const broken = rows.flatMap((row) => {
    const cells = row.map((cell, column) =>
      typeof cell === 'number' ? [cell] : wrap(cell, columns[column]?.now ?? width),
    );
    const lines = Math.max(1, ...cells.map((cell) => cell.length));
    return Array.from({ length: lines }, (_, line) => cells.map((cell) => cell[line] ?? ''));
  });
  return table(heading, broken);
}
