import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  array,
  be16,
  be32,
  be64,
  bool,
  bytes,
  chars,
  i8,
  i16,
  i32,
  i64,
  struct,
  type Type,
  u8,
  u16,
  u32,
  u64,
} from '@waggle/bpf';
import fc from 'fast-check';
import { Btf } from './btf.ts';
import { BtfBuilder } from './builder.ts';
import { mapBtf } from './map-btf.ts';
import { printType } from './print.ts';

const Address = struct('address', { ip: be32, port: be16, protocol: u8 });
const Everything = struct('everything', {
  a: u8,
  b: u16,
  c: u32,
  d: u64,
  e: i8,
  f: i16,
  g: i32,
  h: i64,
  i: be16,
  j: be32,
  k: be64,
  l: bool,
  mac: bytes(6),
  name: chars(16),
  peers: array(Address, 3),
});

const EVERYTHING_IN_C = `struct everything {
	__u8 a;
	__u16 b;
	__u32 c;
	__u64 d;
	__s8 e;
	__s16 f;
	__s32 g;
	__s64 h;
	__be16 i;
	__be32 j;
	__be64 k;
	_Bool l;
	__u8 mac[6];
	char name[16];
	struct address peers[3];
};`;

test('declared types become the C that a kernel programmer writes', () => {
  const made = mapBtf({ key: Address, value: Everything });
  assert.ok(made);
  const btf = Btf.parse(made.bytes);
  assert.equal(btf.nameOf(made.keyTypeId), 'address');
  assert.equal(printType(btf, made.valueTypeId), EVERYTHING_IN_C);
  for (const type of [Address, Everything]) {
    assert.equal(btf.sizeOf(btf.require(type.name, 'struct')), type.size);
    for (const { name, offset, type: fieldType } of type.fields) {
      const member = btf.member(type.name, name);
      assert.deepEqual([member.byteOffset, member.byteSize], [offset, fieldType.size], name);
    }
  }
  const encoding = (name: string) => btf.findType(name, 'int')?.encoding;
  assert.deepEqual(['_Bool', 'char', 'signed char', 'unsigned char'].map(encoding), [
    'bool',
    'char',
    'signed',
    'unsigned',
  ]);
});

test('a map without key has type 0 there, one without both no BTF', () => {
  const made = mapBtf({ value: u32 });
  assert.ok(made);
  assert.equal(made.keyTypeId, 0);
  assert.equal(Btf.parse(made.bytes).nameOf(made.valueTypeId), '__u32');
  assert.equal(mapBtf({}), undefined);
});

