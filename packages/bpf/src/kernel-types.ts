/**
 * Structs of the kernel as programs see them: the fields that a program wants, by the names that they have in the kernel. Where
 * a field is, only the running kernel knows; its BTF is asked when a program is loaded (CO-RE), so the same program runs on
 * kernels that lay out the struct differently. Such a struct can be read, and nothing else: it is no type of a map.
 *
 *     const Sock = kernelStruct('sock', {
 *       __sk_common: kernelStruct('sock_common', { skc_daddr: be32, skc_dport: be16 }),
 *       sk_protocol: u16,
 *     });
 */
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import { checkIdentifier } from './struct.ts';
import type { Ref } from './struct-methods.ts';
import { isType, type Type, typeName, type value } from './types.ts';

/** A struct of the kernel; `T` is an object with the declared fields, read-only. */
export interface KernelStruct<T = unknown> {
  readonly kind: 'kernelStruct';
  /** The name in the kernel, without `struct`. */
  readonly name: string;
  readonly fields: readonly KernelStructField[];
  readonly [value]?: T;
}

/** A pointer in a struct of the kernel to another one; `T` has null in it. */
export interface KernelPointer<T = unknown> {
  readonly kind: 'kernelPointer';
  /** What it points to. */
  target(): KernelStruct;
  readonly [value]?: T;
}

/** What a field of a kernel struct may be: anything of fixed layout, an embedded kernel struct, or a pointer to one. */
export type KernelFieldType<T = unknown> = Type<T> | KernelStruct<T> | KernelPointer<T>;

/** A field, by its name in the kernel. */
export interface KernelStructField {
  readonly name: string;
  readonly type: KernelFieldType;
}

/** The fields of a kernel struct as they are declared. */
export type KernelFields = Readonly<Record<string, KernelFieldType>>;

/** What programs read from these fields. */
export type KernelValues<F> = { readonly [Name in keyof F]: Ref<F[Name]> };

/**
 * Declares those fields of a struct (or union) of the kernel that programs read, in any order. A struct that is embedded under a
 * name is declared as such; members of anonymous ones count as members of the struct around them, as in C.
 * Throws BAD_DECLARATION for a name that C would not take, or a field that is no type.
 */
export function kernelStruct<const F extends KernelFields>(
  name: string,
  fields: F,
): KernelStruct<KernelValues<F>> {
  checkIdentifier('A struct of the kernel', name);
  if (typeof fields !== 'object' || fields === null) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `kernel struct ${name} needs an object of fields, got ${describe(fields)}`,
    );
  }
  const list = Object.entries(fields).map(([field, type]) => {
    checkIdentifier(`A field of kernel struct ${name}`, field);
    if (isType(type) || isKernelStruct(type) || isKernelPointer(type)) {
      return Object.freeze({ name: field, type });
    }
    throw new WaggleError('BAD_DECLARATION', `${name}.${field} is no type but ${describe(type)}`, {
      hint: 'Use a scalar such as u32, chars(), a kernelStruct() or pointerTo() one',
    });
  });
  return Object.freeze({ kind: 'kernelStruct', name, fields: Object.freeze(list) });
}

/**
 * The type of a field that points to a struct of the kernel, or is null. A function that returns the struct will do, too, for
 * one that is declared later.
 */
export function pointerTo<T>(target: KernelStruct<T> | (() => KernelStruct<T>)): KernelPointer<T | null> {
  // Scalars are functions, too.
  if (isType(target) || (typeof target !== 'function' && !isKernelStruct(target))) {
    throw new WaggleError('BAD_DECLARATION', `pointerTo() needs a kernelStruct(), got ${describe(target)}`);
  }
  return Object.freeze({
    kind: 'kernelPointer',
    target: typeof target === 'function' ? target : () => target,
  });
}

/** Whether something was declared with {@link kernelStruct}. */
export function isKernelStruct(candidate: unknown): candidate is KernelStruct {
  return hasKind(candidate, 'kernelStruct');
}

/** Whether something was made by {@link pointerTo}. */
export function isKernelPointer(candidate: unknown): candidate is KernelPointer {
  return hasKind(candidate, 'kernelPointer');
}

/** How messages call such a type: `struct sock`, `struct sock *`, `u32`. */
export function kernelTypeName(type: KernelFieldType): string {
  if (type.kind === 'kernelStruct') return `struct ${type.name}`;
  if (type.kind === 'kernelPointer') return `struct ${type.target().name} *`;
  return typeName(type);
}

function hasKind(candidate: unknown, kind: string): boolean {
  return (
    typeof candidate === 'object' && candidate !== null && 'kind' in candidate && candidate.kind === kind
  );
}
