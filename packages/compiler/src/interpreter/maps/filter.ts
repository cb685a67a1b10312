/**
 * Bloom filters. This one keeps the values themselves and so is never wrong about what was not added, which the kernel's may
 * be: programs have to be right for either answer.
 */
import { errno } from '../errno.ts';
import { keyText, UpdateFlag, VirtualMap } from './virtual-map.ts';

export class VirtualFilter extends VirtualMap {
  readonly #values = new Set<string>();

  override push(value: Uint8Array, flags: number): number {
    if (flags !== UpdateFlag.any) return -errno.EINVAL;
    this.#values.add(keyText(value));
    return 0;
  }

  /** Looks for the value in `target` instead of writing one there. */
  override next(target: Uint8Array, isPop: boolean): number {
    if (isPop) return -errno.EOPNOTSUPP;
    return this.#values.has(keyText(target)) ? 0 : -errno.ENOENT;
  }

  /** Whether the value was added. */
  has(value: Uint8Array): boolean {
    return this.#values.has(keyText(value));
  }
}
