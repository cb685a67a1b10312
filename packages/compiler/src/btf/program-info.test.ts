import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf } from './btf.ts';
import { BtfBuilder } from './builder.ts';
import { encodeFunctionInfo, encodeLineInfo } from './program-info.ts';

const words = (bytes: Uint8Array) => [...new Uint32Array(bytes.slice().buffer)];

test('function records are an offset and a type', () => {
  const bytes = encodeFunctionInfo([
    { instructionOffset: 0, typeId: 7 },
    { instructionOffset: 20, typeId: 9 },
  ]);
  assert.deepEqual(words(bytes), [0, 7, 20, 9]);
  assert.equal(encodeFunctionInfo([]).length, 0);
  const fails = (...offsets: number[]) =>
    assert.throws(
      () => encodeFunctionInfo(offsets.map((instructionOffset) => ({ instructionOffset, typeId: 1 }))),
      {
        code: 'BAD_DECLARATION',
      },
    );
  fails(3);
  fails(0, 5, 5);
  fails(0, 5, 4);
  fails(0, 1.5);
  fails(-1);
});

test('line records point to strings of the BTF', () => {
  const builder = new BtfBuilder();
  const line = {
    instructionOffset: 0,
    file: 'app.bpf.ts',
    source: '  return Xdp.Pass; // größer',
    line: 12,
    column: 3,
  };
  const encoded = words(
    encodeLineInfo(
      [line, { ...line, instructionOffset: 4, source: '}', line: 4_194_303, column: 5000 }],
      builder,
    ),
  );
  const bytes = Buffer.from(builder.build());
  const strings = bytes.subarray(bytes.length - bytes.readUInt32LE(20));
  const text = (offset = 0) => strings.toString('utf8', offset, strings.indexOf(0, offset));
  assert.equal(encoded.length, 8);
  assert.equal(text(encoded[1]), line.file);
  assert.equal(text(encoded[2]), line.source);
  assert.equal(encoded[3], (12 << 10) | 3);
  assert.deepEqual([encoded[4], encoded[5], text(encoded[6])], [4, encoded[1], '}']);
  assert.equal(encoded[7], 0xffff_ffff);
  assert.equal(Btf.parse(bytes).typeCount, 0);
  assert.throws(() => encodeLineInfo([{ ...line, line: 2 ** 22 }], builder), { code: 'OUT_OF_RANGE' });
  assert.throws(() => encodeLineInfo([{ ...line, column: -1 }], builder), { code: 'OUT_OF_RANGE' });
  assert.throws(() => encodeLineInfo([line, line], builder), { code: 'BAD_DECLARATION' });
  assert.throws(() => encodeLineInfo([{ ...line, source: 'a\0b' }], builder), { code: 'BAD_DECLARATION' });
});
