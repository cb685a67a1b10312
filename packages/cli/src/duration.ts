/** Spans of time as users write and read them: `30s`, `2 min 5 s`. */
import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** Milliseconds of `30`, `30s`, `500ms`, `2m`, `1h`; without a unit they are seconds. */
export function parseDuration(text: string): number {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)\s*([a-z]+)?$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (digits !== undefined && factor !== undefined) return Number(digits) * factor;
  throw new InvalidArgumentError('A time is a number with a unit: 500ms, 30s, 2m, 1h.');
}

/** A span in its two greatest units: `20 ms`, `3 s`, `2 min 5 s`, `4 d 2 h`. */
export function durationText(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1000) return `${Math.ceil(milliseconds)} ms`;
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** How long ago a moment was, `never` where there was none. */
export const agoText = (moment: string | undefined, now: number): string =>
  moment === undefined ? 'never' : `${durationText(now - Date.parse(moment))} ago`;
