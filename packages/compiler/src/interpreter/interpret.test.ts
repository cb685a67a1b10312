import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import fc from 'fast-check';
import { layoutOf } from '../backend/decode-layout.ts';
import { disassemble } from '../backend/disassemble.ts';
import { assembleText } from '../backend/text-assembler.ts';
import { instructionVectors } from '../testing/instruction-vectors.ts';
import { ExecutionError } from './errors.ts';
import { interpret } from './interpret.ts';

test('every instruction computes what RFC 9669 says', () => {
  for (const { name, text, memory, result } of instructionVectors) {
    const { bytes } = assembleText(text);
    assert.equal(interpret(bytes, Uint8Array.from(memory)), result, name);
  }
});

test('the vectors leave no opcode out', () => {
  const used = new Set<number>();
  for (const { text } of instructionVectors) {
    const { bytes } = assembleText(text);
    for (let slot = 0; slot < bytes.length; slot += 8) used.add(bytes[slot] ?? 0);
  }
  const all = Array.from({ length: 256 }, (_, opcode) => opcode).filter((opcode) => layoutOf(opcode));
  // Reads of the packet of a socket buffer need one: see machine.test.ts.
  const packet = [0x20, 0x28, 0x30, 0x40, 0x48, 0x50];
  assert.deepEqual(
    all.filter((opcode) => !used.has(opcode)),
    packet,
  );
});

function fails(text: string, message: RegExp, memory = new Uint8Array(8)): void {
  const { bytes } = assembleText(text);
  assert.throws(
    () => interpret(bytes, memory, { budget: 1000 }),
    (error: unknown) => {
      assert.ok(error instanceof ExecutionError, String(error));
      assert.match(error.message, message);
      return true;
    },
    text,
  );
}

test('what the verifier would refuse is an error with its place', () => {
  fails(
    'mov r0, 0\nldxdw r0, [r1+1]\nexit',
    /^slot 1 \(r0 = \*\(u64 \*\)\(r1 \+1\)\): reads 8 bytes at offset 1 of the memory, which has 8 bytes$/,
  );
  fails('ldxb r0, [r1-1]\nexit', /reads 1 byte at offset -1 of the memory/);
  fails('stw [r10-516], 0\nexit', /writes 4 bytes at offset -4 of the stack of frame 0, which has 512 bytes/);
  fails('stxdw [r10], r1\nexit', /at offset 512 of the stack/);
  fails('mov r1, 0\nldxb r0, [r1]\nexit', /goes to address 0x0, where there is no memory/);
  fails('lddw r1, 0x123456789abc\nldxb r0, [r1]\nexit', /address 0x123456789abc, where/);
  fails('again: ja again\nexit', /slot 0 \(goto -1\): the budget of instructions is used up/);
  fails('mov r0, 0', /slot 1: the program has no instruction there/);
  for (const line of ['mov r10, 0', 'lddw r10, 0', 'ldxb r10, [r1]', 'lock fetch add [r1], r10']) {
    fails(`${line}\nexit`, /^slot 0 \(.*\): writes r10/);
  }
  fails('call 1000\nexit', /no helper 1000 here\. Give the machine one/);
  fails('call get_current_comm\nexit', /no helper get_current_comm \(16\) here/);
  fails('call runtime 77\nexit', /no kernel here to call the function with BTF id 77/);
  fails('call local deeper\nexit\ndeeper:\ncall local deeper\nexit', /calls more than 8 functions deep/);
  fails('lock add [r1+4], r2\nexit', /writes 8 bytes at offset 4/);
  fails('lock add [r10-12], r2\nexit', /is not aligned/);
  fails('mov r1, 0\ncall local f\nldxb r0, [r1]\nexit\nf:\nmov r0, 0\nexit', /address 0xbad0bad0bad0bad0/);
});

test('eight functions deep is deep enough', () => {
  const functions = Array.from(
    { length: 7 },
    (_, depth) => `f${depth}: call local f${depth + 1}\nadd r0, 1\nexit`,
  );
  const { bytes } = assembleText(`${functions.join('\n')}\nf7: mov r0, 0\nexit`);
  assert.equal(interpret(bytes), 7n);
});

test('any bytes run, or are refused, but nothing else happens', () => {
  const only = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof WaggleError)) throw error;
    }
  };
  const opcodes = Array.from({ length: 256 }, (_, opcode) => opcode).filter((opcode) => layoutOf(opcode));
  // Of random bytes hardly any decode, so most slots have an opcode that exists and small operands.
  const slot = fc
    .tuple(
      fc.constantFrom(...opcodes),
      fc.nat(10),
      fc.nat(10),
      fc.integer({ min: -3, max: 8 }),
      fc.constantFrom(0, 1, 16, 32, 64, -1),
    )
    .map(([opcode, destination, source, offset, immediate]) => {
      const bytes = new Uint8Array(8);
      const view = new DataView(bytes.buffer);
      const layout = layoutOf(opcode);
      view.setUint8(0, opcode);
      view.setUint8(1, destination | (layout?.source === 'register' ? source << 4 : 0));
      if (layout?.offset !== 'zero') view.setInt16(2, offset, true);
      if (layout?.immediate !== 'zero') view.setInt32(4, immediate, true);
      return [...bytes];
    });
  const program = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .array(slot, { minLength: 1, maxLength: 12 })
        .map((slots) => Uint8Array.from(slots.flat())),
    },
    fc.uint8Array({ maxLength: 64 }),
  );
  fc.assert(
    fc.property(program, (bytes) => {
      only(() => disassemble(bytes));
      only(() => interpret(bytes, new Uint8Array(16), { budget: 200 }));
    }),
    { numRuns: 1000 },
  );
});
