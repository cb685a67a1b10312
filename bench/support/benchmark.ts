/**
 * The frame of a benchmark file: it runs the body, prints the table, and tells the runner by the exit code
 * whether a goal was missed. A goal is an aim, not a test: on a machine that others use, a miss may be
 * noise.
 */
import { isMet, layOut, type Row } from './report.ts';

/** Exit code of a benchmark that missed a goal. */
const MISSED = 2;

/** What a benchmark is. */
export interface Benchmark {
  readonly name: string;
  /** What is measured, and why the goals are what they are. */
  readonly about: string;
  /** Whom the second column is about; `C` by default. */
  readonly twin?: string;
  /** false: it also runs for users without privileges. */
  readonly needsRoot?: boolean;
}

/** Takes the results while a benchmark runs. */
export interface Recorder {
  /** Adds a line to the table. */
  row(row: Row): void;
  /** Adds a remark below the table. */
  note(text: string): void;
}

/** Runs a benchmark and prints its table. */
export async function benchmark(
  { name, about, twin = 'C', needsRoot = true }: Benchmark,
  body: (recorder: Recorder) => void | Promise<void>,
): Promise<void> {
  const rows: Row[] = [];
  const notes: string[] = [];
  if (needsRoot && process.getuid?.() !== 0) notes.push('Skipped: it needs root.');
  else await body({ row: (row) => rows.push(row), note: (text) => notes.push(text) });
  console.log(`${layOut(name, about, twin, rows, notes)}\n`);
  if (rows.some((row) => isMet(row) === false)) process.exitCode = MISSED;
}
