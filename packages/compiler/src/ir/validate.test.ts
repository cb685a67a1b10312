/** The rules of the IR: a program that keeps them, and one for every rule that breaks it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FunctionBuilder } from './builder.ts';
import { parseIr } from './parse.ts';
import { commands, programOf } from './testing/random-program.ts';
import { validateIr } from './validate.ts';

const body = (text: string, rest = ''): string =>
  `program xdp\nfunction main(%0: context): i32\nb0:\n  ${text.trim().split('\n').join('\n')}\n${rest}`;
const check = (text: string): void => validateIr(parseIr(text));

test('random programs keep the rules', () => {
  fc.assert(
    fc.property(commands, (list) => validateIr(programOf(list))),
    { numRuns: 50 },
  );
});

test('a pointer may be used where every path has checked it', () => {
  check(
    body(`%1: packet? = packetAt %0 +0 size 14
      %2: packet? = const 0
      %3: i32 = const 2
      branch equal %1 %2 ? b9 : b1
    b1:
      branch equal %3 %3 ? b2 : b3
    b2:
      jump b3
    b3:
      %4: i32 = load u16 %1 +12
      jump b4(%1)
    b4(%5: packet):
      %6: i32 = load u16 %5 +0
      return %6
    b9:
      return %3`),
  );
});

const NOWHERE = 'return %1';

for (const [what, text, message] of [
  [
    'a value twice',
    body(`%1: i32 = const 1\n%1: i32 = const 2\n${NOWHERE}`),
    /defines %1, which is defined already/,
  ],
  ['an unknown value', body('return %7'), /return %7: there is no value %7/],
  [
    'a value before it exists',
    body('%1: i32 = add %2 %2\n%2: i32 = const 1\nreturn %1'),
    /%2 is not defined on every/,
  ],
  [
    'a value of another path',
    body(`%1: i32 = const 1\nbranch equal %1 %1 ? b1 : b2\nb1:\n%2: i32 = const 1\njump b2\nb2:\nreturn %2`),
    /b2: return %2: %2 is not defined on every path/,
  ],
  ['the result of a store', body('store u8 %0 +0 %9\nreturn %9'), /there is no value %9/],
  ['a missing block', body('jump b5'), /goes to b5, which is missing/],
  [
    'a missing argument',
    body('jump b1\nb1(%1: i32):\nreturn %1'),
    /gives b1 0 values, but it has 1 parameters/,
  ],
  [
    'an argument of another type',
    body('%1: i64 = const 1\njump b1(%1)\nb1(%2: i32):\nreturn %2'),
    /gives b1 %1 of type i64 for one of type i32/,
  ],
  [
    'operands of two widths',
    body('%1: i32 = const 1\n%2: i64 = add %1 %1\nreturn %1'),
    /value 1 is i32, not i64/,
  ],
  [
    'a result of another type',
    body('%1: i64 = const 1\nreturn %1'),
    /returns i64, but the function returns i32/,
  ],
  ['no result', body('return'), /returns void/],
  ['a constant too large', body(`%1: i32 = const 4294967296\n${NOWHERE}`), /4294967296 does not fit i32/],
  ['a constant pointer', body('%1: packet = const 8\nunreachable'), /the only constant pointer is null/],
  [
    'an unchecked pointer',
    body('%1: packet? = packetAt %0 +0 size 1\n%2: i32 = load u8 %1 +0\nreturn %2'),
    /may be null/,
  ],
  [
    'a pointer used on the side where it is null',
    body(`%1: packet? = packetAt %0 +0 size 1\n%2: packet? = const 0\nbranch equal %1 %2 ? b1 : b2
      b1:\n%3: i32 = load u8 %1 +0\nreturn %3\nb2:\nunreachable`),
    /b1: .*may be null/,
  ],
  [
    'a pointer checked on one of two paths',
    body(`%1: packet? = packetAt %0 +0 size 1\n%2: packet? = const 0\n%4: i32 = const 0\nbranch equal %4 %4 ? b1 : b2
      b1:\nbranch equal %1 %2 ? b3 : b2\nb2:\n%3: i32 = load u8 %1 +0\nreturn %3\nb3:\nunreachable`),
    /b2: .*may be null/,
  ],
  [
    'a number as a pointer',
    body('%1: i64 = const 1\n%2: i32 = load u8 %1 +0\nreturn %2'),
    /value 1 is i64, not a pointer/,
  ],
  ['a load of the wrong width', body('%1: i64 = load u32 %0 +0\nunreachable'), /the result is i32, not i64/],
  [
    'pointers ordered',
    body('%1: stack = stackSlot size 8 alignment 8\nbranch less %1 %1 ? b1 : b1\nb1:\nunreachable'),
    /cannot be compared by less/,
  ],
  [
    'pointers of two spaces',
    body('%1: stack = stackSlot size 8 alignment 8\nbranch equal %1 %0 ? b1 : b1\nb1:\nunreachable'),
    /stack and context cannot be compared/,
  ],
  ['a slot of no size', body('%1: stack = stackSlot size 0 alignment 8\nunreachable'), /at least one byte/],
  [
    'an odd alignment',
    body('%1: stack = stackSlot size 8 alignment 3\nunreachable'),
    /alignment of a stack slot/,
  ],
  [
    'six arguments',
    body('%1: i64 = callHelper ktime_get_ns %0 %0 %0 %0 %0 %0\nunreachable'),
    /at most 5 values/,
  ],
  ['a missing function', body('%1: i64 = call nobody\nunreachable'), /there is no function "nobody"/],
  ['a call of the program', body('%1: i32 = call main %0\nreturn %1'), /"main" is the program itself/],
  [
    'an argument that may be null',
    body(
      '%1: packet? = packetAt %0 +0 size 1\n%2: i32 = call f %1\nreturn %2',
      'static function f(%0: packet): i32\nb0:\n%1: i32 = load u8 %0 +0\nreturn %1',
    ),
    /value 1 is packet\?, not packet/,
  ],
  [
    'two functions of one name',
    body('unreachable', 'static function main(): void\nb0:\nreturn'),
    /two functions have the same name/,
  ],
  ['no program', 'program xdp\nstatic function f(): void\nb0:\nreturn', /not the program itself/],
] as const) {
  test(`refused: ${what}`, () => {
    assert.throws(() => check(text), { code: 'BAD_DECLARATION', message });
  });
}

test('the builder makes valid functions, and refuses half ones', () => {
  const builder = new FunctionBuilder('main', 'i32', ['context']);
  const loop = builder.block('i32');
  assert.throws(() => builder.build(), /block b0 of "main" does not end/);
  builder.jump(loop, builder.constant('i32', 0));
  assert.throws(() => builder.constant('i32', 1), /has ended already/);
  builder.continueIn(loop);
  const [counter = -1] = builder.params(loop);
  assert.equal(builder.typeOf(counter), 'i32');
  builder.end({ op: 'return', value: counter });
  validateIr({ type: 'xdp', functions: [builder.build()] });
});
