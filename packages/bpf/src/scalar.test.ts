import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WaggleError } from './errors.ts';
import {
  be16,
  be32,
  be64,
  bool,
  hton16,
  hton32,
  hton64,
  i8,
  i16,
  i32,
  i64,
  ntoh16,
  ntoh32,
  ntoh64,
  rangeOf,
  u8,
  u16,
  u32,
  u64,
} from './scalar.ts';
import { scalars } from './testing/arbitrary.ts';

test('every scalar describes itself', () => {
  const table = scalars.map((type) => [
    type.name,
    type.size,
    type.alignment,
    type.bits,
    type.signed,
    type.byteOrder,
  ]);
  assert.deepEqual(table, [
    ['u8', 1, 1, 8, false, 'native'],
    ['u16', 2, 2, 16, false, 'native'],
    ['u32', 4, 4, 32, false, 'native'],
    ['u64', 8, 8, 64, false, 'native'],
    ['i8', 1, 1, 8, true, 'native'],
    ['i16', 2, 2, 16, true, 'native'],
    ['i32', 4, 4, 32, true, 'native'],
    ['i64', 8, 8, 64, true, 'native'],
    ['be16', 2, 2, 16, false, 'network'],
    ['be32', 4, 4, 32, false, 'network'],
    ['be64', 8, 8, 64, false, 'network'],
    ['bool', 1, 1, 8, false, 'native'],
  ]);
  assert.ok(scalars.every((type) => type.kind === 'scalar' && Object.isFrozen(type)));
});

test('casts keep the low bits, as in C', () => {
  assert.equal(u8(-1), 255);
  assert.equal(u16(70_000), 4464);
  assert.equal(u32(-1), 0xffff_ffff);
  assert.equal(u32(2 ** 53), 0);
  assert.equal(u32(5n), 5);
  assert.equal(u32(-(2n ** 70n) - 1n), 0xffff_ffff);
  assert.equal(u64(5), 5n);
  assert.equal(u64(-1), 0xffff_ffff_ffff_ffffn);
  assert.equal(i8(255), -1);
  assert.equal(i16(0x8000), -0x8000);
  assert.equal(i32(0xffff_ffff), -1);
  assert.equal(i64(2n ** 63n), -(2n ** 63n));
  assert.equal(be16(80), 80);
  assert.equal(be32(0x1_0a00_0001), 0x0a00_0001);
  assert.equal(be64(1), 1n);
  assert.equal(bool(2), true);
  assert.equal(bool(0n), false);
  assert.equal(u8(true), 1);
  assert.ok(Object.is(u8(-0), 0) && Object.is(i32(-0), 0));
});

test('casts agree with the definition of wrapping for any integer', () => {
  const integer = fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }));
  fc.assert(
    fc.property(fc.constantFrom(...scalars), integer, (type, value) => {
      if (type.name === 'bool') return assert.equal(type(value), BigInt(value) !== 0n);
      const wrapped = type.signed
        ? BigInt.asIntN(type.bits, BigInt(value))
        : BigInt.asUintN(type.bits, BigInt(value));
      assert.equal(type(value), type.bits === 64 ? wrapped : Number(wrapped));
    }),
  );
});

test('casts refuse what C could not cast or would truncate', () => {
  for (const value of [1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => u32(value), { code: 'OUT_OF_RANGE', message: `u32() casts integers, got ${value}` });
    assert.throws(() => u64(value), { code: 'OUT_OF_RANGE' });
  }
  assert.throws(
    // @ts-expect-error a text is no number
    () => u16('80'),
    { code: 'WRONG_TYPE', message: 'u16() casts a number, bigint or boolean, got "80"' },
  );
  // @ts-expect-error undefined is no number
  assert.throws(() => u64(undefined), WaggleError);
});

test('ranges are those of the bits', () => {
  assert.deepEqual(rangeOf(u8), [0n, 255n]);
  assert.deepEqual(rangeOf(i16), [-32768n, 32767n]);
  assert.deepEqual(rangeOf(be64), [0n, 2n ** 64n - 1n]);
  assert.deepEqual(rangeOf(i64), [-(2n ** 63n), 2n ** 63n - 1n]);
  assert.deepEqual(rangeOf(bool), [0n, 1n]);
});

test('host and network order are the same number in user space, within the range', () => {
  assert.equal(hton16(80), 80);
  assert.equal(ntoh16(hton16(0xffff)), 0xffff);
  assert.equal(ntoh32(hton32(0x0a00_0001)), 0x0a00_0001);
  assert.equal(ntoh64(hton64(2n ** 63n)), 2n ** 63n);
  assert.throws(() => hton16(65_536), {
    code: 'OUT_OF_RANGE',
    message: 'hton16(): 65536 does not fit u16 (0 … 65535)',
  });
  assert.throws(() => hton32(-1), { code: 'OUT_OF_RANGE' });
  assert.throws(() => hton32(0.5), { code: 'OUT_OF_RANGE' });
  assert.throws(() => hton64(-1n), { code: 'OUT_OF_RANGE' });
  // @ts-expect-error a number is no u64
  assert.throws(() => hton64(5), { code: 'WRONG_TYPE', message: 'hton64() needs a bigint (u64), got 5' });
  // @ts-expect-error a bigint is no be16
  assert.throws(() => ntoh16(5n), { code: 'WRONG_TYPE' });
});

test('tsc keeps the flavours apart', () => {
  const byte: u8 = 6;
  const short: u16 = byte;
  const word: u32 = short;
  const sum: u8 = byte + word;
  const port: be16 = hton16(short);
  const long: u64 = u64(word) + 1n;
  // @ts-expect-error a u32 may not fit a u16
  const narrowed: u16 = word;
  // @ts-expect-error a be16 is no u16
  const swapped: u16 = port;
  // @ts-expect-error a u16 is no be16
  const unswapped: be16 = short;
  // @ts-expect-error a be32 is no be16
  const shorter: be16 = hton32(word);
  // @ts-expect-error an unsigned number is no signed one
  const signed: i32 = word;
  // @ts-expect-error a bigint and a number cannot be added
  assert.throws(() => long + word, TypeError);
  // @ts-expect-error a number is no u64
  const wide: u64 = word;
  assert.deepEqual([narrowed, swapped, unswapped, shorter, signed, wide], [6, 6, 6, 6, 6, 6]);
  assert.equal(sum, 12);
});
