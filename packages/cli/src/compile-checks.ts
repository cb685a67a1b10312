/** What `waggle compile` checks when it knows the programs: optimisations that are left out, and configs that have values. */
import { configSpec, nearest, WaggleError } from '@waggle/bpf';
import { type GivenConfigs, passes } from '@waggle/compiler';
import type { CompiledModule } from '@waggle/compiler/modules';

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
