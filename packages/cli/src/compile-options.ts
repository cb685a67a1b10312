/** The options of `waggle compile` that have a form of their own: config values, and names of optimisations. */
import { nearest } from '@waggle/bpf/messages';
import type { GivenConfigs } from '@waggle/compiler';
import { InvalidArgumentError } from 'commander';

/** The optimisations in their order. The compiler has them, too, but help that has to load it would be slow; a test compares. */
export const PASS_NAMES: readonly string[] = [
  'inline',
  'parameters',
  'fold',
  'knownBits',
  'branches',
  'thread',
  'blocks',
  'common',
  'addresses',
  'loads',
  'conditions',
  'guards',
  'deadCode',
];

/** `fold,inline`, or `none`. */
export function passNames(text: string): string[] {
  if (text === 'none') return [];
  const names = text.split(',');
  const unknown = names.find((name) => !PASS_NAMES.includes(name));
  if (unknown === undefined) return names;
  const guess = nearest(unknown, PASS_NAMES);
  const hint = guess === undefined ? `They are ${PASS_NAMES.join(', ')}.` : `Did you mean ${guess}?`;
  throw new InvalidArgumentError(`There is no optimisation "${unknown}". ${hint}`);
}

/** `settings.udp=true` beside what was given before. */
export function addConfig(text: string, previous: GivenConfigs = {}): GivenConfigs {
  const [, name, field, value] =
    /^([\w$]+)\.([\w$]+)=(true|false|-?(?:0x[0-9a-f]+|\d+)n?)$/i.exec(text) ?? [];
  if (name === undefined || field === undefined || value === undefined) {
    throw new InvalidArgumentError('It looks like settings.udp=true or settings.address=0x0a000001.');
  }
  return { ...previous, [name]: { ...previous[name], [field]: configValue(value) } };
}

/** `true`, `5`, `0xff`; with an `n` at its end, a value of 64 bits. */
function configValue(text: string): boolean | number | bigint {
  if (text === 'true' || text === 'false') return text === 'true';
  const [, sign, digits, big] = /^(-?)(.*?)(n?)$/.exec(text) ?? [];
  const value = BigInt(digits ?? '0') * (sign === '-' ? -1n : 1n);
  return big === 'n' ? value : Number(value);
}
