import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import { parseVector, runVector } from './vector.ts';

test('a vector with memory passes or fails', () => {
  const text = (result: string) => `# a comment before the first section
-- asm
# comments within
ldxh %r0, [%r1+1]   # and behind
add %r0, %r2
exit
-- mem
aa 11
22
-- result
# what r0 is
${result}
-- no register offset
call instruction
`;
  assert.deepEqual(runVector(text('0x2214')), {
    expected: { result: 0x2214n },
    actual: { result: 0x2214n },
    passed: true,
  });
  assert.equal(runVector(text('8724')).passed, true);
  assert.equal(runVector(text('-1')).passed, false);
});

test('raw slots go before assembly', () => {
  const text = `-- asm
mov %r0, 1
exit
-- raw
0x00000005000000b7
149
-- result
5`;
  assert.equal(runVector(text).passed, true);
});

test('an expected error is any error', () => {
  const text = '-- asm\nldxb %r0, [%r1]\nexit\n-- error\nout of bounds\n';
  const { expected, actual, passed } = runVector(text);
  assert.deepEqual(expected, { error: 'out of bounds' });
  assert.ok('error' in actual && /reads 1 byte at offset 0 of the memory/.test(actual.error));
  assert.equal(passed, true);
  const fine = runVector('-- asm\nmov r0, 0\nexit\n-- error\nno way');
  assert.deepEqual([fine.actual, fine.passed], [{ result: 0n }, false]);
  assert.equal(runVector('-- asm\nmov r0, 0\nexitt\n-- error\nno such mnemonic').passed, true);
});

test('a vector brings its maps', () => {
  const text = `-- map
# name type key_size value_size max_entries
numbers 2 4 8 10
-- asm
stw [%r10-4], 9
lddw %r1, map_by_fd(numbers)
mov %r2, %r10
add %r2, -4
call bpf_map_lookup_elem
jeq %r0, 0, exit
ldxdw %r0, [%r0]
add %r0, 1
exit
-- result
1`;
  assert.equal(runVector(text).passed, true);
  assert.equal(parseVector(text).maps.numbers?.type, 'array');
});

test('what is no vector is told', () => {
  const fails = (text: string, message: RegExp) =>
    assert.throws(
      () => parseVector(text),
      (error: unknown) => error instanceof WaggleError && message.test(error.message),
    );
  fails('', /neither an asm nor a raw section/);
  fails('-- asm\nexit', /neither a result nor an error/);
  fails('-- asm\nexit\n-- error\n', /neither a result nor an error/);
  fails('-- asm\nexit\n-- result\nfive', /has "five" for a number/);
  fails('-- asm\nexit\n-- mem\n1ff\n-- result\n0', /has "1ff" for a byte of its memory/);
  fails('-- asm\nexit\n-- map\nm 999 4 4 1\n-- result\n0', /a map that is not/);
  fails('-- assembly\nexit', /unknown section "assembly"/);
});
