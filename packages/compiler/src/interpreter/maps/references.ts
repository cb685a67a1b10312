/** Maps whose values are not bytes but other things: programs to continue with, and inner maps. */
import { type Codec, codecOf, type MapSpec, type Type, WaggleError } from '@waggle/bpf';
import { errno } from '../errno.ts';
import { Executable } from '../executable.ts';
import { type Found, keyText, VirtualMap } from './virtual-map.ts';

/** Keys with programs (programArray) or maps (arrayOfMaps, hashOfMaps). */
export class VirtualReferences<K, T extends Executable | VirtualMap> extends VirtualMap {
  readonly #targets = new Map<string, T>();
  readonly #codec: Codec<K>;

  constructor(name: string, spec: MapSpec) {
    super(name, spec);
    this.#codec = codecOf(spec.key as Type<K>);
  }

  /** What a key refers to, as bytes of the key. */
  target(key: Uint8Array): T | undefined {
    return this.#targets.get(keyText(key));
  }

  override lookup(key: Uint8Array): Found {
    const target = this.target(key);
    if (target instanceof Executable || this.spec.type === 'programArray')
      throw this.refusal('map_lookup_elem');
    return target;
  }

  /** Programs remove entries of a programArray only by a system call. */
  override remove(key: Uint8Array): number {
    return this.#targets.delete(keyText(key)) ? 0 : -errno.ENOENT;
  }

  get(key: K): T | undefined {
    return this.target(this.#codec.encode(key));
  }

  /** Sets what a key refers to. @throws WaggleError OUT_OF_RANGE, FULL; WRONG_TYPE for another kind of inner map. */
  set(key: K, target: T): void {
    const bytes = this.#codec.encode(key);
    const { type, maxEntries, inner } = this.spec;
    if (target instanceof VirtualMap && target.spec.type !== inner?.type) {
      throw new WaggleError(
        'WRONG_TYPE',
        `map ${this.name} holds maps of type ${inner?.type}, not ${target.spec.type}`,
      );
    }
    if (type === 'hashOfMaps') {
      if (!this.#targets.has(keyText(bytes)) && this.#targets.size === maxEntries) {
        throw new WaggleError('FULL', `map ${this.name} has room for ${maxEntries} entries`);
      }
    } else if (new DataView(bytes.buffer).getUint32(0, true) >= maxEntries) {
      throw new WaggleError('OUT_OF_RANGE', `map ${this.name} has the indexes 0 to ${maxEntries - 1}`);
    }
    this.#targets.set(keyText(bytes), target);
  }

  delete(key: K): boolean {
    return this.#targets.delete(keyText(this.#codec.encode(key)));
  }
}
