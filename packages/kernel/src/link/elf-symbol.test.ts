import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import fc from 'fast-check';
import { symbolOffset } from './elf-symbol.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-elf-'));
after(() => rmSync(folder, { recursive: true }));

/** A program with a function whose code starts with bytes that can be found again. */
const program = join(folder, 'program');
const compiled = spawnSync('cc', ['-O1', '-x', 'c', '-o', program, '-'], {
  input:
    'int __attribute__((noinline)) marked(void) { return 0x1badb002; }\nint main(void) { return marked(); }\n',
});
const noCompiler = compiled.status === 0 ? false : 'needs a C compiler';

test('the offset of a function is where its code is in the file', { skip: noCompiler }, () => {
  const file = readFileSync(program);
  const offset = symbolOffset(program, 'marked');
  const constant = file.indexOf(Buffer.from([0x02, 0xb0, 0xad, 0x1b]));
  assert.ok(constant > offset && constant - offset < 16, `${offset} … ${constant}`);
  assert.throws(() => symbolOffset(program, 'mark'), /has no symbol "mark"\. A stripped file/);
});

test('a stripped file has no symbols', { skip: noCompiler }, () => {
  const stripped = join(folder, 'stripped');
  execFileSync('strip', ['-o', stripped, program]);
  assert.throws(() => symbolOffset(stripped, 'marked'), /has no symbol "marked"/);
});

test('damaged files are refused, whatever is wrong with them', { skip: noCompiler }, () => {
  const whole = readFileSync(program);
  const path = join(folder, 'damaged');
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(damage, fc.nat(whole.length), fc.nat(0x200), (changes, length, header) => {
      const bytes = Buffer.from(whole.subarray(0, Math.max(length, 6)));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      if (header < bytes.length) bytes[header] = 0xff;
      writeFileSync(path, bytes);
      try {
        assert.ok(Number.isInteger(symbolOffset(path, 'marked')));
      } catch (error) {
        assert.ok(error instanceof WaggleError, String(error));
        assert.ok(['MALFORMED', 'NOT_FOUND'].includes(error.code));
      }
    }),
    { numRuns: 300 },
  );
});
