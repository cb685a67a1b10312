/**
 * What programs do with memory beyond reading and assigning fields: atomic operations, and structs that start as zeros. In
 * user space these throw.
 */
import type { WithMethods } from '../struct-methods.ts';
import type { Type } from '../types.ts';
import { programOnly } from './program-only.ts';

/** The fields of a struct that are numbers. */
type NumberField<T> = { [Name in keyof T]: T[Name] extends number | bigint ? Name : never }[keyof T];

type Atomic = <T extends object, const Field extends NumberField<T>>(
  pointer: T,
  field: Field,
  value: T[Field],
) => T[Field];

/**
 * Operations on a field that no other CPU can get between. Each returns what was there before. Fields are u32, i32, u64 or
 * i64; without use of the result this costs one instruction.
 *
 *     atomic.add(seen, 'packets', 1n);
 */
export const atomic = Object.freeze({
  add: programOnly<Atomic>('atomic.add'),
  and: programOnly<Atomic>('atomic.and'),
  or: programOnly<Atomic>('atomic.or'),
  xor: programOnly<Atomic>('atomic.xor'),
  /** Puts the value there. */
  exchange: programOnly<Atomic>('atomic.exchange'),
  /** Puts `value` there if `expected` is there. */
  compareExchange:
    programOnly<
      <T extends object, const Field extends NumberField<T>>(
        pointer: T,
        field: Field,
        expected: T[Field],
        value: T[Field],
      ) => T[Field]
    >('atomic.compareExchange'),
});

/** A struct on the stack of the program, all zeros. */
export const zeroed: <T>(type: Type<T>) => WithMethods<T> = programOnly('zeroed');

/** A struct on the stack of the program, with its methods, which a literal by itself has not. */
export const filled: <T>(type: Type<T>, data: NoInfer<T>) => WithMethods<T> = programOnly('filled');