test('bpftool reads what was built', {
  skip: spawnSync('bpftool', ['version']).status === 0 ? false : 'no bpftool',
}, () => {
  const builder = new BtfBuilder();
  const everything = builder.fromType(Everything);
  builder.enum(
    'colour',
    new Map([
      ['RED', -1],
      ['GREEN', 2],
    ]),
  );
  builder.enum('wide', new Map([['FAR', 1n << 40n]]));
  builder.union('either', 8, [
    { name: 'number', typeId: builder.fromType(u64), byteOffset: 0 },
    { name: 'address', typeId: builder.fromType(Address), byteOffset: 0 },
  ]);
  const prototype = builder.functionPrototype(builder.fromType(i32), [
    { name: 'ctx', typeId: builder.pointer(builder.const(everything)) },
  ]);
  builder.function('balance', prototype, 'global');
  const variable = builder.variable('state', everything);
  builder.dataSection('.data', Everything.size, [{ typeId: variable, offset: 0, size: Everything.size }]);
  const folder = mkdtempSync(join(tmpdir(), 'waggle-btf-'));
  try {
    const file = join(folder, 'built.btf');
    writeFileSync(file, builder.build());
    const dump = (format: string) => {
      const run = spawnSync('bpftool', ['btf', 'dump', 'file', file, 'format', format], { encoding: 'utf8' });
      assert.equal(run.status, 0, run.stderr);
      return run.stdout;
    };
    const c = dump('c');
    assert.ok(c.includes(EVERYTHING_IN_C), c);
    assert.ok(c.includes('typedef __u16 __be16;'), c);
    assert.ok(c.includes('enum colour {\n\tRED = -1,\n\tGREEN = 2,\n};'), c);
    assert.ok(c.includes('FAR = 1099511627776ULL'), c);
    const raw = dump('raw');
    assert.match(raw, /FUNC 'balance' type_id=\d+ linkage=global/);
    assert.match(raw, /DATASEC '\.data' size=\d+ vlen=1/);
    assert.match(raw, /INT '_Bool' size=1 bits_offset=0 nr_bits=8 encoding=BOOL/);
    assert.equal(raw.match(/^\[/gm)?.length, Btf.parse(builder.build()).typeCount);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('equal types and strings are kept once', () => {
  const builder = new BtfBuilder();
  const first = builder.fromType(Everything);
  const size = builder.build().length;
  assert.equal(builder.fromType(Everything), first);
  assert.equal(builder.string('everything'), builder.string('everything'));
  assert.equal(builder.build().length, size);
  assert.notEqual(builder.int('int', 4, 'signed'), builder.int('int', 4));
  const text = Buffer.from(builder.build()).toString('latin1');
  assert.equal(text.split('\0__u16\0').length, 2);
});

const scalar = fc.constantFrom<Type>(u8, u16, u32, u64, i8, i16, i32, i64, be16, be32, be64, bool);
const leaf = fc.oneof(
  scalar,
  fc.integer({ min: 1, max: 64 }).map((length) => bytes(length)),
  fc.integer({ min: 1, max: 64 }).map((length) => chars(length)),
);
const { type: anyType } = fc.letrec<{ type: Type }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.tuple(tie('type'), fc.integer({ min: 1, max: 4 })).map(([element, length]) => array(element, length)),
    fc
      .tuple(
        fc.stringMatching(/^[a-z_]{1,8}$/),
        fc.array(tie('type'), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
      )
      .map(([name, types, packed]) =>
        struct(name, Object.fromEntries(types.map((type, index) => [`f${index}`, type])), { packed }),
      ),
  ),
}));

function assertSame(btf: Btf, id: number, type: Type): void {
  assert.equal(btf.sizeOf(id), type.size);
  const found = btf.resolve(id);
  if (type.kind === 'struct') {
    assert.equal(found.kind === 'struct' ? found.name : found.kind, type.name);
    const members = btf.members(id);
    assert.deepEqual(
      members.map(({ name, byteOffset }) => [name, byteOffset]),
      type.fields.map(({ name, offset }) => [name, offset]),
    );
    for (const [index, field] of type.fields.entries())
      assertSame(btf, members[index]?.typeId ?? 0, field.type);
  } else if (type.kind === 'array') {
    assert.ok(found.kind === 'array' && found.length === type.length);
    assertSame(btf, found.elementTypeId, type.element);
  } else {
    assert.equal(found.kind, type.kind === 'scalar' ? 'int' : 'array');
  }
}

test('any declared type survives the round trip', () => {
  fc.assert(
    fc.property(anyType, (type) => {
      const builder = new BtfBuilder();
      const id = builder.fromType(type);
      const btf = Btf.parse(builder.build());
      assertSame(btf, id, type);
      printType(btf, id);
    }),
    { numRuns: 150 },
  );
});

test('what the kernel would refuse is refused with its name', () => {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4, 'signed');
  const fails = (run: () => unknown, message: RegExp) =>
    assert.throws(run, { code: 'BAD_DECLARATION', message });
  const at = (name: string, byteOffset: number) => ({ name, typeId: int, byteOffset });
  fails(() => builder.struct('a b', 4, []), /struct a b cannot be called "a b"/);
  fails(() => builder.struct('s'.repeat(128), 4, []), /at most 127 characters/);
  fails(() => builder.struct('s', 4, [at('1st', 0)]), /member 1st of struct s cannot be called/);
  fails(() => builder.struct('s', 4, [at('a', 1)]), /member a of struct s does not fit its 4 bytes/);
  fails(() => builder.struct('s', 8, [at('a', 4), at('b', 0)]), /member b of struct s overlaps/);
  fails(() => builder.struct('s', 8, [at('a', -4)]), /does not fit/);
  fails(() => builder.struct('s', 2 ** 32, []), /cannot be 4294967296 bytes/);
  fails(() => builder.union('u', 8, [at('a', 4)]), /must be at byte 0/);
  fails(
    () => builder.struct('s', 8, [{ name: 'v', typeId: 0, byteOffset: 0 }]),
    /has type 0, which has no size/,
  );
  fails(() => builder.pointer(99), /a pointer refers to type 99, which was not added/);
  fails(() => builder.typedef('', int), /a typedef cannot be called ""/);
  fails(() => builder.int('', 4), /needs a name/);
  fails(() => builder.int('int24', 3), /cannot be 3 bytes long/);
  fails(() => builder.array(int, 2 ** 31), /would be 8589934592 bytes long/);
  fails(() => builder.array(int, -1), /an array of -1 elements cannot be/);
  fails(() => builder.enum('e', new Map([['A', 0.5]])), /cannot have value 0.5/);
  fails(
    () =>
      builder.enum(
        'e',
        new Map([
          ['A', -1n],
          ['B', 1n << 63n],
        ]),
      ),
    /more than 64 bits/,
  );
  fails(() => builder.function('f', int), /needs the id of a function prototype/);
  const variable = builder.variable('v', int);
  fails(() => builder.dataSection('.da ta', 4, []), /a section cannot be called/);
  fails(
    () => builder.dataSection('.data', 4, [{ typeId: int, offset: 0, size: 4 }]),
    /needs ids of variables/,
  );
  fails(
    () => builder.dataSection('.data', 4, [{ typeId: variable, offset: 2, size: 4 }]),
    /take 6 bytes of 4/,
  );
  fails(() => builder.dataSection('.data', 4, [{ typeId: variable, offset: 0, size: 2 }]), /cut off/);
  fails(() => builder.string('a\0b'), /NUL/);
});
