/** Which values of configs decide, and what becomes of those that are only numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIr } from '../ir/parse.ts';
import { printIr } from '../ir/print.ts';
import { validateIr } from '../ir/validate.ts';
import { decidingFields } from './deciding.ts';
import { lateNumbers, withLateNumbers } from './late-numbers.ts';

const program = (body: string) => {
  const parsed = parseIr(`program xdp\n\nfunction main(%0: context): i32\nb0:\n${body}`);
  validateIr(parsed);
  return parsed;
};

const deciding = (body: string): string[] =>
  [...decidingFields(program(body))].map((key) => String(JSON.parse(key)[1]));

test('a value decides where its comparison has one outcome', () => {
  const branch = (compared: string): string => `  %1: i32 = config settings value
  %2: i32 = const 3
  %3: i32 = add %1 %2
  %4: i32 = load u32 %0 +0
  branch less ${compared} ? b1 : b2
b1:
  return %1
b2:
  return %2
`;
  assert.deepEqual(deciding(branch('%3 %2')), ['value']);
  assert.deepEqual(deciding(branch('%2 %1')), ['value']);
  assert.deepEqual(deciding(branch('%4 %3')), [], 'what is in the packet is never known');
  assert.deepEqual(deciding(branch('%4 %2')), []);
});

test('a value decides that may come over an edge to where it is compared', () => {
  const body = (compared: string): string => `  %1: i32 = config settings value
  %2: i32 = const 3
  %3: i32 = load u32 %0 +0
  branch less %3 %2 ? b1(%1) : b1(%2)
b1(%4: i32):
  branch equal %4 ${compared} ? b2 : b3
b2:
  return %4
b3:
  return %2
`;
  assert.deepEqual(deciding(body('%2')), ['value']);
  assert.deepEqual(deciding(body('%3')), []);
});

test('a value decides by which there may be something cheaper, or which is an offset', () => {
  const by = (operator: string): string[] =>
    deciding(`  %1: i32 = config settings value
  %2: i32 = load u32 %0 +0
  %3: i32 = ${operator} %2 %1
  return %3
`);
  for (const operator of ['mul', 'div', 'mod', 'shiftLeft', 'shiftRight']) {
    assert.deepEqual(by(operator), ['value'], operator);
  }
  for (const operator of ['add', 'sub', 'and', 'or', 'xor']) assert.deepEqual(by(operator), [], operator);
  const offset = `  %1: i64 = config settings offset
  %2: packet? = packetAt %0 %1 +0 size 4
  %3: i32 = const 0
  return %3
`;
  assert.deepEqual(deciding(offset), ['offset']);
});

test('numbers that depend on configs alone are put in late, and computed then', () => {
  const before = program(`  %1: i32 = config settings port
  %2: i32 = swapBytes 16 %1
  %3: i32 = load u32 %0 +0
  %4: i32 = const 5
  %5: i32 = add %2 %4
  %6: i32 = xor %3 %5
  %7: i64 = zeroExtend %1
  %8: i64 = config settings big
  %9: i64 = sub %7 %8
  %10: stack = stackSlot size 8 alignment 8
  store u64 %10 +0 %9
  return %6
`);
  const { program: after, numbers } = withLateNumbers(before, (_, field) => (field === 'port' ? 16 : 64));
  validateIr(after);
  assert.deepEqual(parseIr(printIr(after)), after);
  const body = printIr(after).split('b0:\n')[1];
  assert.equal(
    body,
    `  %1: i32 = late 0 bits 16
  %2: i32 = late 1 bits 16
  %3: i32 = load u32 %0 +0
  %4: i32 = const 5
  %5: i32 = late 2 bits 17
  %6: i32 = xor %3 %5
  %7: i64 = late 3 bits 16
  %8: i64 = late 4 bits 64
  %9: i64 = late 5 bits 64
  %10: stack = stackSlot size 8 alignment 8
  store u64 %10 +0 %9
  return %6
`,
  );
  const values = lateNumbers(numbers, new Map([['settings', { port: 0x1234, big: 0x1235n }]]));
  assert.deepEqual(values, [0x1234n, 0x3412n, 0x3417n, 0x1234n, 0x1235n, 2n ** 64n - 1n]);
});
