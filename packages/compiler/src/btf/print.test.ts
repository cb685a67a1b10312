import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf } from './btf.ts';
import { BtfBuilder } from './builder.ts';
import { printType } from './print.ts';

function print(make: (builder: BtfBuilder) => number): string {
  const builder = new BtfBuilder();
  const id = make(builder);
  return printType(Btf.parse(builder.build()), id);
}

test('declarators read from the name outwards', () => {
  const declared = (make: (builder: BtfBuilder, int: number) => number) =>
    print((builder) => builder.typedef('t', make(builder, builder.int('int', 4, 'signed'))));
  assert.equal(
    declared((_, int) => int),
    'typedef int t;',
  );
  assert.equal(
    declared((b, int) => b.pointer(b.const(int))),
    'typedef const int *t;',
  );
  assert.equal(
    declared((b, int) => b.const(b.pointer(int))),
    'typedef int * const t;',
  );
  assert.equal(
    declared((b) => b.pointer(b.pointer(0))),
    'typedef void **t;',
  );
  assert.equal(
    declared((b, int) => b.array(b.array(int, 3), 2)),
    'typedef int t[2][3];',
  );
  assert.equal(
    declared((b, int) => b.pointer(b.array(int, 2))),
    'typedef int (*t)[2];',
  );
  assert.equal(
    declared((b, int) => b.array(b.pointer(int), 2)),
    'typedef int *t[2];',
  );
  assert.equal(
    declared((b, int) => b.const(b.array(b.const(int), 2))),
    'typedef const int t[2];',
  );
  const takesInt = (b: BtfBuilder, int: number) => b.functionPrototype(0, [{ name: 'x', typeId: int }]);
  assert.equal(
    declared((b, int) => b.pointer(takesInt(b, int))),
    'typedef void (*t)(int x);',
  );
  assert.equal(
    declared((b, int) => b.array(b.pointer(b.functionPrototype(b.pointer(takesInt(b, int)), [])), 4)),
    'typedef void (*(*t[4])(void))(int x);',
  );
});

test('statements of every kind that is built', () => {
  assert.equal(
    print((b) => b.int('unsigned int', 4)),
    'unsigned int;',
  );
  assert.equal(
    print((b) => b.pointer(0)),
    'void *;',
  );
  assert.equal(
    print((b) => b.struct('empty', 0, [])),
    'struct empty {};',
  );
  assert.equal(
    print((b) =>
      b.enum(
        'e',
        new Map([
          ['A', -1],
          ['B', 2],
        ]),
      ),
    ),
    'enum e {\n\tA = -1,\n\tB = 2,\n};',
  );
  assert.equal(
    print((b) => b.enum('w', new Map([['A', 1n << 63n]]))),
    'enum w {\n\tA = 9223372036854775808ULL,\n};',
  );
  assert.equal(
    print((b) => b.function('f', b.functionPrototype(0, []))),
    'static void f(void);',
  );
  const data = (b: BtfBuilder) => b.variable('v', b.int('long', 8, 'signed'), 'static');
  assert.equal(print(data), 'static long v;');
  assert.equal(
    print((b) => b.dataSection('.data', 8, [{ typeId: data(b), offset: 0, size: 8 }])),
    '/* section .data, 8 bytes */ {\n\t/* 0 + 8 */ static long v;\n}',
  );
});

test('anonymous members are written where they stand, named ones mentioned', () => {
  const text = print((b) => {
    const int = b.int('int', 4, 'signed');
    const named = b.struct('named', 4, [{ name: 'x', typeId: int, byteOffset: 0 }]);
    const union = b.union('', 4, [
      { name: 'a', typeId: int, byteOffset: 0 },
      { name: 'b', typeId: named, byteOffset: 0 },
    ]);
    return b.struct('outer', 16, [
      { name: '', typeId: union, byteOffset: 0 },
      { name: 'u', typeId: union, byteOffset: 4 },
      { name: 'p', typeId: b.pointer(named), byteOffset: 8 },
    ]);
  });
  assert.equal(
    text,
    `struct outer {
	union {
		int a;
		struct named b;
	};
	union {
		int a;
		struct named b;
	} u;
	struct named *p;
};`,
  );
});
