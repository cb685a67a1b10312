/**
 * Interpreter, kernel and table agree: the vectors of RFC 9669 and random programs run in the kernel by BPF_PROG_TEST_RUN
 * and in the interpreter. The verifier's log serves as a witness of the disassembler.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrayMap, u64 } from '@waggle/bpf';
import {
  alu64,
  assemble,
  assembleText,
  type Code,
  callFunction,
  callHelper,
  disassemble,
  exit,
  Helper,
  type Instruction,
  interpret,
  jump,
  type Label,
  label,
  load,
  loadMap,
  parseText,
  r0,
  r1,
  r2,
  r3,
  r6,
  r10,
  store,
} from '@waggle/compiler';
import { createMap, loadProgram, VerifierError } from '@waggle/kernel';
import fc from 'fast-check';
import { instructionVectors } from '../packages/compiler/src/testing/instruction-vectors.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to load programs';
const skip = needsRoot || lacksVersion4();
const FRAME = 64;

/** Why not to run here what uses signed division, sign extension and the other instructions of cpu v4. */
function lacksVersion4(): string | false {
  try {
    loadProgram({ type: 'xdp', name: 'probe', code: assembleText('mov r0, 1\nsdiv r0, 1\nexit') }).close();
    return false;
  } catch {
    return 'needs a kernel that knows cpu v4 (Linux 6.6)';
  }
}

/**
 * A program as the function `vector` of an XDP program that gives it memory and keeps its r0: the packet begins with the
 * memory, and the verdict has only 32 bits, so r0 goes to the map `result`.
 */
function wrap(program: readonly (Instruction | Label)[], memory: number): Code {
  return assemble([
    load('u32', r2, r1, 4),
    load('u32', r1, r1, 0),
    alu64.mov(r3, r1),
    alu64.add(r3, FRAME),
    jump.greater(r3, r2, 'too_short'),
    alu64.mov(r2, memory),
    callFunction('vector'),
    alu64.mov(r6, r0),
    store('u32', r10, -4, 0),
    loadMap(r1, 'result'),
    alu64.mov(r2, r10),
    alu64.add(r2, -4),
    callHelper(Helper.mapLookupElem),
    jump.equal(r0, 0, 'too_short'),
    store('u64', r0, 0, r6),
    label('too_short'),
    alu64.mov(r0, 1),
    exit(),
    label('vector'),
    ...program,
  ]);
}

const results = arrayMap({ name: 'result', value: u64, maxEntries: 1 });

/** Runs programs in the kernel, with a map for their results. */
class KernelRunner {
  readonly map = createMap(results);

  run(program: readonly (Instruction | Label)[], memory: readonly number[] = []): bigint {
    const code = wrap(program, memory.length);
    using loaded = loadProgram({ type: 'xdp', name: 'vector', code }, { maps: { result: this.map } });
    const data = new Uint8Array(FRAME);
    data.set(memory);
    this.map.set(0, 0xdead_beefn);
    assert.equal(loaded.testRun({ data }).result, 1);
    return this.map.get(0) ?? 0n;
  }

  [Symbol.dispose](): void {
    this.map.close();
  }
}

test('the kernel agrees with the vectors', { skip }, () => {
  using kernel = new KernelRunner();
  let refusals = 0;
  for (const { name, text, memory, result, refused } of instructionVectors) {
    const run = () => kernel.run(parseText(text), memory);
    if (refused === undefined) assert.equal(run(), result, name);
    else {
      assert.throws(run, VerifierError, `${name}: ${refused}`);
      refusals++;
    }
  }
  assert.ok(refusals < instructionVectors.length / 8, `${refusals} vectors are refused`);
});

/** The instructions in a verifier log, by slot; jumps and helpers as we write them. */
function logged(log: string): Map<number, string> {
  const instructions = new Map<number, string>();
  for (const line of log.split('\n')) {
    const [, slot, text] = /^(\d+): \([\da-f]{2}\) (.*?)(?:\s+; .*)?$/.exec(line) ?? [];
    if (text !== undefined)
      instructions.set(Number(slot), text.replace(/(goto|gotol) pc/, '$1 ').replace('call bpf_', 'call '));
  }
  return instructions;
}

test('the verifier prints instructions like the disassembler', { skip }, () => {
  using map = createMap(results);
  const seen = new Set<string>();
  for (const { text, memory, refused } of instructionVectors) {
    if (refused !== undefined) continue;
    const code = wrap(parseText(text), memory.length);
    let log = '';
    const onLog = (given: string) => {
      log = given;
    };
    loadProgram({ type: 'xdp', name: 'vector', code }, { maps: { result: map }, onLog }).close();
    const theirs = logged(log);
    for (const line of disassemble(code, { labels: false, slots: true }).trimEnd().split('\n')) {
      const [slot, ours = ''] = line.trim().split(/: (.*)/);
      // The verifier shows an address for the map, and nothing for code that cannot be reached.
      const their = theirs.get(Number(slot));
      if (their === undefined || ours.startsWith('r1 = map[')) continue;
      assert.equal(ours.replace(/ ll$/, ''), their);
      seen.add(ours.replace(/\d+/g, ''));
    }
  }
  assert.ok(seen.size > 120, `${seen.size} kinds of instructions were compared`);
});

