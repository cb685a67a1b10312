/** The table that a benchmark prints: at most 100 columns wide, with a mark where a row has a goal. */

/** Units of figures: time in nanoseconds, rates in 1/s, throughput in bits/s, sizes in bytes. */
const units = {
  time: [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
    [1, 'ns'],
  ],
  rate: [
    [1e6, 'M/s'],
    [1e3, 'k/s'],
    [1, '/s'],
  ],
  bits: [
    [1e9, 'Gbit/s'],
    [1e6, 'Mbit/s'],
    [1, 'bit/s'],
  ],
  size: [
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
    [1, 'B'],
  ],
  count: [[1, '']],
} as const;
export type Unit = keyof typeof units;

/** What a row must reach: how many times slower than the twin it may be, its share of the twin's rate, or a bound on its figure. */
export type Goal =
  | { readonly ratio: number }
  | { readonly share: number }
  | { readonly atMost: number }
  | { readonly atLeast: number };

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: number;
  readonly twin?: number;
  readonly goal?: Goal;
}

/** Columns of text; the indentation comes on top. */
const WIDTH = 98;

/** Formats a figure with about three digits: `1.23 µs`, `9.81 M/s`, `12 KiB`. */
export function format(value: number, unit: Unit): string {
  if (unit === 'count') return value.toLocaleString('en-US');
  const size = Math.abs(value);
  const [divisor, suffix] = units[unit].find(([step]) => size >= step) ?? units[unit].at(-1) ?? [1, ''];
  const scaled = size / divisor;
  const places = Number.isInteger(scaled) || scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return `${(value / divisor).toFixed(places)} ${suffix}`;
}

/** How many times slower than the twin: below 1 is faster. With a share for its goal: how much of the twin's figure. */
function ratioOf({ unit, ours, twin, goal }: Row): number | undefined {
  if (twin === undefined || ours === 0 || twin === 0) return undefined;
  if (goal && 'share' in goal) return ours / twin;
  return unit === 'rate' || unit === 'bits' ? twin / ours : ours / twin;
}

/** Whether the row reaches its goal; undefined when it has none, or lacks the twin to compare with. */
export function isMet(row: Row): boolean | undefined {
  const { goal, ours } = row;
  if (!goal) return undefined;
  if ('atMost' in goal) return ours <= goal.atMost;
  if ('atLeast' in goal) return ours >= goal.atLeast;
  const ratio = ratioOf(row);
  if (ratio === undefined) return undefined;
  return 'share' in goal ? ratio >= goal.share : ratio <= goal.ratio;
}

function mark(row: Row): string {
  const met = isMet(row);
  return met === undefined ? '' : met ? '✓' : '✗';
}

function goalText({ goal, unit }: Row, twin: string): string {
  if (!goal) return '';
  if ('ratio' in goal) return `≤ ${goal.ratio} × ${twin}`;
  if ('share' in goal) return `≥ ${goal.share} × ${twin}`;
  if ('atLeast' in goal) return `≥ ${format(goal.atLeast, unit)}`;
  return goal.atMost === 0 ? '0' : `≤ ${format(goal.atMost, unit)}`;
}

/** Lays out a benchmark: its name, what it is about, its rows, and remarks below them. */
export function layOut(
  name: string,
  about: string,
  twin: string,
  rows: readonly Row[],
  notes: readonly string[],
): string {
  const cells = rows.map((row) => {
    const ratio = ratioOf(row);
    return [
      row.what,
      format(row.ours, row.unit),
      row.twin === undefined ? '' : format(row.twin, row.unit),
      ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
      goalText(row, twin),
      mark(row),
    ];
  });
  const compares = rows.some((row) => row.twin !== undefined);
  const header = ['', 'waggle', compares ? twin : '', compares ? 'ratio' : '', 'goal', ''];
  const table = rows.length > 0 ? ['', ...alignColumns([header, ...cells])] : [];
  const remarks = notes.length > 0 ? ['', ...notes.flatMap(wrap)] : [];
  const indented = [...wrap(about), ...table, ...remarks].map((line) => (line === '' ? '' : `  ${line}`));
  return [name, ...indented].join('\n');
}

/** Pads the columns: text on the left, figures on the right, the mark last. A column without any cell goes. */
function alignColumns(lines: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...lines.map((line) => line[column]?.length ?? 0));
  const text = Math.max(width(0), 36);
  const figures = [1, 2, 3, 4].map((column) => (width(column) === 0 ? 0 : Math.max(width(column), 10) + 2));
  return lines.map(([what = '', ...cells]) => {
    const columns = figures.map((size, index) => cells[index]?.padStart(size));
    return `${what.padEnd(text)}${columns.join('')}  ${cells[figures.length] ?? ''}`.trimEnd();
  });
}

/** Breaks a text into lines. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
