/**
 * Random types and values of them, for property tests. Types nest up to three levels; values are always
 * valid.
 */
import fc from 'fast-check';
import {
  be16,
  be32,
  be64,
  bool,
  i8,
  i16,
  i32,
  i64,
  rangeOf,
  type Scalar,
  u8,
  u16,
  u32,
  u64,
} from '../scalar.ts';
import { type Fields, struct } from '../struct.ts';
import { array, bytes, chars, type Type } from '../types.ts';

export const scalars: readonly Scalar[] = [
  u8,
  u16,
  u32,
  u64,
  i8,
  i16,
  i32,
  i64,
  be16,
  be32,
  be64,
  bool,
] satisfies Scalar[];

const identifier = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,11}$/).filter((name) => name !== '__proto__');

/** Types to draw from; without `text`, none that have chars() in them. */
export function anyType({ text }: { readonly text: boolean }): fc.Arbitrary<Type> {
  const length = fc.integer({ min: 1, max: 20 });
  const leaves: fc.Arbitrary<Type>[] = [fc.constantFrom(...scalars), length.map((n) => bytes(n))];
  if (text) leaves.push(length.map((n) => chars(n)));
  const { type } = fc.letrec<{ type: Type; struct: Type; array: Type }>((tie) => ({
    type: fc.oneof({ maxDepth: 3 }, ...leaves, tie('struct'), tie('array')),
    struct: structOf(tie('type')),
    array: fc.tuple(tie('type'), fc.integer({ min: 1, max: 12 })).map(([element, n]) => array(element, n)),
  }));
  return type;
}

/** Structs of such types. */
export function anyStruct(options: { readonly text: boolean }): fc.Arbitrary<Type & { kind: 'struct' }> {
  return structOf(anyType(options));
}

function structOf(type: fc.Arbitrary<Type>): fc.Arbitrary<Type & { kind: 'struct' }> {
  const fields = fc.uniqueArray(fc.tuple(identifier, type), {
    minLength: 1,
    maxLength: 7,
    selector: ([name]) => name,
  });
  return fc
    .tuple(identifier, fields, fc.boolean())
    .map(([name, entries, packed]) => struct(name, Object.fromEntries(entries) as Fields, { packed }));
}

/** Valid values of a type. */
export function validValue(type: Type): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'scalar':
      return scalarValue(type);
    case 'bytes':
      return fc.uint8Array({ minLength: type.length, maxLength: type.length });
    case 'chars':
      return fc
        .string({ unit: 'grapheme', maxLength: type.length })
        .filter((text) => !text.includes('\0') && new TextEncoder().encode(text).length <= type.length);
    case 'array':
      return fc.array(validValue(type.element), { minLength: type.length, maxLength: type.length });
    case 'struct': {
      const values = type.fields.map((field) =>
        validValue(field.type).map((value) => [field.name, value] as const),
      );
      return fc.tuple(...values).map((entries) => Object.fromEntries(entries));
    }
  }
}

function scalarValue(type: Scalar): fc.Arbitrary<unknown> {
  if (type.name === 'bool') return fc.boolean();
  const [min, max] = rangeOf(type);
  const edges = fc.constantFrom(min, max, 0n, 1n);
  const value = fc.oneof({ weight: 3, arbitrary: fc.bigInt({ min, max }) }, { weight: 1, arbitrary: edges });
  return type.bits === 64 ? value : value.map(Number);
}
