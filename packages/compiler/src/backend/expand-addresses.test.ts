/** Loads from addresses of the kernel become calls of the helper that reads there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIr } from '../ir/parse.ts';
import { printIr } from '../ir/print.ts';
import { validateIr } from '../ir/validate.ts';
import { expandAddresses } from './expand-addresses.ts';

test('a load from an address goes by the stack, all others stay', () => {
  const program = parseIr(`program kprobe

function main(%0: context): i32
b0:
  %1: address = load u64 %0 +112
  %2: i32 = load u16 %1 +16
  return %2
`);
  const functions = program.functions.map(expandAddresses);
  const expanded = { ...program, functions };
  validateIr(expanded);
  assert.equal(
    printIr(expanded),
    `program kprobe

function main(%0: context): i32
b0:
  %1: address = load u64 %0 +112
  %3: stack = stackSlot size 2 alignment 2
  %4: i32 = const 2
  %5: i64 = const 16
  %6: address = offsetPointer %1 %5
  callHelper probe_read_kernel %3 %4 %6
  %2: i32 = load u16 %3 +0
  return %2
`,
  );
});

test('memory of the kernel cannot be written', () => {
  const program = parseIr(`program kprobe

function main(%0: context): i32
b0:
  %1: address = load u64 %0 +112
  %2: i32 = const 0
  store u32 %1 +0 %2
  return %2
`);
  assert.throws(() => validateIr(program), /memory of the kernel is only read/);
});
