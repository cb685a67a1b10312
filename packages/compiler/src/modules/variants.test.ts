/** One variant of the code serves all configs that decide the same, and does for each what code of its own would do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bool, config, i32, type Scalar, u16, u32, u64 } from '@waggle/bpf';
import fc from 'fast-check';
import { SLOT } from '../backend/assemble.ts';
import { generate } from '../backend/generate.ts';
import { Machine, virtualMap, xdpContext } from '../interpreter/index.ts';
import { VirtualTable } from '../interpreter/maps/table.ts';
import { parseIr } from '../ir/parse.ts';
import { longProgram } from '../testing/long-program.ts';
import { rows } from '../testing/random/declarations.ts';
import { finishProgram } from './finish.ts';
import { CodeVariants } from './variants.ts';

const program = parseIr(`program xdp

function main(%0: context): i32
b0:
  %1: i32 = config settings enabled
  %2: i32 = const 0
  branch equal %1 %2 ? b2 : b1
b1:
  %3: map = mapReference counter
  %4: stack = stackSlot size 4 alignment 4
  %5: i32 = config settings mark
  store u32 %4 +0 %5
  %6: i64 = callHelper map_delete_elem %3 %4
  jump b2
b2:
  %7: i32 = config settings verdict
  return %7
`);
const settings = config({ enabled: bool, verdict: u32, mark: u16 });

const given = (enabled: boolean, verdict: number) => ({ settings: { enabled, verdict, mark: 7 } });

test('a switch makes another variant, a number does not', () => {
  const variants = new CodeVariants(() => program, { settings });
  const first = variants.finish('main', given(false, 1));
  const second = variants.finish('main', given(false, 0xffff_fffe));
  assert.equal(variants.count, 1);
  assert.equal(second.maps, first.maps);
  assert.deepEqual([...first.maps], []);
  const results = [first, second].map(({ code }) => new Machine({ code }).run(new Uint8Array(24)).result);
  assert.deepEqual(results, [1, 0xffff_fffe], 'and the first keeps its number');
  const third = variants.finish('main', given(true, 1));
  assert.equal(variants.count, 2);
  assert.deepEqual([...third.maps], ['counter']);
});

test('a variant that nobody asks for goes first', () => {
  const variants = new CodeVariants(() => program, { settings }, { most: 1 });
  const { maps } = variants.finish('main', given(true, 1));
  assert.equal(variants.finish('main', given(true, 2)).maps, maps);
  variants.finish('main', given(false, 1));
  assert.equal(variants.count, 1);
  assert.notEqual(variants.finish('main', given(true, 1)).maps, maps, 'it was generated again');
});

test('values are checked as they are where code is generated for each', () => {
  const variants = new CodeVariants(() => program, { settings });
  assert.throws(
    () => variants.finish('main', {}),
    /program "main" needs the values of its config "settings"/,
  );
  const wrong = { settings: { enabled: true, verdict: -1, mark: 0 } };
  assert.throws(() => variants.finish('main', wrong), { code: 'OUT_OF_RANGE' });
});

/** A program that does something with a number: whatever the machine has for it. */
const using = (type: 'i32' | 'i64', operation: string, other: bigint) =>
  parseIr(`program xdp

function main(%0: context): i64
b0:
  %1: ${type} = config settings value
  %2: stack = stackSlot size 8 alignment 8
  %3: ${type} = const ${other}
  store u${type.slice(1)} %2 +0 %3
  %4: ${type} = load u${type.slice(1)} %2 +0 volatile
  %5: stack = stackSlot size 8 alignment 8
  %6: i64 = const 0
  store u64 %5 +0 %6
${operation}
b1:
  %20: i64 = load u64 %5 +0 volatile
  return %20
b2:
  %21: i64 = const 77
  return %21
`);

const binary = ['add', 'sub', 'mul', 'div', 'mod', 'signedDiv', 'signedMod', 'and', 'or', 'xor'];
const shifts = ['shiftLeft', 'shiftRight', 'signedShiftRight'];
const comparisons = ['equal', 'notEqual', 'less', 'greaterOrEqual', 'signedGreater', 'bitSet'];

