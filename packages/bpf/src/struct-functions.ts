/**
 * Functions that belong to a struct: `Ipv4.headerLength(ip)`. They are on the description of the struct and not on its values, so
 * values stay plain data: a literal needs no functions, and what user space decodes has none. Programs and user space call
 * the same function; where a program calls it, its text is compiled.
 */
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import type { Struct } from './struct.ts';

/** Functions that take a value of a struct first. */
export type StructFunctions<T> = Readonly<Record<string, (value: T, ...others: never[]) => unknown>>;

/**
 * The same struct, with functions. Throws BAD_DECLARATION for one that is called as a member of every struct, such as `size`, or
 * that is no function.
 */
export function withFunctions<T, const F extends StructFunctions<T>>(
  struct: Struct<T>,
  functions: F,
): Struct<T> & Readonly<F> {
  for (const [name, called] of Object.entries(functions)) {
    if (typeof called !== 'function') {
      throw new WaggleError(
        'BAD_DECLARATION',
        `${struct.name}.${name} is to be a function, but it is ${describe(called)}`,
      );
    }
    if (name in struct) {
      throw new WaggleError(
        'BAD_DECLARATION',
        `A function of struct ${struct.name} cannot be called ${name}`,
        {
          hint: 'The struct has a member of that name',
        },
      );
    }
  }
  return Object.freeze({ ...struct, ...functions });
}
