/**
 * What may be checked before the kernel is asked: names and numbers of network devices. The kernel would refuse most of
 * it too, with a bare EINVAL; one rule it would not: `veth%d` is a pattern to it, and the device would get another name.
 */
import { describe, WaggleError } from '@waggle/bpf';

/** IFNAMSIZ without its NUL. */
const LONGEST_NAME = 15;

/**
 * Passes a name through that a network device can have.
 * @throws WaggleError MALFORMED
 */
export function checkInterfaceName(name: string): string {
  const problem = interfaceNameProblem(name);
  if (problem === undefined) return name;
  throw new WaggleError('MALFORMED', `${describe(name)} is not a name for a network device: ${problem}`);
}

function interfaceNameProblem(name: string): string | undefined {
  if (typeof name !== 'string' || name === '') return 'it is no text';
  const size = Buffer.byteLength(name);
  if (size > LONGEST_NAME) return `it has ${size} bytes, and ${LONGEST_NAME} are allowed`;
  if (name === '.' || name === '..') return 'it is a name for directories';
  // Whitespace as the kernel's isspace() sees it, and NUL, which would end the name.
  const bad = /[/:%\0\t-\r \u00a0]/.exec(name);
  return bad === null ? undefined : `it has ${JSON.stringify(bad[0])} in it`;
}

/**
 * Passes a whole number from `smallest` to `largest` through.
 * @throws WaggleError OUT_OF_RANGE
 */
export function checkRange(value: number, what: string, smallest: number, largest: number): number {
  if (Number.isInteger(value) && value >= smallest && value <= largest) return value;
  throw new WaggleError('OUT_OF_RANGE', `${what} is ${smallest} to ${largest}, not ${describe(value)}`);
}

/** 68 bytes is the least that IPv4 works with (RFC 791), 65536 the loopback device's. */
export function checkMtu(value: number): number {
  return checkRange(value, 'an MTU', 68, 65536);
}

export function checkPort(value: number): number {
  return checkRange(value, 'a port', 1, 65535);
}

/** A VXLAN network identifier has 24 bits (RFC 7348). */
export function checkVni(value: number): number {
  return checkRange(value, 'a VXLAN network identifier', 0, 0xffffff);
}

export function checkU32(value: number, what: string): number {
  return checkRange(value, what, 0, 0xffffffff);
}
