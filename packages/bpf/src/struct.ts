/**
 * `struct` declares a C struct. Its layout is the one that C compilers use on every Linux machine with eBPF:
 * a field starts at the next multiple of its alignment, the struct is aligned like its strictest field, and
 * its size is rounded up to that. `packed` means no padding at all. Fields keep the order in which they are
 * written.
 */
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import { isKernelMemory, type KernelMemory } from './kernel-memory.ts';
import { type Carries, checkMethods, type FieldsWithMethods, type Methods } from './struct-methods.ts';
import { type Described, type Infer, isType, MAX_TYPE_SIZE, type Type } from './types.ts';

/** The fields of a struct as they are declared: name -> type, in the order of memory. */
export type Fields = Readonly<Record<string, Type | KernelMemory>>;

/** The JavaScript value of a struct with these fields; those of the kernel have none. */
export type FieldValues<F> = {
  -readonly [Name in keyof F as F[Name] extends KernelMemory ? never : Name]: Infer<F[Name]>;
};

/** What a struct with these fields and methods has beyond its data. */
type Additions<F, M> = keyof FieldsWithMethods<F> extends never ? M : M & FieldsWithMethods<F>;

/** The data of a struct, which carries the methods if there are any. */
export type StructData<F, M> = keyof Additions<F, M> extends never
  ? FieldValues<F>
  : FieldValues<F> & Carries<Additions<F, M>>;

/** A field with its place, `offset` bytes after the start of the struct. */
export interface Field {
  readonly name: string;
  readonly type: Type;
  readonly offset: number;
}

/** A field that belongs to the kernel, with its place. */
export interface KernelField {
  readonly name: string;
  readonly type: KernelMemory;
  readonly offset: number;
}

/** A struct type; `T` is the type of its JavaScript value, an object with exactly the declared fields. */
export interface Struct<T = unknown> extends Described<T> {
  readonly kind: 'struct';
  readonly name: string;
  readonly packed: boolean;
  /** What its values have, in the order of memory. */
  readonly fields: readonly Field[];
  /** What lies between them and is not theirs. */
  readonly kernelFields: readonly KernelField[];
  /** Functions that programs call on its values. */
  readonly methods?: Methods;
}

/** Options of {@link struct}. */
export interface StructOptions<F, M> {
  /** No padding, alignment 1: C `__attribute__((packed))`. */
  readonly packed?: boolean;
  /** What programs can call on its values: `value.method()`; `this` is the value. Arrow functions have no `this`. */
  readonly methods?: M & ThisType<FieldValues<F> & Additions<F, M>>;
}

/**
 * Declares a struct. The name and the names of the fields go to BTF as they are, hence must be C identifiers.
 * Throws BAD_DECLARATION for such a name, a struct without fields, a field that is no type, a method that is no function or
 * has the name of a field, or more than 16 MiB.
 */
export function struct<const F extends Fields, M extends Methods = Record<never, never>>(
  name: string,
  fields: F,
  options: StructOptions<F, M> = {},
): Struct<StructData<F, M>> {
  checkIdentifier('A struct', name);
  if (typeof fields !== 'object' || fields === null) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `struct ${name} needs an object of fields, got ${describe(fields)}`,
    );
  }
  const packed = options.packed ?? false;
  const placed: Field[] = [];
  const kernelFields: KernelField[] = [];
  let end = 0;
  let alignment = 1;
  for (const [fieldName, type] of Object.entries(fields)) {
    checkIdentifier(`A field of struct ${name}`, fieldName);
    if (!isType(type) && !isKernelMemory(type)) {
      throw new WaggleError('BAD_DECLARATION', `${name}.${fieldName} is no type but ${describe(type)}`, {
        hint: 'Use a scalar such as u32, a struct, array(), bytes() or chars()',
      });
    }
    const offset = packed ? end : alignUp(end, type.alignment);
    if (type.kind === 'kernel') {
      checkKernelField(name, { name: fieldName, type, offset }, kernelFields);
      kernelFields.push(Object.freeze({ name: fieldName, type, offset }));
    } else {
      refuseKernelMemory(`${name}.${fieldName}`, type);
      placed.push(Object.freeze({ name: fieldName, type, offset }));
    }
    end = offset + type.size;
    if (!packed) alignment = Math.max(alignment, type.alignment);
  }
  const size = alignUp(end, alignment);
  if (size === 0) throw new WaggleError('BAD_DECLARATION', `struct ${name} has no fields`);
  if (size > MAX_TYPE_SIZE) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `struct ${name} of ${size} bytes is larger than the largest type of ${MAX_TYPE_SIZE} bytes`,
    );
  }
  const { methods } = options;
  return Object.freeze({
    kind: 'struct',
    name,
    size,
    alignment,
    packed,
    fields: Object.freeze(placed),
    kernelFields: Object.freeze(kernelFields),
    ...(methods === undefined ? {} : { methods: checkMethods(name, methods, fields) }),
  });
}

function checkKernelField(
  struct: string,
  { name, type, offset }: KernelField,
  others: readonly KernelField[],
): void {
  if (others.some((other) => other.type === type)) {
    throw new WaggleError('BAD_DECLARATION', `struct ${struct} has more than one ${type.name}: ${name}`, {
      hint: 'The kernel allows one in a value',
    });
  }
  if (offset % type.alignment !== 0) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `${struct}.${name} is at offset ${offset}, but a ${type.name} needs a multiple of ${type.alignment}`,
    );
  }
}

/**
 * Locks and timers are directly in the value of a map, where the kernel looks for them. Throws BAD_DECLARATION for what has
 * them elsewhere.
 */
export function refuseKernelMemory(what: string, type: Type): void {
  const inner = type.kind === 'array' ? type.element : type;
  if (inner.kind === 'array') refuseKernelMemory(what, inner);
  const [field] = inner.kind === 'struct' ? inner.kernelFields : [];
  if (field === undefined) return;
  throw new WaggleError('BAD_DECLARATION', `${what} cannot hold a struct with a ${field.type.name}`, {
    hint: 'The kernel finds it only directly in the value of a map',
  });
}

// The kernel allows 511 characters in a BTF name since 6.1, 127 before.
const LONGEST_IDENTIFIER = 127;

/** Checks a name for BTF and C; throws BAD_DECLARATION. `what` begins the message. */
export function checkIdentifier(what: string, name: string): void {
  if (typeof name !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new WaggleError('BAD_DECLARATION', `${what} cannot be called ${describe(name)}`, {
      hint: 'Use letters, digits and _, and no digit at the start: the name goes to BTF as a C identifier',
    });
  }
  if (name.length > LONGEST_IDENTIFIER) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `${what} has a name of more than ${LONGEST_IDENTIFIER} characters`,
    );
  }
  // As a key of an object literal this one would set the prototype instead of making a property.
  if (name === '__proto__') throw new WaggleError('BAD_DECLARATION', `${what} cannot be called "__proto__"`);
}

function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
