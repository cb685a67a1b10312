import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Codec, codecOf, littleEndian } from './codec.ts';
import { be16, be32, be64, bool, i8, i32, i64, u8, u16, u32, u64 } from './scalar.ts';
import { struct } from './struct.ts';
import { anyType, validValue } from './testing/arbitrary.ts';
import { array, bytes, chars, type Infer, type Type } from './types.ts';

const Key = struct('service_key', { address: be32, port: be16, protocol: u8 });
const key: Infer<typeof Key> = { address: 0x0a00_0001, port: 80, protocol: 6 };
const keyBytes = Uint8Array.of(10, 0, 0, 1, 0, 80, 6, 0);

const Flow = struct('flow', {
  key: Key,
  bytes: u64,
  hops: array(u16, 3),
  keys: array(Key, 2),
  mac: bytes(6),
  comm: chars(8),
  drop: bool,
  delta: i32,
});
const flow: Infer<typeof Flow> = {
  key,
  bytes: 5n,
  hops: [1, 2, 3],
  keys: [key, { ...key, port: 443 }],
  mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
  comm: 'nginx',
  drop: true,
  delta: -1,
};

/** A codec that takes anything, for values that tsc would not let pass. */
function loose(type: Type): Codec<unknown> {
  return codecOf(type);
}

test('values in network order are stored as the number they mean', () => {
  assert.deepEqual(codecOf(Key).encode(key), keyBytes);
  assert.deepEqual(codecOf(Key).decode(keyBytes), key);
  assert.deepEqual(codecOf(be64).encode(1n), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1));
});

test('native values are stored as the machine stores them', () => {
  assert.deepEqual(codecOf(u32).encode(0x0102_0304), new Uint8Array(Uint32Array.of(0x0102_0304).buffer));
  assert.deepEqual(codecOf(i64).encode(-2n), new Uint8Array(BigInt64Array.of(-2n).buffer));
  assert.equal(littleEndian, new Uint8Array(Uint16Array.of(1).buffer)[0] === 1);
});

test('nested values come back as they went', () => {
  const codec = codecOf(Flow);
  assert.deepEqual(codec.decode(codec.encode(flow)), flow);
  assert.equal(codec.size, Flow.size);
});

test('scalars, arrays and bytes are types by themselves', () => {
  assert.equal(codecOf(u8).decode(Uint8Array.of(7)), 7);
  assert.equal(codecOf(bool).decode(Uint8Array.of(2)), true);
  assert.deepEqual(codecOf(array(u8, 3)).encode([1, 2, 3]), Uint8Array.of(1, 2, 3));
  assert.deepEqual(codecOf(bytes(2)).decode(Uint8Array.of(1, 2)), Uint8Array.of(1, 2));
  assert.equal(codecOf(chars(4)).decode(Uint8Array.of(97, 0, 98, 0)), 'a');
});

test('text is UTF-8, padded with NUL, up to the last byte', () => {
  const codec = codecOf(chars(6));
  assert.deepEqual(codec.encode('é'), Uint8Array.of(0xc3, 0xa9, 0, 0, 0, 0));
  assert.equal(codec.decode(codec.encode('sechs!')), 'sechs!');
  assert.equal(codec.decode(codec.encode('\u{1f41d}ok')), '\u{1f41d}ok');
  assert.equal(codec.decode(codec.encode('\ufeffab')), '\ufeffab');
  assert.equal(codec.decode(Uint8Array.of(0x61, 0xff, 0, 0, 0, 0)), 'a\ufffd');
});

test('random values of random types come back as they went', () => {
  const typeAndValue = anyType({ text: true }).chain((type) => fc.tuple(fc.constant(type), validValue(type)));
  fc.assert(
    fc.property(typeAndValue, fc.nat({ max: 9 }), ([type, value], offset) => {
      const codec = loose(type);
      const encoded = codec.encode(value);
      assert.equal(encoded.length, type.size);
      assert.deepEqual(codec.decode(encoded), value);

      // The same within a larger buffer, nothing around it touched, and padding zero whatever was there before.
      const buffer = new Uint8Array(type.size + 20).fill(0xa5);
      const view = new DataView(buffer.buffer, 3);
      codec.write(view, offset, value);
      assert.deepEqual(buffer.subarray(3 + offset, 3 + offset + type.size), encoded);
      assert.ok(buffer.subarray(0, 3 + offset).every((byte) => byte === 0xa5));
      assert.ok(buffer.subarray(3 + offset + type.size).every((byte) => byte === 0xa5));
      assert.deepEqual(codec.read(view, offset), value);
    }),
  );
});

