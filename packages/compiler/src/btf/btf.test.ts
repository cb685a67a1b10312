import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import fc from 'fast-check';
import { Btf } from './btf.ts';
import { BtfBuilder } from './builder.ts';
import { type BtfKind, HEADER_SIZE, HOST_IS_LITTLE_ENDIAN, makeInfo } from './format.ts';
import { printType } from './print.ts';

/** BTF written word by word, for what the builder refuses to make. `strings` follow the empty one. */
function rawBtf(records: readonly (readonly number[])[], strings = '', firstString = '\0'): Uint8Array {
  const words = records.flat();
  const text = Buffer.from(firstString + strings);
  const bytes = new Uint8Array(HEADER_SIZE + 4 * words.length + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, HOST_IS_LITTLE_ENDIAN);
  view.setUint8(2, 1);
  const header = [HEADER_SIZE, 0, 4 * words.length, 4 * words.length, text.length];
  for (const [index, word] of [...header, ...words].entries()) {
    view.setUint32(4 + 4 * index, word >>> 0, HOST_IS_LITTLE_ENDIAN);
  }
  bytes.set(text, HEADER_SIZE + 4 * words.length);
  return bytes;
}

/** A record without entries: name offset, kind, size or type. */
const record = (kind: BtfKind, third: number, ...more: number[]) => [0, makeInfo(kind), third, ...more];

function malformed(run: () => unknown, message: RegExp): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof WaggleError);
    assert.equal(error.code, 'MALFORMED');
    assert.match(error.message, message);
    return true;
  });
}

/** A BTF with one type of every kind that the builder makes, nested in each other. */
function sample(): { bytes: Uint8Array; builder: BtfBuilder } {
  const builder = new BtfBuilder();
  const u32 = builder.typedef('__u32', builder.int('unsigned int', 4));
  const u64 = builder.int('unsigned long long', 8);
  const half = builder.struct('', 4, [
    { name: 'low', typeId: builder.int('unsigned short', 2), byteOffset: 0 },
    { name: 'high', typeId: builder.int('unsigned short', 2), byteOffset: 2 },
  ]);
  const either = builder.union('', 4, [
    { name: 'whole', typeId: u32, byteOffset: 0 },
    { name: '', typeId: half, byteOffset: 0 },
  ]);
  const inner = builder.struct('inner', 8, [
    { name: 'flags', typeId: u32, byteOffset: 0 },
    { name: '', typeId: either, byteOffset: 4 },
  ]);
  const outer = builder.struct('outer', 40, [
    { name: 'count', typeId: builder.const(u64), byteOffset: 0 },
    { name: '', typeId: either, byteOffset: 8 },
    { name: 'inner', typeId: inner, byteOffset: 12 },
    { name: 'text', typeId: builder.array(builder.int('char', 1, 'char'), 4), byteOffset: 20 },
    { name: 'next', typeId: builder.pointer(0), byteOffset: 24 },
  ]);
  builder.enum(
    'colour',
    new Map([
      ['RED', -1],
      ['GREEN', 2],
    ]),
  );
  builder.enum('', new Map([['WIDE', 1n << 40n]]));
  const prototype = builder.functionPrototype(u32, [{ name: 'self', typeId: builder.pointer(outer) }]);
  builder.function('measure', prototype, 'global');
  const variable = builder.variable('state', outer);
  builder.dataSection('.data', 40, [{ typeId: variable, offset: 0, size: 40 }]);
  return { bytes: builder.build(), builder };
}

test('a header that cannot be is named', () => {
  const { bytes } = sample();
  const patched = (position: number, ...values: number[]) => {
    const copy = bytes.slice();
    copy.set(values, position);
    return () => Btf.parse(copy, { name: 'test' });
  };
  malformed(() => Btf.parse(new Uint8Array(23)), /the BTF: 23 bytes are too short/);
  malformed(patched(0, bytes[1] ?? 0, bytes[0] ?? 0), /the BTF of test: it is in the byte order of another/);
  malformed(patched(0, 0, 0), /starts with 0x0,/);
  malformed(patched(2, 9), /version is 9/);
  malformed(patched(4, 23), /header cannot be 23 of/);
  malformed(patched(4, 25), /cut off|starts at byte 25|ends at byte/);
  malformed(patched(15, 0xff), /type section ends at byte/);
  malformed(patched(23, 0xff), /string section ends at byte/);
  malformed(patched(bytes.length - 1, 65), /does not end with a NUL at byte/);
  malformed(() => Btf.parse(rawBtf([], '', 'x\0')), /no empty string at byte 24/);
  malformed(() => Btf.parse(rawBtf([record('pointer', 0), [0, makeInfo('int')]])), /type 2: it is cut off/);
  malformed(() => Btf.parse(rawBtf([record('array', 0)])), /type 1: it is cut off at byte 36/);
  malformed(() => Btf.parse(rawBtf([[0, 20 << 24, 0]])), /type 1: its kind 20 at byte 24 is unknown/);
  malformed(
    () => Btf.parse(rawBtf([[7, makeInfo('pointer'), 0]])),
    /type 1: there is no name at string offset 7/,
  );
});

