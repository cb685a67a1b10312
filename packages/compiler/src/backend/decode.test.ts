import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import fc from 'fast-check';
import { anyCode } from '../testing/random-code.ts';
import { assemble } from './assemble.ts';
import { decode } from './decode.ts';
import {
  alu64,
  callFunction,
  exit,
  goto,
  gotoLong,
  jump,
  label,
  loadFunction,
  loadImmediate64,
  loadMap,
  loadMapValue,
  r0,
  r1,
} from './instruction.ts';

test('decoding is the inverse of assembling', () => {
  fc.assert(
    fc.property(anyCode, (code) => {
      assert.deepEqual(assemble(decode(code)), code);
      assert.deepEqual(assemble(decode(code.bytes)).bytes.length, code.bytes.length);
    }),
  );
});

test('instructions come back as they were written', () => {
  const program = [
    loadMap(r1, 'counters'),
    loadMapValue(r1, 'settings', 8),
    loadImmediate64(r0, -1n),
    label('L6'),
    jump.equal(r1, 5, 'L6'),
    goto('L6'),
    gotoLong('L12'),
    callFunction('work'),
    loadFunction(r1, 'work'),
    label('L12'),
    exit(),
    label('work'),
    alu64.signedDiv(r0, -3),
    exit(),
  ];
  assert.deepEqual(decode(assemble(program)), program);
});

test('functions without a name, and labels that were taken, get one', () => {
  const code = assemble([
    callFunction('L2'),
    exit(),
    label('L2'),
    jump.equal(r0, 0, 'a'),
    label('a'),
    exit(),
  ]);
  const targets = (program: ReturnType<typeof decode>) =>
    program.flatMap((item) => ('label' in item ? [item.label] : []));
  assert.deepEqual(targets(decode(code)), ['L2', 'L3']);
  assert.deepEqual(targets(decode(code.bytes)), ['function_2', 'L3']);
  const clash = assemble([callFunction('L3'), exit(), label('L3'), exit(), label('a'), goto('a')]);
  assert.deepEqual(targets(decode(clash)), ['L3', 'L3_']);
});

test('what is no instruction is told with its slot', () => {
  const fails = (hex: string, message: RegExp) =>
    assert.throws(
      () => decode(Buffer.from(hex.replaceAll(' ', ''), 'hex')),
      (error: unknown) => {
        assert.ok(error instanceof WaggleError);
        assert.equal(error.code, 'MALFORMED');
        assert.match(error.message, message);
        return true;
      },
      hex,
    );
  const end = '9500000000000000';
  fails('', /0 bytes are no program/);
  fails('9500000000', /5 bytes are no program/);
  fails(`${end} ff00000000000000`, /slot 1: there is no instruction with opcode 0xff/);
  fails(`8d00000000000000`, /opcode 0x8d/);
  fails(
    `07 0b 0000 00000000`,
    /slot 0: the destination of opcode 0x07 is 11, but must be a register from 0 to 10/,
  );
  fails(`07 10 0000 00000000`, /source of opcode 0x07 is 1, but is reserved and must be 0/);
  fails(`0f 10 0000 01000000`, /immediate of opcode 0x0f is 1/);
  fails(`37 00 0200 01000000`, /offset of opcode 0x37 is 2, but must be one of 0,1/);
  fails(`bc 10 2000 00000000`, /offset of opcode 0xbc is 32, but must be one of 0,8,16$/);
  fails(`dc 00 0000 08000000`, /immediate of opcode 0xdc is 8, but must be one of 16,32,64/);
  fails(`db 10 0000 02000000`, /immediate of opcode 0xdb is 2/);
  fails(`c3 10 0000 f0000000`, /immediate of opcode 0xc3 is 240/);
  fails(`95 00 0000 01000000`, /immediate of opcode 0x95 is 1/);
  fails(`85 30 0000 01000000`, /source of opcode 0x85 is 3/);
  fails('18 00 0000 01000000', /slot 0: the wide load lacks its second slot/);
  fails('18 00 0000 01000000 9500000000000000', /slot 1: the second slot of a wide load/);
  fails(`18 10 0000 01000000 0000000001000000 ${end}`, /slot 1: the second immediate is 1/);
  fails(`18 70 0000 01000000 0000000000000000 ${end}`, /source of opcode 0x18 is 7/);
  fails(`05 00 0100 00000000 ${end}`, /slot 0: goes to slot 2, but the program has slots 0 to 1/);
  fails(`05 00 feff 00000000 ${end}`, /slot 0: goes to slot -1/);
  fails(
    `05 00 0100 00000000 18 00 0000 01000000 0000000000000000 ${end}`,
    /slot 0: goes to slot 2, which is the second/,
  );
  fails(`85 10 0000 05000000 ${end}`, /slot 0: goes to slot 6/);
});