test('random bytes, read and written again, differ in padding and booleans only', () => {
  const typeAndBytes = anyType({ text: false }).chain((type) =>
    fc.tuple(fc.constant(type), fc.uint8Array({ minLength: type.size, maxLength: type.size })),
  );
  fc.assert(
    fc.property(typeAndBytes, ([type, given]) => {
      const codec = loose(type);
      const canonical = given.slice();
      normalise(type, canonical, 0, given);
      assert.deepEqual(codec.encode(codec.decode(given)), canonical);
    }),
  );
});

/** Zeroes what no value can say: padding, and all but the truth of a boolean. */
function normalise(type: Type, target: Uint8Array, offset: number, source: Uint8Array): void {
  if (type.kind === 'scalar' && type.name === 'bool') {
    target[offset] = source[offset] === 0 ? 0 : 1;
  } else if (type.kind === 'array') {
    for (let index = 0; index < type.length; index++) {
      normalise(type.element, target, offset + index * type.element.size, source);
    }
  } else if (type.kind === 'struct') {
    target.fill(0, offset, offset + type.size);
    for (const field of type.fields) {
      const start = offset + field.offset;
      target.set(source.subarray(start, start + field.type.size), start);
      normalise(field.type, target, start, source);
    }
  }
}

test('what is wrong with a value is said in one sentence', () => {
  const cases: [Type, unknown, string, string][] = [
    [Key, { ...key, port: 70_000 }, 'OUT_OF_RANGE', 'service_key.port: 70000 does not fit be16 (0 … 65535)'],
    [Key, { ...key, protocol: -1 }, 'OUT_OF_RANGE', 'service_key.protocol: -1 does not fit u8 (0 … 255)'],
    [Key, { ...key, port: 1.5 }, 'OUT_OF_RANGE', 'service_key.port: 1.5 is not an integer (be16)'],
    [Key, { ...key, port: Number.NaN }, 'OUT_OF_RANGE', 'service_key.port: NaN is not an integer (be16)'],
    [Key, { ...key, port: Infinity }, 'OUT_OF_RANGE', 'service_key.port: Infinity is not an integer (be16)'],
    [Key, { ...key, port: '80' }, 'WRONG_TYPE', 'service_key.port: expects a number (be16), got "80"'],
    [Key, { ...key, port: null }, 'WRONG_TYPE', 'service_key.port: expects a number (be16), got null'],
    [
      Key,
      { ...key, port: undefined },
      'WRONG_TYPE',
      'service_key.port: expects a number (be16), got undefined',
    ],
    [
      Key,
      { ...key, port: 80n },
      'WRONG_TYPE',
      'service_key.port: expects a number (be16), got 80n. Write 80',
    ],
    [
      Key,
      { adress: 1, port: 80, protocol: 6 },
      'UNKNOWN_FIELD',
      'service_key has no field "adress". Did you mean "address"?',
    ],
    [
      Key,
      { ...key, zebra: 1 },
      'UNKNOWN_FIELD',
      'service_key has no field "zebra". Its fields are address, port, protocol',
    ],
    [Key, { address: 1, port: 80 }, 'MISSING_FIELD', 'service_key lacks the field "protocol"'],
    [Key, {}, 'MISSING_FIELD', 'service_key lacks the field "address"'],
    [
      Key,
      null,
      'WRONG_TYPE',
      'service_key: expects an object with the fields address, port, protocol, got null',
    ],
    [Key, 5, 'WRONG_TYPE', 'service_key: expects an object with the fields address, port, protocol, got 5'],
    [Key, [], 'MISSING_FIELD', 'service_key lacks the field "address"'],
    [Flow, { ...flow, bytes: 5 }, 'WRONG_TYPE', 'flow.bytes: expects a bigint (u64), got 5. Write 5n'],
    [Flow, { ...flow, bytes: 0.5 }, 'WRONG_TYPE', 'flow.bytes: expects a bigint (u64), got 0.5'],
    [
      Flow,
      { ...flow, bytes: -1n },
      'OUT_OF_RANGE',
      'flow.bytes: -1n does not fit u64 (0 … 18446744073709551615)',
    ],
    [Flow, { ...flow, bytes: '5' }, 'WRONG_TYPE', 'flow.bytes: expects a bigint (u64), got "5"'],
    [Flow, { ...flow, drop: 1 }, 'WRONG_TYPE', 'flow.drop: expects a boolean, got 1'],
    [
      Flow,
      { ...flow, delta: 2 ** 31 },
      'OUT_OF_RANGE',
      'flow.delta: 2147483648 does not fit i32 (-2147483648 … 2147483647)',
    ],
    [Flow, { ...flow, hops: [1, 2] }, 'WRONG_SIZE', 'flow.hops: expects an array of 3 u16, got 2'],
    [Flow, { ...flow, hops: [1, 2, -3] }, 'OUT_OF_RANGE', 'flow.hops[2]: -3 does not fit u16 (0 … 65535)'],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is being tested
    [Flow, { ...flow, hops: [1, , 3] }, 'WRONG_TYPE', 'flow.hops[1]: expects a number (u16), got undefined'],
    [
      Flow,
      { ...flow, hops: { length: 3 } },
      'WRONG_TYPE',
      'flow.hops: expects an array of 3 u16, got an object',
    ],
    [
      Flow,
      { ...flow, hops: new Uint8Array(3) },
      'WRONG_TYPE',
      'flow.hops: expects an array of 3 u16, got a Uint8Array of 3 bytes. Declare bytes() for binary data',
    ],
    [
      Flow,
      { ...flow, keys: [key, { ...key, port: -1 }] },
      'OUT_OF_RANGE',
      'flow.keys[1].port: -1 does not fit be16 (0 … 65535)',
    ],
    [
      Flow,
      { ...flow, key: { ...key, prot: 1 } },
      'UNKNOWN_FIELD',
      'flow.key has no field "prot". Did you mean "port"?',
    ],
    [Flow, { ...flow, mac: new Uint8Array(5) }, 'WRONG_SIZE', 'flow.mac: expects 6 bytes, got 5'],
    [
      Flow,
      { ...flow, mac: [1, 2, 3, 4, 5, 6] },
      'WRONG_TYPE',
      'flow.mac: expects a Uint8Array of 6 bytes, got an array of 6',
    ],
    [
      Flow,
      { ...flow, comm: 'too long a name' },
      'WRONG_SIZE',
      'flow.comm: "too long a name" takes 15 bytes, but chars(8) holds 8',
    ],
    [
      Flow,
      { ...flow, comm: 'äöüäö' },
      'WRONG_SIZE',
      'flow.comm: "äöüäö" takes 10 bytes, but chars(8) holds 8',
    ],
    [Flow, { ...flow, comm: 5 }, 'WRONG_TYPE', 'flow.comm: expects a string, got 5'],
    [
      Flow,
      { ...flow, comm: 'a\0b' },
      'WRONG_TYPE',
      'flow.comm: "a\\u0000b" has a NUL character in it. Text ends at its first NUL; declare bytes() for binary data',
    ],
    [Flow, { ...flow, comm: '\ud800' }, 'WRONG_TYPE', 'flow.comm: "\\ud800" has half a surrogate pair in it'],
    [u32, -1, 'OUT_OF_RANGE', '-1 does not fit u32 (0 … 4294967295)'],
    [array(i8, 2), [0, 128], 'OUT_OF_RANGE', '[1]: 128 does not fit i8 (-128 … 127)'],
    [array(Key, 1), [{ port: 1 }], 'MISSING_FIELD', '[0] lacks the field "address"'],
    [bytes(16), new Uint8Array(4), 'WRONG_SIZE', 'expects 16 bytes, got 4'],
  ];
  for (const [type, value, code, message] of cases) {
    assert.throws(() => loose(type).encode(value), { code, message });
  }
});