test('a header that is longer than today is skipped', () => {
  const { bytes } = sample();
  const longer = new Uint8Array(bytes.length + 8);
  longer.set(bytes.subarray(0, HEADER_SIZE));
  longer.set(bytes.subarray(HEADER_SIZE), HEADER_SIZE + 8);
  new DataView(longer.buffer).setUint32(4, HEADER_SIZE + 8, HOST_IS_LITTLE_ENDIAN);
  assert.equal(Btf.parse(longer).typeCount, Btf.parse(bytes).typeCount);
});

test('bytes at an odd address parse like others', () => {
  const { bytes } = sample();
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  assert.equal(Btf.parse(shifted.subarray(1)).memberOffset('outer', 'next'), 24);
});

test('types are found by name and kind', () => {
  const btf = Btf.parse(sample().bytes, { name: 'test' });
  assert.equal(btf.type(0).kind, 'void');
  assert.equal(btf.findType('outer', 'struct')?.size, 40);
  assert.equal(btf.find('outer', 'union'), undefined);
  assert.equal(btf.find(''), undefined);
  assert.equal(btf.find('inner\0outer'), undefined);
  assert.equal(btf.find('inne'), undefined);
  assert.deepEqual(btf.findAll('outer'), [btf.require('outer', 'struct')]);
  assert.equal(btf.findType('measure', 'function')?.linkage, 'global');
  const fails = (run: () => unknown, message: RegExp) => assert.throws(run, { code: 'NOT_FOUND', message });
  fails(
    () => btf.require('outre', 'struct'),
    /there is no struct outre in the BTF of test. Did you mean outer\?/,
  );
  fails(() => btf.require('outer', 'union'), /It is the name of a struct/);
  fails(() => btf.type(btf.typeCount + 1), /there is no type \d+ in the BTF of test/);
  fails(() => btf.type(-1), /there is no type -1/);
  fails(() => btf.type(1.5), /there is no type 1.5/);
  fails(() => btf.members('colour'), /there is no struct or union colour/);
});

test('enums give their values, signed and wide', () => {
  const btf = Btf.parse(sample().bytes);
  assert.deepEqual(
    [...btf.enumValues('colour')],
    [
      ['RED', -1],
      ['GREEN', 2],
    ],
  );
  const wide = btf.enumWithMember('WIDE');
  assert.ok(wide !== undefined);
  assert.equal(btf.kindOf(wide), 'enum64');
  assert.deepEqual([...btf.enumValues(wide)], [['WIDE', 1n << 40n]]);
  assert.equal(btf.enumWithMember('IDE'), undefined);
  assert.equal(btf.enumWithMember('outer'), undefined);
  assert.throws(() => btf.enumValues('outer'), { code: 'NOT_FOUND' });
});

test('members of anonymous structs belong to the struct around them', () => {
  const btf = Btf.parse(sample().bytes);
  const places = btf.members('outer').map(({ name, byteOffset, byteSize }) => [name, byteOffset, byteSize]);
  assert.deepEqual(places, [
    ['count', 0, 8],
    ['whole', 8, 4],
    ['low', 8, 2],
    ['high', 10, 2],
    ['inner', 12, 8],
    ['text', 20, 4],
    ['next', 24, 8],
  ]);
  assert.deepEqual(
    btf
      .anonymousMembers('outer')
      .map(({ kind, byteOffset, members }) => [
        kind,
        byteOffset,
        members.map((member) => [member.name, member.byteOffset]),
      ]),
    [
      [
        'union',
        8,
        [
          ['whole', 8],
          ['low', 8],
          ['high', 10],
        ],
      ],
    ],
  );
  const member = btf.member('outer', 'inner.high');
  assert.deepEqual([member.name, member.byteOffset, member.bitOffset], ['inner.high', 18, 144]);
  assert.throws(() => btf.member('outer', 'inner.hihg'), {
    message: /struct outer.inner in .* 'hihg'. Did you mean high/,
  });
  assert.throws(() => btf.member('outer', 'count.x'), { message: /struct outer.count .* is of kind int/ });
  assert.throws(() => btf.member('outer', ''), { code: 'NOT_FOUND' });
  assert.equal(btf.sizeOf(btf.require('state', 'variable')), 40);
  assert.throws(() => btf.sizeOf(btf.require('measure', 'function')), {
    code: 'WRONG_TYPE',
    message: /function measure/,
  });
});

