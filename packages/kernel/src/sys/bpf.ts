/**
 * bpf(2), one call per command. An {@link Attribute} is the argument of one command; it holds on to every buffer
 * whose address it contains, so the kernel never sees memory that JavaScript has given up.
 */
import { type Field, littleEndian, type Struct, WaggleError } from '@waggle/bpf';
import * as libc from './libc.ts';
import { NativeBuffer } from './memory.ts';

/** Commands of bpf(2) (enum bpf_cmd, include/uapi/linux/bpf.h). */
export const Command = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  mapGetNextKey: 4,
  programLoad: 5,
  objectPin: 6,
  objectGet: 7,
  programAttach: 8,
  programDetach: 9,
  programTestRun: 10,
  programGetNextId: 11,
  mapGetNextId: 12,
  programGetFdById: 13,
  mapGetFdById: 14,
  objectGetInfo: 15,
  programQuery: 16,
  rawTracepointOpen: 17,
  btfLoad: 18,
  btfGetFdById: 19,
  mapLookupAndDelete: 21,
  mapFreeze: 22,
  btfGetNextId: 23,
  mapLookupBatch: 24,
  mapLookupAndDeleteBatch: 25,
  mapUpdateBatch: 26,
  mapDeleteBatch: 27,
  linkCreate: 28,
  linkUpdate: 29,
  linkGetFdById: 30,
  linkGetNextId: 31,
  enableStats: 32,
  iteratorCreate: 33,
  linkDetach: 34,
  programBindMap: 35,
} as const;
export type Command = (typeof Command)[keyof typeof Command];

/** Something with an address: bytes, or another struct with addresses of its own. */
type Pointer = NativeBuffer | { readonly memory: NativeBuffer };

/** The values of an attribute: fields that are left out are 0; a buffer stands for its address. */
export type AttributeValues<T> = {
  readonly [Name in keyof T]?: (T[Name] extends string ? string : number | bigint | Pointer) | undefined;
};

/** The attribute of the call that is under way: a root for the garbage collector, which does not see into addresses. */
const root: { attribute: unknown } = { attribute: undefined };
/** The same for calls on other threads. */
const aside = new Set<unknown>();

/** The argument of one command (or a struct that the kernel fills), laid out in memory that the kernel can reach. */
export class Attribute<T> {
  readonly memory: NativeBuffer;
  readonly #fields: readonly Field[];
  /** What the fields point to, by field. */
  readonly #pointers = new Map<string, Pointer>();

  constructor(layout: Struct<T>, values: AttributeValues<T>) {
    this.memory = new NativeBuffer(layout.size);
    this.#fields = layout.fields;
    for (const name in values) this.set(name, values[name]);
  }

  /** Sets a field; an fd may be -1, a 64-bit field takes any number without loss. */
  set<Name extends keyof T & string>(name: Name, value: AttributeValues<T>[Name]): void {
    if (value === undefined) return;
    const { offset, type } = this.#field(name);
    const { view, bytes } = this.memory;
    this.#pointers.delete(name);
    if (typeof value === 'object') {
      this.#pointers.set(name, value);
      const { address } = value instanceof NativeBuffer ? value : value.memory;
      view.setBigUint64(offset, BigInt(address), littleEndian);
    } else if (typeof value === 'string') {
      bytes.fill(0, offset, offset + type.size);
      Buffer.from(bytes.buffer).write(value, offset, type.size - 1, 'utf8');
    } else if (type.size === 8) view.setBigInt64(offset, BigInt(value), littleEndian);
    else view.setUint32(offset, Number(value), littleEndian);
  }

  /** Reads a 32-bit field that the kernel wrote. */
  get(name: keyof T & string): number {
    return this.memory.view.getUint32(this.#field(name).offset, littleEndian);
  }

  /** Executes a command with this argument: a result >= 0, or `-errno`. */
  execute(command: Command): number {
    root.attribute = this;
    const result = libc.bpf(command, this.memory.address, this.memory.size);
    root.attribute = undefined;
    return result;
  }

  /** The same on another thread; whether it succeeded. Nothing of it may be changed until then. */
  async executeAside(command: Command): Promise<boolean> {
    aside.add(this);
    try {
      return await libc.bpfAside(command, this.memory.address, this.memory.size);
    } finally {
      aside.delete(this);
    }
  }

  #field(name: keyof T & string): Field {
    const field = this.#fields.find((candidate) => candidate.name === name);
    if (!field) throw new WaggleError('UNKNOWN_FIELD', `the attribute has no field "${name}"`);
    return field;
  }
}

/** Executes a command once; for those whose result is all that matters. */
export function execute<T>(command: Command, layout: Struct<T>, values: AttributeValues<T>): number {
  return new Attribute(layout, values).execute(command);
}
