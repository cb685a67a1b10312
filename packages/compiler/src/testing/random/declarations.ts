/** The structs, maps and config that generated programs use. */
import {
  array,
  arrayMap,
  be16,
  be32,
  be64,
  bool,
  config,
  hashMap,
  i8,
  i16,
  i32,
  i64,
  type Scalar,
  struct,
  type Type,
  u8,
  u16,
  u32,
  u64,
} from '@waggle/bpf';

export const Inner = struct('inner', { a: u8, b: be32, c: i16, d: u64, list: array(u16, 4) });
export const Outer = struct('outer', {
  x: u32,
  inner: Inner,
  y: i64,
  e: be16,
  z: i8,
  on: bool,
  bytes: array(u8, 4),
});
export const Key = struct('key', { a: u32, b: u8, c: be16 });
/** A header in a packet, in which nothing is aligned. */
export const Head = struct(
  'head',
  { a: u8, b: be16, c: u32, d: i64, e: i16, f: be64, g: i8, h: array(u8, 4) },
  { packed: true },
);

export const table = hashMap({ key: Key, value: Outer, maxEntries: 512 });
export const rows = arrayMap({ value: Outer, maxEntries: 4 });
export const words = arrayMap({ value: u64, maxEntries: 4 });
export const settings = config({ on: bool, limit: u32, mark: be16, big: u64, shift: i32 });

/** What the programs are compiled with. */
export const scope = { Inner, Outer, Key, Head, table, rows, words, settings };

export const structs = { Inner, Outer, Head } as const;
export type StructName = keyof typeof structs;

/** The config that a program is specialised with. */
export interface Settings {
  readonly on: boolean;
  readonly limit: number;
  readonly mark: number;
  readonly big: bigint;
  readonly shift: number;
}

/** The integers that programs compute with, by name. */
export const scalars = { u8, u16, u32, u64, i8, i16, i32, i64, be16, be32, be64, bool } as const;

/** A scalar that can be reached from a struct by names and constant indices. */
export interface Leaf {
  readonly path: string;
  readonly type: Scalar;
  readonly offset: number;
  /** Whether it is a field of the struct itself, for atomic operations. */
  readonly direct: boolean;
}

/** The scalars in a type, and the arrays of scalars. */
export function leavesOf(type: Type, path = '', offset = 0): Leaf[] {
  if (type.kind === 'scalar') return [{ path, type, offset, direct: !path.slice(1).includes('.') }];
  if (type.kind !== 'struct') return [];
  return type.fields.flatMap((field) => leavesOf(field.type, `${path}.${field.name}`, offset + field.offset));
}

/** An array of scalars in a struct. */
export interface ArrayLeaf {
  readonly path: string;
  readonly element: Scalar;
  readonly length: number;
  readonly offset: number;
}

export function arraysOf(type: Type, path = '', offset = 0): ArrayLeaf[] {
  if (type.kind === 'array' && type.element.kind === 'scalar') {
    return [{ path, element: type.element, length: type.length, offset }];
  }
  if (type.kind !== 'struct') return [];
  return type.fields.flatMap((field) => arraysOf(field.type, `${path}.${field.name}`, offset + field.offset));
}