/** What is done with `%1`, the number, and `%4`, which is known to nobody. */
const operations = (type: 'i32' | 'i64'): string[] => {
  const size = `u${type.slice(1)}`;
  const kept = (line: string): string => `  %10: ${type} = ${line}\n  store ${size} %5 +0 %10\n  jump b1`;
  return [
    ...[...binary, ...shifts].flatMap((op) => [kept(`${op} %4 %1`), kept(`${op} %1 %4`)]),
    ...comparisons.flatMap((each) => [
      `  branch ${each} %4 %1 ? b1 : b2`,
      `  branch ${each} %1 %4 ? b1 : b2`,
      `  branch ${each} %1 %3 ? b1 : b2`,
      `  %10: i32 = compare ${each} %4 %1\n  store u32 %5 +0 %10\n  jump b1`,
    ]),
    `  store ${size} %5 +0 %1\n  jump b1`,
    type === 'i32'
      ? '  store u8 %5 +0 %1\n  jump b1'
      : '  %10: i32 = truncate %1\n  store u8 %5 +0 %10\n  jump b1',
    `  %10: ${type} = atomic fetchAdd ${size} %5 +0 %1\n  jump b1`,
  ];
};

test('whatever is done with a number, it comes out like a constant', () => {
  const limits = [0n, 31n, 0x7fff_ffffn, 0xffff_ffffn, 1n << 63n, (1n << 64n) - 1n];
  const types: readonly (readonly ['i32' | 'i64', Scalar])[] = [
    ['i32', u16],
    ['i32', i32],
    ['i64', u64],
  ];
  for (const [type, scalar] of types) {
    const declared = { settings: config({ value: scalar }) };
    const fitting = limits
      .map((value) =>
        scalar.signed ? BigInt.asIntN(scalar.bits, value) : BigInt.asUintN(scalar.bits, value),
      )
      .map((value) => (scalar.bits === 64 ? value : Number(value)));
    for (const operation of operations(type)) {
      const ir = using(type, operation, 5n);
      // Only version 4 has signed division; what version 3 has in place of it are the others.
      const cpu = operation.includes('signed') ? 4 : 3;
      const variants = new CodeVariants(() => ir, declared, { cpu });
      for (const value of fitting) {
        const given = { config: { settings: { value } } };
        const own = generate(finishProgram('main', ir, declared, given), { cpu });
        const { code } = variants.finish('main', given.config);
        const [expected, actual] = [own, code].map(
          (each) => new Machine({ code: each }).run(new Uint8Array(24)).result,
        );
        assert.equal(actual, expected, `${scalar.name} ${value}: ${operation}`);
      }
    }
  }
});

test('a long program is generated twice for two switches, whatever its numbers are', () => {
  const { ir, configs, maps } = longProgram();
  const variants = new CodeVariants(() => ir, Object.fromEntries(configs));
  const packet = fc.uint8Array({ minLength: 60, maxLength: 90, size: 'max' });
  const packets = fc.sample(packet, { seed: 1, numRuns: 6 });
  for (const [on, limit] of [
    [true, 0],
    [false, 0xffff_fff0],
    [true, 7],
  ] as const) {
    const given = { config: { settings: { on, limit, mark: 1, big: 1n, shift: 1 } } };
    const own = generate(finishProgram('long', ir, Object.fromEntries(configs), given));
    const { code } = variants.finish('long', given.config);
    assert.ok(code.bytes.length > 4000 * SLOT);
    const outcomes = [own, code].map((each) => {
      const table = virtualMap(rows, 'rows');
      assert.ok(table instanceof VirtualTable);
      const machine = new Machine({ code: each, maps: { ...Object.fromEntries(maps), rows: table } });
      return packets.map((bytes) => {
        const context = xdpContext(bytes.slice());
        const { result } = machine.run(context);
        return [result, Buffer.from(context.packet.bytes).toString('hex'), [...table]];
      });
    });
    assert.deepEqual(outcomes[1], outcomes[0]);
  }
  assert.equal(variants.count, 2);
});
