/** How times of flows are printed, in UTC, under the names that Go gives to these forms; and how long ago they were. */

export const TIME_FORMATS = [
  'StampMilli',
  'RFC3339',
  'RFC3339Milli',
  'RFC3339Micro',
  'RFC3339Nano',
  'RFC1123Z',
  'relative',
] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** A time as text. @param now - Milliseconds since 1970, for how long ago it was. */
export function timeText(
  { seconds, nanos }: { readonly seconds: bigint; readonly nanos: number },
  format: TimeFormat,
  now: number = Date.now(),
): string {
  const date = new Date(Number(seconds) * 1000);
  const [day = '', clock = ''] = date.toISOString().slice(0, 19).split('T');
  const fraction = (digits: number): string => String(nanos).padStart(9, '0').slice(0, digits);
  const dayOfMonth = String(date.getUTCDate());
  const month = MONTHS[date.getUTCMonth()] ?? '';
  switch (format) {
    case 'StampMilli':
      return `${month} ${dayOfMonth.padStart(2)} ${clock}.${fraction(3)}`;
    case 'RFC3339':
      return `${day}T${clock}Z`;
    case 'RFC3339Milli':
      return `${day}T${clock}.${fraction(3)}Z`;
    case 'RFC3339Micro':
      return `${day}T${clock}.${fraction(6)}Z`;
    case 'RFC3339Nano': {
      const digits = fraction(9).replace(/0+$/, '');
      return `${day}T${clock}${digits === '' ? '' : `.${digits}`}Z`;
    }
    case 'RFC1123Z':
      return `${DAYS[date.getUTCDay()]}, ${dayOfMonth.padStart(2, '0')} ${month} ${date.getUTCFullYear()} ${clock} +0000`;
    case 'relative':
      return agoText(now - (Number(seconds) * 1000 + nanos / 1e6));
  }
}

const UNITS: readonly (readonly [milliseconds: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
];

function agoText(milliseconds: number): string {
  if (milliseconds < 0) return 'now';
  const [size, name] = UNITS.find(([each]) => milliseconds >= each) ?? [1, 'ms'];
  return `${(milliseconds / size).toFixed(size === 1 ? 0 : 1)}${name} ago`;
}