const anyBits = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.constantFrom(0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 63n, (1n << 64n) - 1n),
);
const anyImmediate = fc.oneof(
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  fc.constantFrom(0, 1, -1, 0x7fff_ffff, -0x8000_0000),
);
const operand = fc.oneof(
  fc.constantFrom(0, 3, 4, 5, 6, 7, 8, 9).map((register) => `r${register}`),
  anyImmediate.map(String),
);
const anyRegister = fc.constantFrom(0, 3, 4, 5, 6, 7, 8, 9).map((register) => `r${register}`);
const width = fc.constantFrom('', '32');
const stackSlot = fc.constantFrom(8, 16);

/** One line of a random program; jumps go forward, over at most three lines. */
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom('mov', 'add', 'sub', 'mul', 'or', 'and', 'xor'), width, anyRegister, operand)
      .map(([name, bits, to, by]) => `${name}${bits} ${to}, ${by}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('div', 'mod', 'sdiv', 'smod'), width, anyRegister, operand)
      .filter(([, , , by]) => by !== '0')
      .map(([name, bits, to, by]) => `${name}${bits} ${to}, ${by}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom('lsh', 'rsh', 'arsh'),
        width,
        anyRegister,
        fc.oneof(anyRegister, fc.nat(31).map(String)),
      )
      .map(([name, bits, to, by]) => `${name}${bits} ${to}, ${by}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'neg',
          'neg32',
          'be16',
          'be32',
          'be64',
          'le16',
          'le32',
          'le64',
          'swap16',
          'swap32',
          'swap64',
        ),
        anyRegister,
      )
      .map(([name, to]) => `${name} ${to}`),
  },
  fc
    .tuple(fc.constantFrom('832', '1632', '864', '1664', '3264'), anyRegister, anyRegister)
    .map(([kind, to, from]) => `movsx${kind} ${to}, ${from}`),
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'),
        width,
        anyRegister,
        operand,
        fc.nat(3),
      )
      .map(([name, bits, left, right, over]) => `j${name}${bits} ${left}, ${right}, +${over}`),
  },
  fc
    .tuple(fc.constantFrom('b', 'h', 'w', 'dw'), stackSlot, fc.boolean(), anyRegister)
    .map(([size, slot, isStore, register]) =>
      isStore ? `stx${size} [r10-${slot}], ${register}` : `ldx${size} ${register}, [r10-${slot}]`,
    ),
  fc
    .tuple(fc.constantFrom('sb', 'sh', 'sw'), stackSlot, anyRegister)
    .map(([size, slot, register]) => `ldx${size} ${register}, [r10-${slot}]`),
  fc
    .tuple(
      fc.constantFrom(
        'add',
        'or',
        'and',
        'xor',
        'fetch add',
        'fetch or',
        'fetch and',
        'fetch xor',
        'xchg',
        'cmpxchg',
      ),
      width,
      stackSlot,
      anyRegister,
    )
    .map(([name, bits, slot, register]) => `lock ${name}${bits} [r10-${slot}], ${register}`),
);

/** Reads registers from memory, so that the verifier cannot foresee what happens, and mixes them all into r0 at the end. */
const randomProgram = (lines: readonly string[]): string =>
  [
    ...[0, 3, 4, 5, 6, 7, 8, 9].map((register, index) => `ldxdw r${register}, [r1+${index * 8}]`),
    'stxdw [r10-8], r3',
    'stxdw [r10-16], r4',
    ...lines,
    // Lines that the last jumps go over.
    ...['mov r2, 31', 'mov r2, 31', 'mov r2, 31', 'mov r2, 31'],
    ...[3, 4, 5, 6, 7, 8, 9].flatMap((register) => ['mul r0, r2', `add r0, r${register}`]),
    ...[8, 16].flatMap((slot) => ['mul r0, r2', `ldxdw r3, [r10-${slot}]`, 'add r0, r3']),
    'exit',
  ].join('\n');

test('random programs compute the same in the kernel', { skip }, () => {
  using kernel = new KernelRunner();
  const values = fc.array(anyBits, { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), values, (lines, given) => {
      const program = parseText(randomProgram(lines));
      const memory = new Uint8Array(BigUint64Array.from(given).buffer);
      const expected = kernel.run(program, [...memory]);
      assert.equal(interpret(assemble(program).bytes, memory.slice()), expected);
    }),
    { numRuns: 400 },
  );
});