test('one wrong leaf in a random value is found, whatever the type', () => {
  const typeAndValue = anyType({ text: true }).chain((type) => fc.tuple(fc.constant(type), validValue(type)));
  const wrong = fc.constantFrom(
    undefined,
    null,
    Number.NaN,
    0.5,
    Symbol('s'),
    {},
    () => 1,
    -(2n ** 70n),
    2 ** 70,
  );
  fc.assert(
    fc.property(
      typeAndValue,
      fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
      wrong,
      ([type, value], turns, bad) => {
        assert.throws(() => loose(type).encode(withLeaf(type, value, turns, bad)), { name: 'WaggleError' });
      },
    ),
  );
});

/** A copy of the value in which the leaf that the turns lead to is another. */
function withLeaf(type: Type, value: unknown, turns: readonly number[], leaf: unknown): unknown {
  const [turn = 0, ...rest] = turns;
  if (type.kind === 'array' && Array.isArray(value)) {
    const index = turn % type.length;
    return value.with(index, withLeaf(type.element, value[index], rest, leaf));
  }
  if (type.kind === 'struct' && typeof value === 'object' && value !== null) {
    const field = type.fields[turn % type.fields.length];
    const old = new Map(Object.entries(value));
    if (field !== undefined) old.set(field.name, withLeaf(field.type, old.get(field.name), rest, leaf));
    return Object.fromEntries(old);
  }
  return leaf;
}

