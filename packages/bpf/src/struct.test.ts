import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { codecOf } from './codec.ts';
import { be16, be32, be64, bool, i8, i16, i32, i64, u8, u16, u32, u64 } from './scalar.ts';
import { struct } from './struct.ts';
import type { Ref } from './struct-methods.ts';
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

describe('methods', () => {
  const Pair = struct(
    'pair',
    { x: u32, y: u32 },
    {
      methods: {
        sum() {
          return this.x + this.y;
        },
        scaled(by: u32): u32 {
          return this.sum() * by;
        },
      },
    },
  );
  const Pairs = struct('pairs', { first: Pair, rest: array(array(Pair, 2), 3), single: Key });

  test('are on the struct, not on its data', () => {
    const data: Infer<typeof Pair> = { x: 1, y: 2 };
    assert.deepEqual(Object.keys(Pair.methods ?? {}), ['sum', 'scaled']);
    assert.equal(Key.methods, undefined);
    const decoded = codecOf(Pair).decode(codecOf(Pair).encode(data));
    assert.deepEqual(decoded, data);
    // @ts-expect-error: data has no methods
    assert.equal(decoded.sum, undefined);
  });

  test('are on what programs have, also inside of other structs and arrays', () => {
    // Only for types: programs are compiled, and never run here.
    const program = (pair: Ref<typeof Pair>, pairs: Ref<typeof Pairs>): unknown[] => {
      const plain: Infer<typeof Pair> = pair;
      const { first } = pairs;
      const sum: number = first.sum() + (pairs.rest[0]?.[1]?.scaled(2) ?? 0);
      for (const row of pairs.rest) for (const each of row) each.sum();
      pairs.first = pair;
      // @ts-expect-error: no such method
      pair.difference();
      // @ts-expect-error: takes a number
      pair.scaled(true);
      // @ts-expect-error: a literal has no methods
      const literal: Ref<typeof Pair> = { x: 1, y: 2 };
      // @ts-expect-error: neither has what has no methods at all
      pairs.single.sum();
      return [plain, sum, literal];
    };
    const data: Infer<typeof Pairs> = {
      first: { x: 1, y: 2 },
      rest: [],
      single: { address: 1, port: 2, protocol: 3 },
    };
    assert.deepEqual([typeof program, data.first.x], ['function', 1]);
  });

  test('are functions with names of their own', () => {
    const declare = (methods: Record<string, () => unknown>) => () => struct('pair', { x: u32 }, { methods });
    const nothing = () => 0;
    assert.throws(declare({ x: nothing }), { message: 'struct pair has both a field and a method x' });
    assert.doesNotThrow(declare({ size: nothing }));
    // @ts-expect-error: not a function
    assert.throws(declare({ sum: 5 }), { message: 'pair.sum is to be a method, but it is 5' });
    assert.throws(
      // @ts-expect-error: not an object
      () => struct('pair', { x: u32 }, { methods: 5 }),
      { message: 'struct pair needs its methods in an object, got 5' },
    );
  });
});
