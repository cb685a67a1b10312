/**
 * Names of maps and programs in the kernel: BPF_OBJ_NAME_LEN (16, with the NUL at the end) in
 * include/uapi/linux/bpf.h. `bpftool` and the pins show them.
 */
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';

/** The most characters that the kernel keeps of a name. */
export const LONGEST_OBJECT_NAME = 15;

/**
 * The name if the kernel takes it for a map or program; throws BAD_DECLARATION otherwise. `what` begins the
 * message.
 */
export function checkObjectName(what: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || !/^[A-Za-z0-9_.]+$/.test(name)) {
    throw new WaggleError('BAD_DECLARATION', `${what} cannot be called ${describe(name)}`, {
      hint: 'Names in the kernel have letters, digits, _ and . only',
    });
  }
  if (name.length > LONGEST_OBJECT_NAME) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `${what} cannot be called "${name}": the kernel keeps ${LONGEST_OBJECT_NAME} characters of a name`,
      { hint: `Use a shorter one, such as "${name.slice(0, LONGEST_OBJECT_NAME)}"` },
    );
  }
}