test('-0 is the integer 0', () => {
  assert.deepEqual(codecOf(u32).encode(-0), new Uint8Array(4));
  assert.ok(Object.is(codecOf(i32).decode(codecOf(i32).encode(-0)), 0));
});

test('the range of every scalar is exact', () => {
  for (const [type, below, least, most, above] of [
    [u8, -1, 0, 255, 256],
    [i8, -129, -128, 127, 128],
    [u32, -1, 0, 0xffff_ffff, 0x1_0000_0000],
    [i32, -0x8000_0001, -0x8000_0000, 0x7fff_ffff, 0x8000_0000],
    [u64, -1n, 0n, 2n ** 64n - 1n, 2n ** 64n],
    [i64, -(2n ** 63n) - 1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 63n],
  ] as const) {
    const codec = loose(type);
    for (const value of [least, most]) assert.equal(codec.decode(codec.encode(value)), value);
    for (const value of [below, above]) assert.throws(() => codec.encode(value), { code: 'OUT_OF_RANGE' });
  }
});

test('bytes of another length are refused', () => {
  const codec = codecOf(Key);
  assert.throws(() => codec.decode(new Uint8Array(7)), {
    code: 'WRONG_SIZE',
    message: 'service_key is 8 bytes, got 7',
  });
  // @ts-expect-error an array is no Uint8Array
  assert.throws(() => codec.decode([1, 2, 3, 4, 5, 6, 7, 8]), {
    code: 'WRONG_TYPE',
    message: 'service_key is read from a Uint8Array, got an array of 8',
  });
});

test('nothing is read or written outside of the view, even if there is a buffer', () => {
  const view = new DataView(new ArrayBuffer(64), 8, 16);
  const codec = codecOf(Key);
  codec.write(view, 8, key);
  for (const offset of [9, -1, Number.NaN]) {
    const message = `service_key needs 8 bytes at offset ${offset} of a view of 16 bytes`;
    assert.throws(() => codec.write(view, offset, key), { code: 'WRONG_SIZE', message });
    assert.throws(() => codec.read(view, offset), { code: 'WRONG_SIZE', message });
  }
});

test('what was read shares no memory with where it was read from', () => {
  for (const length of [8, 200]) {
    const source = new Uint8Array(length).fill(1);
    const value = codecOf(bytes(length)).decode(source);
    const seen = codecOf(bytes(length)).read(new DataView(source.buffer), 0);
    source.fill(2);
    assert.ok(value.every((byte) => byte === 1) && seen.every((byte) => byte === 1));
  }
  const codec = codecOf(Key);
  const [first, second] = [codec.encode(key), codec.encode({ ...key, port: 81 })];
  assert.deepEqual(first, keyBytes);
  assert.notDeepEqual(second, first);
});

test('a getter may use the same codec while its value is being encoded', () => {
  const codec = codecOf(Key);
  const value = {
    address: 0x0a00_0001,
    get port() {
      codec.encode({ address: 0xffff_ffff, port: 0xffff, protocol: 0xff });
      return 80;
    },
    protocol: 6,
  };
  assert.deepEqual(codec.encode(value), keyBytes);
});

