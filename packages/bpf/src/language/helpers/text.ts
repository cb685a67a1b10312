/** Helpers on text. */
import { i32, i64, u64 } from '../../scalar.ts';
import { struct } from '../../struct.ts';
import type { Infer } from '../../types.ts';
import { helper, memory, sized, U64 } from '../helper.ts';
import type { Memory } from './types.ts';

/** Where {@link strtol} puts the number. */
export const SignedNumber = struct('signed_number', { value: i64 });
/** Where {@link strtoul} puts the number. */
export const UnsignedNumber = struct('unsigned_number', { value: u64 });

/** Reads a number from the start of a text; `flags` is its base, 0 for what the text says. Gives its length. Linux 5.2. */
export const strtol = helper<(text: Memory, flags: u64, result: Infer<typeof SignedNumber>) => i32>(
  'strtol',
  105,
  [sized(), U64, memory(SignedNumber)],
  i32,
);
/** Like {@link strtol}, without a sign. Linux 5.2. */
export const strtoul = helper<(text: Memory, flags: u64, result: Infer<typeof UnsignedNumber>) => i32>(
  'strtoul',
  106,
  [sized(), U64, memory(UnsignedNumber)],
  i32,
);
