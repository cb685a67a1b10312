/**
 * Methods of structs: `ip.headerLength()`. They are declared with the struct and belong to its values where a program has
 * them: in a packet, in a map, on the stack. Values of user space are plain data, so a literal needs no methods, and what is
 * decoded has none. Types say the same: the type of a struct's data carries that of its methods, out of sight, and whatever
 * gives a program a value adds them.
 */
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import type { Infer } from './types.ts';

/** Under which the type of data carries the type of its methods; it does not exist at run time. */
export declare const methods: unique symbol;

/** Methods as they are declared; `this` is the value. */
export type Methods = Readonly<Record<string, (...parameters: never[]) => unknown>>;

/** Data that carries methods. */
export interface Carries<M> {
  readonly [methods]?: M;
}

/**
 * What data has beyond its fields where a program has it: methods, its own and those of the structs in it; `unknown` if there
 * are none.
 */
type MethodsIn<T> = typeof methods extends keyof T
  ? T extends Carries<infer M>
    ? M
    : unknown
  : T extends readonly (infer Element)[]
    ? unknown extends MethodsIn<Element>
      ? unknown
      : WithMethods<Element>[]
    : unknown;

/** Data where a program has it: with its methods. */
export type WithMethods<T> = MethodsIn<T> & T;

/**
 * A value of a struct where a program has it, with its methods: `route: Ref<typeof Route>`. Without the methods, as a literal is
 * or what user space reads, it is `Infer<typeof Route>`.
 */
export type Ref<X> = WithMethods<Infer<X>>;

/** The fields whose values have methods. */
export type FieldsWithMethods<F> = {
  [Name in keyof F as unknown extends MethodsIn<Infer<F[Name]>> ? never : Name]: WithMethods<Infer<F[Name]>>;
};

/** Throws BAD_DECLARATION for what is no function, or called like a field. */
export function checkMethods(struct: string, declared: unknown, fields: object): Methods {
  if (typeof declared !== 'object' || declared === null) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `struct ${struct} needs its methods in an object, got ${describe(declared)}`,
    );
  }
  for (const [name, method] of Object.entries(declared)) {
    if (typeof method !== 'function') {
      throw new WaggleError(
        'BAD_DECLARATION',
        `${struct}.${name} is to be a method, but it is ${describe(method)}`,
      );
    }
    if (Object.hasOwn(fields, name)) {
      throw new WaggleError('BAD_DECLARATION', `struct ${struct} has both a field and a method ${name}`);
    }
  }
  return Object.freeze({ ...declared }) as Methods;
}
