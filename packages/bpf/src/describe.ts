/**
 * How messages show a value that was not expected: short, on one line, and telling its type when the value
 * alone would not (`"80"` is a string, `5n` a bigint).
 */

const LONGEST_TEXT = 40;

/**
 * A value in a few words: `70000`, `5n`, `"80"`, `null`, `an array of 3`, `a Uint8Array of 6 bytes`, `an
 * object`.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value);
    case 'bigint':
      return `${value}n`;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'function':
      return 'a function';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return `an array of ${value.length}`;
      if (value instanceof Uint8Array) return `a Uint8Array of ${value.length} bytes`;
      return 'an object';
    default:
      return String(value);
  }
}
