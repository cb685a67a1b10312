/** Times as users name them: `5m` and `1h30m` before now, a day, a moment with or without its zone. */
import { WaggleError } from '@waggle/bpf/messages';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SPAN = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}(?::\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** A moment as messages have it. */
export interface Moment {
  readonly seconds: bigint;
  readonly nanos: number;
}

/**
 * The moment that a text names.
 * @param option - For the error: `--since`.
 * @param now - Milliseconds since 1970.
 * @throws WaggleError MALFORMED
 */
export function parseTime(text: string, option: string, now: number = Date.now()): Moment {
  const milliseconds = text === 'now' ? now : SPAN.test(text) ? now - spanOf(text) : momentOf(text);
  if (!Number.isNaN(milliseconds)) {
    const seconds = Math.floor(milliseconds / 1000);
    const fraction = /\.(\d+)/.exec(SPAN.test(text) ? '' : text)?.[1];
    const nanos =
      fraction === undefined
        ? Math.round((milliseconds - seconds * 1000) * 1e6)
        : Number(fraction.padEnd(9, '0'));
    return { seconds: BigInt(seconds), nanos };
  }
  throw new WaggleError('MALFORMED', `${option} ${JSON.stringify(text)} is no time`, {
    hint: 'As 90s, 5m or 1h30m before now, 2026-01-02, 2026-01-02T15:04:05 or 2026-01-02T15:04:05Z',
  });
}

function spanOf(text: string): number {
  let sum = 0;
  for (const [, digits, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    sum += Number(digits) * (UNITS[unit] ?? Number.NaN);
  return sum;
}

/** A day begins where this host is, as do hours without a zone. */
function momentOf(text: string): number {
  if (!MOMENT.test(text)) return Number.NaN;
  const [day = '', clock = '00:00'] = text.split(/[T ]/);
  const [, hours = '', minutes = ':00', rest = ''] = /^(\d{2})(:\d{2})?(.*)$/.exec(clock) ?? [];
  // A day that the month does not have is moved into the next month by some engines.
  const [year, month, date] = day.split('-').map(Number);
  const real = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, date));
  if (real.toISOString().slice(0, 10) !== day) return Number.NaN;
  return Date.parse(`${day}T${hours}${minutes}${rest}`);
}
