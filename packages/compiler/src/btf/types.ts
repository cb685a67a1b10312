/**
 * What a BTF type is once decoded: one interface per kind, told apart by `kind`. Every type has an `id`, its number in
 * the BTF, and a `name`, which is empty for anonymous types. References to other types are ids, never objects, so that
 * decoding one type costs nothing for the types around it.
 */

import type { BtfKind, IntEncoding, Linkage } from './format.ts';

interface Common<Kind extends BtfKind> {
  readonly kind: Kind;
  readonly id: number;
  readonly name: string;
}

/** `void`, type id 0. */
export type BtfVoid = Common<'void'>;

/** An integer: `size` bytes of storage, of which `bits` bits from `bitOffset` on are the value. */
export interface BtfInt extends Common<'int'> {
  readonly size: number;
  readonly bits: number;
  readonly bitOffset: number;
  readonly encoding: IntEncoding;
}

/** A floating-point number of `size` bytes. */
export interface BtfFloat extends Common<'float'> {
  readonly size: number;
}

/** A type that is another type under a name or with a qualifier: a pointer, an alias, `const` and their like. */
export type BtfReference = Common<'pointer' | 'typedef' | 'volatile' | 'const' | 'restrict'> & {
  readonly typeId: number;
};

/** A type with an annotation, such as `user` or `rcu` on what a pointer points to; `attribute` if it is a C attribute. */
export interface BtfTypeTag extends Common<'typeTag'> {
  readonly typeId: number;
  readonly attribute: boolean;
}

/** An array of `length` elements. */
export interface BtfArray extends Common<'array'> {
  readonly elementTypeId: number;
  readonly indexTypeId: number;
  readonly length: number;
}

/** A member of a struct or union as BTF records it; `bitfieldBits` is 0 for a member that is not a bit field. */
export interface BtfRawMember {
  readonly name: string;
  readonly typeId: number;
  readonly bitOffset: number;
  readonly bitfieldBits: number;
}

/** A struct or a union of `size` bytes. */
export type BtfAggregate = Common<'struct' | 'union'> & {
  readonly size: number;
  readonly members: readonly BtfRawMember[];
};

/** An enumeration of at most 32 bits. */
export interface BtfEnum extends Common<'enum'> {
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

/** An enumeration of 64 bits. */
export interface BtfEnum64 extends Common<'enum64'> {
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}

/** A struct or union that is only announced here. */
export interface BtfForward extends Common<'forward'> {
  readonly target: 'struct' | 'union';
}

/** A function; `typeId` is its prototype. */
export interface BtfFunction extends Common<'function'> {
  readonly typeId: number;
  readonly linkage: Linkage;
}

/** Parameters and result of functions; `variadic` if `...` follows the parameters. */
export interface BtfFunctionPrototype extends Common<'functionPrototype'> {
  readonly returnTypeId: number;
  readonly parameters: readonly { readonly name: string; readonly typeId: number }[];
  readonly variadic: boolean;
}

/** A global variable. */
export interface BtfVariable extends Common<'variable'> {
  readonly typeId: number;
  readonly linkage: Linkage;
}

/** An ELF section with the variables in it: byte offset and size of each. */
export interface BtfDataSection extends Common<'dataSection'> {
  readonly size: number;
  readonly variables: readonly { readonly typeId: number; readonly offset: number; readonly size: number }[];
}

/** An annotation of a declaration, or of its member or parameter number `componentIndex` (-1: the whole of it). */
export interface BtfDeclarationTag extends Common<'declarationTag'> {
  readonly typeId: number;
  readonly componentIndex: number;
  readonly attribute: boolean;
}

/** Any BTF type. */
export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfFloat
  | BtfReference
  | BtfTypeTag
  | BtfArray
  | BtfAggregate
  | BtfEnum
  | BtfEnum64
  | BtfForward
  | BtfFunction
  | BtfFunctionPrototype
  | BtfVariable
  | BtfDataSection
  | BtfDeclarationTag;

/** The types of one kind. */
export type BtfTypeOf<Kind extends BtfKind> = BtfType & { readonly kind: Kind };

/** A member of a struct or union with its place: offsets count from the start of the outermost struct. */
export interface BtfMember {
  /** Name, or the dotted path by which it was asked for. */
  readonly name: string;
  readonly typeId: number;
  readonly bitOffset: number;
  readonly bitSize: number;
  /** Offset of the first byte that holds a bit of the member. */
  readonly byteOffset: number;
  /** Number of bytes that hold a bit of the member; its size in C if it is not a bit field. */
  readonly byteSize: number;
  readonly isBitfield: boolean;
}

/** An anonymous struct or union directly in another one, and the members that it lends to it. */
export interface BtfAnonymousMember {
  readonly kind: 'struct' | 'union';
  readonly typeId: number;
  readonly byteOffset: number;
  readonly byteSize: number;
  readonly members: readonly BtfMember[];
}
