/** The options of `waggle compile` that have a form of their own: config values, and names of optimisations. */
import { configSpec, nearest, WaggleError } from '@waggle/bpf';
import { type GivenConfigs, passes } from '@waggle/compiler';
import type { CompiledModule } from '@waggle/compiler/modules';
import { InvalidArgumentError } from 'commander';

/** The optimisations that are not done: all but `passes`, or those in `without`. */
export function leftOut(options: {
  readonly passes?: readonly string[];
  readonly without?: readonly string[];
}): readonly string[] {
  const { passes: wanted, without = [] } = options;
  return wanted ? passes.map(({ name }) => name).filter((name) => !wanted.includes(name)) : without;
}

/** Every config that the programs read has values, and every value is for one of these. */
export function checkConfigs(
  { programs }: CompiledModule,
  names: readonly string[],
  given: GivenConfigs = {},
): void {
  const known = new Set<string>();
  for (const name of names) {
    for (const [key, declaration] of programs.get(name)?.configs ?? []) {
      known.add(key);
      if (Object.hasOwn(given, key)) continue;
      const fields = configSpec(declaration).fields.map((field) => `--config ${key}.${field.name}=…`);
      throw new WaggleError('MISSING_FIELD', `program "${name}" needs the values of its config "${key}"`, {
        hint: `Give them: ${fields.join(' ')}`,
      });
    }
  }
  const unknown = Object.keys(given).find((key) => !known.has(key));
  if (unknown === undefined) return;
  const guess = nearest(unknown, [...known]);
  const hint = known.size === 0 ? 'They read no config' : `They read ${[...known].join(', ')}`;
  throw new WaggleError('UNKNOWN_FIELD', `no program here reads a config "${unknown}"`, {
    hint: guess === undefined ? hint : `Did you mean "${guess}"?`,
  });
}

/** `fold,inline`, or `none`. */
export function passNames(text: string): string[] {
  if (text === 'none') return [];
  const known = passes.map(({ name }) => name);
  const names = text.split(',');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  const guess = nearest(unknown, known);
  const hint = guess === undefined ? `They are ${known.join(', ')}.` : `Did you mean ${guess}?`;
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
