/**
 * What a flow is called: a UUID of version 8 (RFC 9562, "custom") made of its time and its sequence number. So it needs no memory, is
 * the same whenever it is asked for, and sorts by time.
 */
import type { Flow } from './flow.ts';

const VERSION = 8n;
const VARIANT = 0b10n;
/** What of the sequence number there is room for. */
const SEQUENCE_BITS = 58n;

/**
 * The UUID of a flow: 48 and 12 bits of its time in nanoseconds around the version, then the variant, the last 4 bits of the time, and
 * 58 bits of its sequence number.
 */
export function flowUuid({ time, sequence }: Pick<Flow, 'time' | 'sequence'>): string {
  const high = ((time >> 16n) << 16n) | (VERSION << 12n) | ((time >> 4n) & 0xfffn);
  const low =
    (VARIANT << 62n) | ((time & 0xfn) << SEQUENCE_BITS) | (BigInt(sequence) & ((1n << SEQUENCE_BITS) - 1n));
  const digits = hex(high) + hex(low);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}

const hex = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0');
