/**
 * How the benchmarks measure on a machine that others use too. CPU time instead of the clock on the wall
 * where only work counts; both sides in turn (A B A B …), so that what slows the machine down slows both;
 * and medians, which a few bad rounds do not move.
 */

/** Nanoseconds of CPU time that `body` costs this process, V8's compiler and collector threads included. */
export function cpuTime(body: () => void): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

/** Nanoseconds that `body` takes. */
export function wallTime(body: () => void): number {
  const before = process.hrtime.bigint();
  body();
  return Number(process.hrtime.bigint() - before);
}

/** The middle one of the values, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** Medians of both sides; without a twin, of ours alone. */
export interface Comparison {
  readonly ours: number;
  readonly twin?: number;
}

/** Measures ours and the twin in turn, and once before that to warm up. */
export function compare(rounds: number, ours: () => number, twin?: () => number): Comparison {
  const figures: { ours: number[]; twin: number[] } = { ours: [], twin: [] };
  for (let round = 0; round <= rounds; round++) {
    const our = ours();
    const their = twin?.();
    if (round === 0) continue;
    figures.ours.push(our);
    if (their !== undefined) figures.twin.push(their);
  }
  return { ours: median(figures.ours), ...(twin ? { twin: median(figures.twin) } : {}) };
}

/** What each round came to, of both sides. */
export interface Rounds {
  readonly ours: readonly number[];
  readonly twin: readonly number[];
}

/** Measures both in turn, the other one first each time; a round of each before that warms up. */
export async function inTurn(
  rounds: number,
  ours: () => Promise<number>,
  twin: () => Promise<number>,
): Promise<Rounds> {
  const figures: { ours: number[]; twin: number[] } = { ours: [], twin: [] };
  for (let round = 0; round <= rounds; round++) {
    const [first, second] = round % 2 === 0 ? [ours, twin] : [twin, ours];
    const [one, other] = [await first(), await second()];
    if (round === 0) continue;
    figures.ours.push(round % 2 === 0 ? one : other);
    figures.twin.push(round % 2 === 0 ? other : one);
  }
  return figures;
}

/** Says what the ratios of the rounds are: what lies in the middle, and between which the middle half lies. */
export function spreadOf({ ours, twin }: Rounds): string {
  const ratios = ours.map((each, round) => each / (twin[round] ?? Number.NaN)).sort((a, b) => a - b);
  const [low = 0, high = 0] = [0.25, 0.75].map((part) => ratios[Math.floor(part * ratios.length)]);
  return `${median(ratios).toFixed(3)} × in the middle of ${ratios.length} rounds, half of them from ${low.toFixed(3)} to ${high.toFixed(3)}`;
}
