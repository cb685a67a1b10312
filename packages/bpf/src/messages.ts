/**
 * What messages are made of, for programs that have to start fast: the errors and the words of this package without its language,
 * whose declarations take a while to load. It is what index.ts exports, too.
 */
export { describe } from './describe.ts';
export { type ErrorCode, WaggleError, type WaggleErrorOptions } from './errors.ts';
export { nearest } from './nearest.ts';