test('bit fields of both encodings have bits, not bytes', () => {
  const strings = 'a\0b\0';
  const int = [0, makeInfo('int'), 4, 32];
  // Before the kind flag, the int itself said how many bits it has.
  const oldBits = [0, makeInfo('int'), 4, (2 << 16) | 3];
  const btf = Btf.parse(
    rawBtf(
      [
        int,
        oldBits,
        [0, makeInfo('struct', 2, true), 4, 1, 1, (5 << 24) | 3, 3, 1, (24 << 24) | 8],
        [0, makeInfo('struct', 1), 4, 1, 2, 8],
      ],
      strings,
    ),
  );
  const bits = (id: number) =>
    btf.members(id).map(({ name, bitOffset, bitSize }) => [name, bitOffset, bitSize]);
  assert.deepEqual(bits(3), [
    ['a', 3, 5],
    ['b', 8, 24],
  ]);
  assert.deepEqual(bits(4), [['a', 10, 3]]);
  assert.deepEqual([btf.member(3, 'b').byteOffset, btf.member(3, 'b').byteSize], [1, 3]);
  assert.throws(() => btf.memberOffset(3, 'b'), { code: 'WRONG_TYPE', message: /bit field/ });
});

test('split BTF continues the ids and the strings of its base', () => {
  const base = Btf.parse(sample().bytes, { name: 'vmlinux' });
  const { bytes } = sample();
  const stringLength = new DataView(bytes.buffer).getUint32(20, HOST_IS_LITTLE_ENDIAN);
  const outerName = Buffer.from(bytes).indexOf('\0outer\0') + 1 - (bytes.length - stringLength);
  const first = base.typeCount + 1;
  const split = Btf.parse(
    rawBtf(
      [
        [stringLength, makeInfo('typedef'), base.require('outer', 'struct')],
        [outerName, makeInfo('typedef'), first],
        [0, makeInfo('enum', 1), 4, stringLength + 6, 7],
      ],
      'alias\0MEMBER\0',
      '',
    ),
    { base, name: 'module' },
  );
  assert.equal(split.typeCount, base.typeCount + 3);
  assert.equal(split.find('alias'), first);
  assert.deepEqual(split.findAll('outer'), [base.find('outer'), first + 1]);
  assert.equal(split.nameOf(first + 1), 'outer');
  assert.equal(split.memberOffset('alias', 'inner.flags'), 12);
  assert.equal(split.enumWithMember('MEMBER'), first + 2);
  assert.equal(split.enumWithMember('GREEN'), base.find('colour'));
  assert.equal(base.find('alias'), undefined);
  assert.throws(() => base.type(first), { code: 'NOT_FOUND' });
  assert.equal(Btf.parse(rawBtf([], '', ''), { base }).typeCount, base.typeCount);
});

test('types without end are refused, not followed', () => {
  const int = [0, makeInfo('int'), 4, 32];
  const parse = (...records: number[][]) => Btf.parse(rawBtf([int, ...records], 'x\0'));
  malformed(() => parse(record('typedef', 2)).resolve(2), /type 2: more than 64 typedefs/);
  malformed(() => parse(record('const', 3), record('volatile', 2)).sizeOf(2), /type 2: more than 64/);
  malformed(() => parse(record('array', 0, 2, 1, 1)).sizeOf(2), /more than 64 array dimensions/);
  malformed(() => parse([0, makeInfo('struct', 1), 4, 0, 2, 0]).members(2), /nested deeper than 64/);
  malformed(() => printType(parse([0, makeInfo('struct', 1), 4, 0, 2, 0]), 2), /without end/);
  malformed(() => printType(parse(record('pointer', 2)), 2), /refers to itself without end/);
  malformed(() => printType(parse([0, makeInfo('functionPrototype', 1), 0, 1, 2]), 2), /without end/);
  malformed(() => printType(parse([1, makeInfo('dataSection', 1), 4, 2, 0, 4]), 2), /is no variable/);
  malformed(() => parse(record('typedef', 9)).type(2), /type 2: it refers to type 9, which is not there/);
  malformed(() => parse([0, makeInfo('struct', 1), 4, 99, 1, 0]).type(2), /no name at string offset 99/);
  malformed(
    () => parse([0, makeInfo('struct', 1), 4, 1, 1, 8]).members(2),
    /member x ends after the 4 bytes/,
  );
  malformed(
    () => parse([0, makeInfo('struct', 1), 4, 1, 0, 0]).members(2),
    /member x has a type without size/,
  );
  malformed(() => parse(record('int', 4, 33)).type(2), /4 bytes cannot have 33 bits/);
  malformed(() => parse(record('int', 4, (3 << 24) | 32)).type(2), /int encoding 3 is unknown/);
  malformed(() => parse([1, makeInfo('function', 7), 1]).type(2), /linkage 7 is unknown/);
  malformed(() => parse(record('array', 0, 1, 1, 2 ** 31)).sizeOf(2), /larger than 4 GiB/);
});

