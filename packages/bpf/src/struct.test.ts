import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codecOf } from './codec.ts';
import { be16, be32, be64, bool, i8, i16, i32, i64, u8, u16, u32, u64 } from './scalar.ts';
import { struct } from './struct.ts';
import { withFunctions } from './struct-functions.ts';
import { anyStruct } from './testing/arbitrary.ts';
import { layoutOf, layoutsAsC, noCompiler } from './testing/c-compiler.ts';
import { array, bytes, chars, type Infer, isType, type Type, typeName } from './types.ts';

const Key = struct('key', { address: be32, port: be16, protocol: u8 });
const Odd = struct('odd', { a: u8, b: u16, c: u8 });
const Tight = struct('tight', { a: u8, b: u32, c: u64, d: u16 }, { packed: true });

const awkward = [
  struct('single', { a: u8 }),
  struct('late_word', { a: u8, b: u64 }),
  struct('early_word', { a: u64, b: u8 }),
  struct('stairs', { a: u8, b: u16, c: u32, d: u64 }),
  struct('stairs_down', { a: u64, b: u32, c: u16, d: u8 }),
  struct('gaps', { a: u8, b: u32, c: u8, d: u16, e: u8 }),
  struct('signed_ones', { a: i8, b: i16, c: i8, d: i64, e: i32 }),
  struct('network', { a: u8, b: be16, c: u8, d: be32, e: u8, f: be64 }),
  struct('flags', { a: bool, b: u32, c: bool, d: bool }),
  struct('texts', { a: chars(3), b: u16, c: chars(16), d: bytes(6), e: u32 }),
  struct('only_bytes', { a: bytes(7) }),
  struct('nested', { a: u8, key: Key, b: u8, odd: Odd }),
  struct('deep', { a: u8, b: struct('middle', { c: u8, d: struct('inner', { e: u8, f: u64 }) }), g: u8 }),
  Tight,
  struct('packed_inside', { a: u8, b: Tight, c: u8 }),
  struct('packed_around', { a: u8, b: Key, c: u64 }, { packed: true }),
  struct('rows', { a: u8, keys: array(Key, 3), b: u8 }),
  struct('odd_rows', { a: u8, odds: array(Odd, 5), b: u64 }),
  struct('tight_rows', { a: u8, rows: array(Tight, 3), b: u16 }),
  struct('grid', { a: u8, b: array(array(u16, 3), 2), c: array(bytes(3), 3), d: u32 }),
];

test('layouts are those of C, for awkward structs', { skip: noCompiler }, () => {
  assert.deepEqual(awkward.map(layoutOf), layoutsAsC(awkward));
});

test('layouts are those of C, for random structs', { skip: noCompiler }, () => {
  const random = fc.sample(anyStruct({ text: true }), 50);
  const expected = layoutsAsC(random);
  random.forEach((type, index) => {
    assert.deepEqual(layoutOf(type), expected[index], JSON.stringify(type, null, 1));
  });
});

test('a layout in numbers', () => {
  assert.deepEqual(layoutOf(Key), { size: 8, alignment: 4, offsets: [0, 4, 6] });
  assert.deepEqual(layoutOf(Tight), { size: 15, alignment: 1, offsets: [0, 1, 5, 13] });
  assert.deepEqual(
    Key.fields.map((field) => [field.name, typeName(field.type)]),
    [
      ['address', 'be32'],
      ['port', 'be16'],
      ['protocol', 'u8'],
    ],
  );
  assert.ok(Object.isFrozen(Key) && Object.isFrozen(Key.fields) && Object.isFrozen(Key.fields[0]));
});

test('types have names for messages', () => {
  assert.equal(typeName(array(array(u16, 3), 2)), 'array(array(u16, 3), 2)');
  assert.equal(typeName(bytes(6)), 'bytes(6)');
  assert.equal(typeName(chars(16)), 'chars(16)');
  assert.equal(typeName(Key), 'key');
});

