/**
 * A file descriptor that somebody owns: closed once, by its owner, and an error when used afterwards. There is no
 * finalizer on purpose: a link that went away because the garbage collector ran would be a security policy that
 * went away because the garbage collector ran.
 */
import { WaggleError } from '@waggle/bpf';
import * as libc from './libc.ts';

/** An owned file descriptor. */
export class Descriptor {
  #fd: number;
  readonly #object: string;

  /** @param object names the owner in errors: `map "counters"`. */
  constructor(fd: number, object: string) {
    this.#fd = fd;
    this.#object = object;
  }

  /** The number, for a system call made right now.
   * @throws WaggleError CLOSED */
  get fd(): number {
    if (this.#fd < 0) throw new WaggleError('CLOSED', `${this.#object} is closed`);
    return this.#fd;
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  /** Gives the descriptor back to the kernel. Closing twice is harmless. */
  close(): void {
    if (this.#fd < 0) return;
    libc.close(this.#fd);
    this.#fd = -1;
  }
}
