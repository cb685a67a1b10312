/**
 * Config: numbers and switches that a program is given when it is loaded, not when it is built. Programs read
 * them like the fields of an object; the compiler puts the values in as constants and drops the code that
 * they rule out. User space has no values to read, only the declaration, from which it checks the values for
 * a load.
 */
import { codecOf } from './codec.ts';
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import type { Scalar } from './scalar.ts';
import { type FieldValues, type Struct, struct } from './struct.ts';

declare const values: unique symbol;

/** A declared config, as programs see it: an object with the value of each field. */
export type Config<T> = Readonly<T> & { readonly [values]?: T };

/** Options of {@link config}. */
export interface ConfigOptions {
  /** What messages call it; `config` by default. */
  readonly name?: string;
}

const specs = new WeakMap<object, Struct>();

/**
 * Declares config values by their names and scalar types. Reading one outside of a compiled program throws
 * INVALID. Throws BAD_DECLARATION for names that are no identifiers, and types that are no scalars.
 */
export function config<const F extends Readonly<Record<string, Scalar>>>(
  fields: F,
  options: ConfigOptions = {},
): Config<FieldValues<F>> {
  const spec = struct(options.name ?? 'config', fields);
  for (const field of spec.fields) {
    if (field.type.kind === 'scalar') continue;
    throw new WaggleError('BAD_DECLARATION', `${spec.name}.${field.name} is not a scalar`, {
      hint: 'Config values become constants in the program: declare several scalars, or use a map',
    });
  }
  const settings: object = {};
  for (const { name } of spec.fields) {
    Object.defineProperty(settings, name, { enumerable: true, get: () => refuse(spec, name) });
  }
  specs.set(settings, spec);
  return Object.freeze(settings) as Config<FieldValues<F>>;
}

/** Whether something is a declared config. */
export function isConfig(candidate: unknown): candidate is Config<unknown> {
  return typeof candidate === 'object' && candidate !== null && specs.has(candidate);
}

/**
 * The struct that describes the values of a config. Throws BAD_DECLARATION if it was not declared by {@link
 * config}.
 */
export function configSpec<T>(settings: Config<T>): Struct<T> {
  const spec = specs.get(settings);
  if (spec === undefined) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `configSpec() needs what config() returned, got ${describe(settings)}`,
    );
  }
  return spec as Struct<T>;
}

/**
 * Checks that these are the values of a config, all of them and nothing else, and returns a frozen copy.
 * Throws WRONG_TYPE, OUT_OF_RANGE, UNKNOWN_FIELD or MISSING_FIELD with the path of the fault.
 */
export function configValues<T>(settings: Config<T>, given: NoInfer<T>): Readonly<T> {
  const codec = codecOf(configSpec(settings));
  return Object.freeze(codec.decode(codec.encode(given)));
}

function refuse(spec: Struct, field: string): never {
  throw new WaggleError('INVALID', `${spec.name}.${field} exists only in compiled programs`, {
    hint: 'Its value is given when the program is loaded; keep it in a variable of your own if user space needs it too',
  });
}