test('a type that doubles with every level ends in an error, soon', () => {
  const unions = Array.from({ length: 40 }, (_, level) => [
    0,
    makeInfo('union', 2),
    4,
    0,
    level + 1,
    0,
    0,
    level + 1,
    0,
  ]);
  const btf = Btf.parse(rawBtf([[0, makeInfo('int'), 4, 32], ...unions]));
  const start = performance.now();
  malformed(() => btf.members(41), /more than 65536 members/);
  malformed(() => printType(btf, 41), /without end/);
  assert.ok(performance.now() - start < 30_000, 'it comes to an end');
});

/** Asks everything about every type; only MALFORMED may come of it. */
function walk(bytes: Uint8Array): void {
  const attempt = (run: () => void) => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof WaggleError && error.code === 'MALFORMED')) throw error;
    }
  };
  attempt(() => {
    const btf = Btf.parse(bytes);
    for (let id = 0; id <= btf.typeCount; id++) {
      attempt(() => assert.equal(btf.type(id).kind, btf.kindOf(id)));
      attempt(() => printType(btf, id));
      attempt(() => btf.resolve(id));
      const kind = btf.kindOf(id);
      if (kind === 'struct' || kind === 'union') {
        attempt(() => btf.members(id));
        attempt(() => btf.anonymousMembers(id));
      }
      if (kind === 'enum' || kind === 'enum64') attempt(() => btf.enumValues(id));
      if (kind === 'array') attempt(() => ignoreUnsized(() => btf.sizeOf(id)));
      const name = btf.nameOf(id);
      if (/^\w+$/.test(name)) assert.ok(btf.findAll(name).includes(id));
    }
    btf.enumWithMember('GREEN');
  });
}

/** An array of functions is nonsense, but not BTF that cannot be read. */
function ignoreUnsized(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof WaggleError && error.code === 'WRONG_TYPE')) throw error;
  }
}

test('whatever bytes come, they parse or are MALFORMED', () => {
  const { bytes } = sample();
  const start = performance.now();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
      walk(tail);
      // The same behind a header that is right, for most noise fails at the magic number.
      const framed = new Uint8Array(HEADER_SIZE + tail.length + 1);
      framed.set(rawBtf([]).subarray(0, HEADER_SIZE));
      framed.set(tail, HEADER_SIZE);
      const view = new DataView(framed.buffer);
      const half = (tail.length >> 3) * 4;
      for (const [field, value] of [
        [12, half],
        [16, half],
        [20, framed.length - HEADER_SIZE - half],
      ] as const) {
        view.setUint32(field, value, HOST_IS_LITTLE_ENDIAN);
      }
      framed[HEADER_SIZE + half] = 0;
      walk(framed);
    }),
    { numRuns: 300 },
  );
  const patch = fc.tuple(fc.nat(bytes.length - 1), fc.oneof(fc.nat(255), fc.nat(30)));
  fc.assert(
    fc.property(fc.array(patch, { minLength: 1, maxLength: 6 }), (patches) => {
      const copy = bytes.slice();
      for (const [position, value] of patches) copy[position] = value;
      walk(copy);
    }),
    { numRuns: 700 },
  );
  // Swapping type ids for others makes cycles, which flipped bytes seldom do.
  const word = fc.tuple(fc.nat(Math.floor((bytes.length - HEADER_SIZE) / 4) - 1), fc.nat(24));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (words) => {
      const copy = bytes.slice();
      const view = new DataView(copy.buffer);
      for (const [index, value] of words)
        view.setUint32(HEADER_SIZE + 4 * index, value, HOST_IS_LITTLE_ENDIAN);
      walk(copy);
    }),
    { numRuns: 300 },
  );
  assert.ok(performance.now() - start < 60_000, 'it comes to an end');
});
