/** Tables for people: columns as wide as their widest cell, numbers to the right. */

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