test('isType knows types from everything else', () => {
  assert.ok([u8, Key, array(u8, 2), bytes(1), chars(1)].every(isType));
  assert.ok(
    [null, undefined, 5, {}, () => 1, { kind: 'map', size: 1, alignment: 1 }].every((x) => !isType(x)),
  );
});

test('declarations that cannot be', () => {
  const hint = 'Use letters, digits and _, and no digit at the start: the name goes to BTF as a C identifier';
  const cases: [() => unknown, string][] = [
    [() => struct('empty', {}), 'struct empty has no fields'],
    [() => struct('a-b', { a: u8 }), `A struct cannot be called "a-b". ${hint}`],
    [() => struct('', { a: u8 }), `A struct cannot be called "". ${hint}`],
    [() => struct('s', { 'a b': u8 }), `A field of struct s cannot be called "a b". ${hint}`],
    [() => struct('s', { 1: u8 }), `A field of struct s cannot be called "1". ${hint}`],
    [() => struct('s', { $a: u8 }), `A field of struct s cannot be called "$a". ${hint}`],
    [() => struct('s', { ['__proto__']: u8 }), 'A field of struct s cannot be called "__proto__"'],
    [() => struct('x'.repeat(128), { a: u8 }), 'A struct has a name of more than 127 characters'],
    [
      () => struct('s', { big: bytes(1 << 24), a: u8 }),
      'struct s of 16777217 bytes is larger than the largest type of 16777216 bytes',
    ],
    [
      () => array(u64, 1 << 22),
      'array() of 33554432 bytes is larger than the largest type of 16777216 bytes',
    ],
    [() => array(u8, 0), 'array() needs a length of at least 1, got 0'],
    [() => bytes(1.5), 'bytes() needs a length of at least 1, got 1.5'],
    [() => chars(Number.NaN), 'chars() needs a length of at least 1, got NaN'],
    [
      // @ts-expect-error a number is no type
      () => struct('s', { a: 5 }),
      's.a is no type but 5. Use a scalar such as u32, a struct, array(), bytes() or chars()',
    ],
    // @ts-expect-error nothing is no type
    [() => array(undefined, 3), 'array() needs the type of its elements'],
    // @ts-expect-error the fields are missing
    [() => struct('s'), 'struct s needs an object of fields, got undefined'],
  ];
  for (const [declare, message] of cases) assert.throws(declare, { code: 'BAD_DECLARATION', message });
});

test('a type of one value is not a type of another', () => {
  const text: Type<string> = chars(4);
  // @ts-expect-error bytes are no text
  const wrong: Type<string> = bytes(4);
  // @ts-expect-error the value of u64 is a bigint
  const number: Type<number> = u64;
  assert.deepEqual([text.size, wrong.size, number.size], [4, 4, 8]);
});

test('functions of a struct are on the struct, not on its values', () => {
  const Pair = withFunctions(struct('pair', { x: u32, y: u32 }), {
    sum: (pair) => pair.x + pair.y,
    scaled: (pair, by: u32): u32 => pair.x * by,
  });
  const value: Infer<typeof Pair> = { x: 1, y: 2 };
  assert.deepEqual([Pair.sum(value), Pair.scaled(value, 7), Pair.size, isType(Pair)], [3, 7, 8, true]);
  assert.deepEqual(codecOf(Pair).decode(codecOf(Pair).encode(value)), value);
  // @ts-expect-error: a value has no functions
  assert.equal(value.sum, undefined);
  // @ts-expect-error: not a value of this struct
  assert.ok(Number.isNaN(Pair.sum({ x: 1 })));
});

test('functions of a struct have names of their own', () => {
  const Pair = struct('pair', { x: u32 });
  assert.throws(
    () => withFunctions(Pair, { size: () => 1 }),
    /A function of struct pair cannot be called size/,
  );
  // @ts-expect-error: not a function
  assert.throws(() => withFunctions(Pair, { sum: 5 }), /pair\.sum is to be a function, but it is 5/);
});
