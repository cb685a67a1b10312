/**
 * What exists in programs alone. In user space such a function is there for its type and its identity, by which the compiler
 * recognises it; calling it is a mistake and says so.
 */
import { WaggleError } from '../errors.ts';

/** The error of a function that user space called although only programs can. */
export function onlyInPrograms(what: string, hint: string): WaggleError {
  return new WaggleError('INVALID', `${what} is for programs`, { hint });
}

const HINT = 'Call it in a function that is compiled, such as the body of xdp()';

/** A function that throws in user space. It never returns, hence it returns whatever its type says. */
export function programOnly<F extends (...args: never[]) => unknown>(name: string): F;
export function programOnly(name: string): () => never {
  return () => {
    throw onlyInPrograms(`${name}()`, HINT);
  };
}
