/** The shortest way to run raw instructions: bytes in, r0 out. */
import { Machine, type MachineOptions } from './machine.ts';

/** What {@link interpret} takes beside the program and its memory. */
export type InterpretOptions = Pick<MachineOptions, 'helpers' | 'budget'>;

/**
 * Runs a program and answers r0, as unsigned 64 bits. r1 is the address of `memory`, which the program may read and write,
 * r2 its length.
 * @throws WaggleError MALFORMED for bytes that are no program; ExecutionError for what a program must not do.
 */
export function interpret(
  program: Uint8Array,
  memory = new Uint8Array(),
  options: InterpretOptions = {},
): bigint {
  return new Machine({ code: program, ...options }).run(memory).value;
}
