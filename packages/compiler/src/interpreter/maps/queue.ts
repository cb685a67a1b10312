/** Queues and stacks: values in the order in which they came. */
import { type Codec, codecOf, type MapSpec, type Type, WaggleError } from '@waggle/bpf';
import { errno } from '../errno.ts';
import { UpdateFlag, VirtualMap } from './virtual-map.ts';

export class VirtualQueue<V = unknown> extends VirtualMap implements Iterable<V> {
  readonly #values: Uint8Array[] = [];
  readonly #codec: Codec<V>;
  readonly #isStack: boolean;

  constructor(name: string, spec: MapSpec) {
    super(name, spec);
    if (!spec.value) throw new WaggleError('BAD_DECLARATION', `map ${name} needs a value`);
    this.#codec = codecOf(spec.value as Type<V>);
    this.#isStack = spec.type === 'stack';
  }

  get length(): number {
    return this.#values.length;
  }

  override push(value: Uint8Array, flags: number): number {
    if (flags !== UpdateFlag.any && flags !== UpdateFlag.replace) return -errno.EINVAL;
    if (this.#values.length === this.spec.maxEntries) {
      if (flags !== UpdateFlag.replace) return -errno.E2BIG;
      this.#values.shift();
    }
    this.#values.push(value.slice());
    return 0;
  }

  override next(target: Uint8Array, isPop: boolean): number {
    const value = this.#values.at(this.#isStack ? -1 : 0);
    if (!value) {
      target.fill(0);
      return -errno.ENOENT;
    }
    target.set(value);
    if (isPop) this.#isStack ? this.#values.pop() : this.#values.shift();
    return 0;
  }

  /** Adds a value. @throws WaggleError FULL */
  add(value: V): void {
    if (this.push(this.#codec.encode(value), UpdateFlag.any) < 0) {
      throw new WaggleError('FULL', `map ${this.name} has room for ${this.spec.maxEntries} values`);
    }
  }

  /** Takes the next value out; undefined when there is none. */
  take(): V | undefined {
    const target = new Uint8Array(this.#codec.size);
    return this.next(target, true) === 0 ? this.#codec.decode(target) : undefined;
  }

  /** The values in the order in which they would be taken. */
  *[Symbol.iterator](): Generator<V> {
    const values = this.#isStack ? this.#values.toReversed() : this.#values;
    for (const value of values) yield this.#codec.decode(value);
  }
}