test('a value that changes while it is written is refused', () => {
  let reads = 0;
  const value = {
    address: 1,
    get port() {
      return reads++ === 0 ? -1 : 80;
    },
    protocol: 6,
  };
  assert.throws(() => codecOf(Key).encode(value), {
    code: 'WRONG_TYPE',
    message: 'service_key: the value changed while it was being written as service_key',
  });
});

test('a failed encode does not touch the value, nor the next encode', () => {
  const codec = codecOf(Key);
  const bad = Object.freeze({ ...key, protocol: 256 });
  assert.throws(() => codec.encode(bad), { code: 'OUT_OF_RANGE' });
  assert.deepEqual(codec.encode(key), keyBytes);
});

test('names of fields cannot become code', () => {
  const names = [
    "a'b",
    'a"b',
    'a`b',
    'a}b',
    'a\nb',
    'a:b',
    'a;process.exit(1)',
    '\u0024{process.exit(1)}',
    'a\u2028b',
    'ä',
    '__proto__',
  ];
  for (const name of names) {
    assert.throws(() => struct('s', Object.fromEntries([[name, u8]])), { code: 'BAD_DECLARATION' }, name);
  }
});

test('reserved words and names of the prototype are fields like others', () => {
  const names = [
    'class',
    'default',
    'await',
    'constructor',
    'toString',
    'hasOwnProperty',
    'value',
    'view',
    'offset',
  ];
  const codec = loose(struct('words', Object.fromEntries(names.map((name) => [name, u8]))));
  const value = Object.fromEntries(names.map((name, index) => [name, index]));
  assert.deepEqual(codec.decode(codec.encode(value)), value);
  const { constructor: _, ...rest } = value;
  assert.throws(() => codec.encode(rest), {
    code: 'MISSING_FIELD',
    message: 'words lacks the field "constructor"',
  });
});

test('types that were not made by their constructors get no code', () => {
  const forged = [
    { kind: 'bytes', size: 1, alignment: 1, length: '1); process.exit(1); (' },
    {
      kind: 'struct',
      name: 's',
      size: 1,
      alignment: 1,
      packed: false,
      fields: [{ name: 'a;b', type: u8, offset: 0 }],
    },
    {
      kind: 'struct',
      name: 's',
      size: 1,
      alignment: 1,
      packed: false,
      fields: [{ name: 'a', type: u8, offset: '0' }],
    },
    { kind: 'scalar', name: 'u8', size: 1, alignment: 1, bits: '8' },
  ];
  for (const type of forged) {
    // @ts-expect-error these are no types
    assert.throws(() => codecOf(type), { code: 'BAD_DECLARATION' });
  }
  // @ts-expect-error a number is no type
  assert.throws(() => codecOf(5), { code: 'BAD_DECLARATION', message: 'codecOf() needs a type, got 5' });
});

test('a type has one codec', () => {
  assert.equal(codecOf(Key), codecOf(Key));
  assert.notEqual(codecOf(bytes(3)), codecOf(bytes(3)));
});

test('tsc knows the values', () => {
  const codec = codecOf(Key);
  const port: be16 = codec.decode(keyBytes).port;
  assert.equal(port, 80);
  // @ts-expect-error a field is missing
  assert.throws(() => codec.encode({ address: 1, port: 80 }), { code: 'MISSING_FIELD' });
  // @ts-expect-error no such field
  assert.throws(() => codec.encode({ ...key, zone: 1, a: codec.decode(keyBytes).zone }), {
    code: 'UNKNOWN_FIELD',
  });
  // @ts-expect-error a u64 is a bigint
  assert.throws(() => codecOf(Flow).encode({ ...flow, bytes: 5 }), { code: 'WRONG_TYPE' });
  // @ts-expect-error a be16 is no u16
  const native: u16 = codec.decode(keyBytes).port;
  assert.equal(native, 80);
  const decoded = codecOf(Flow).decode(codecOf(Flow).encode(flow));
  decoded.hops[0] = 9;
  decoded.key.port = 1;
  assert.equal(decoded.keys[1]?.port, 443);
});
