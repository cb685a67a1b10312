/** What generated code computes, and what cannot be generated. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Machine, xdpContext } from '../interpreter/index.ts';
import { FunctionBuilder } from '../ir/builder.ts';
import type { IrProgram } from '../ir/ir.ts';
import { parseIr } from '../ir/parse.ts';
import { evaluate } from '../ir/testing/evaluate.ts';
import { commands, PACKET_SIZE, programOf } from '../ir/testing/random-program.ts';
import { disassemble } from './disassemble.ts';
import { generate } from './generate.ts';

const packets = fc.uint8Array({ minLength: PACKET_SIZE - 8, maxLength: PACKET_SIZE + 32 });

test('random programs do what the IR means', () => {
  fc.assert(
    fc.property(commands, packets, fc.constantFrom(3, 4), (list, packet, cpu) => {
      const program = programOf(list);
      const [expected, actual] = [packet.slice(), xdpContext(packet.slice())];
      const result = evaluate(program, { packet: expected, helpers: { 5: () => 0n } });
      const machine = new Machine({ code: generate(program, { cpu }) });
      assert.equal(machine.run(actual).value, result);
      assert.deepEqual(actual.packet.bytes, expected);
    }),
    { numRuns: 60 },
  );
});

const main = (text: string): IrProgram =>
  parseIr(`program xdp\nfunction main(%0: context): i32\nb0:\n  ${text}\n  %9: i32 = const 1\n  return %9`);

test('every operator, on constants and on values', () => {
  const operators = ['add', 'sub', 'mul', 'div', 'mod', 'signedDiv', 'signedMod', 'and', 'or', 'xor'];
  const shifts = ['shiftLeft', 'shiftRight', 'signedShiftRight'];
  const interesting = [0n, 1n, 5n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 63n, (1n << 64n) - 1n];
  for (const type of ['i32', 'i64'] as const) {
    const bits = type === 'i32' ? 32 : 64;
    const values = [...new Set(interesting.map((value) => BigInt.asUintN(bits, value)))];
    for (const operator of [...operators, ...shifts]) {
      for (const right of values) {
        const load = type === 'i32' ? 'u32' : 'u64';
        const program = parseIr(`program xdp
          function main(%0: context): i32
          b0:
            %1: packet? = packetAt %0 +0 size 16
            %2: packet? = const 0
            %3: i32 = const 0
            branch equal %1 %2 ? b1 : b2
          b1:
            return %3
          b2:
            %4: ${type} = load ${load} %1 +0
            %5: ${type} = const ${right}
            %6: ${type} = load ${load} %1 +8
            %7: ${type} = ${operator} %4 %5
            %8: ${type} = ${operator} %5 %6
            %9: ${type} = ${operator} %7 %8
            store ${load} %1 +0 %9
            return %3`);
        for (const cpu of [3, 4] as const) {
          const code = generate(program, { cpu });
          for (const left of values) {
            const packet = new Uint8Array(16);
            const view = new DataView(packet.buffer);
            view.setBigUint64(0, left, true);
            view.setBigUint64(8, right ^ left, true);
            const [expected, actual] = [packet.slice(), xdpContext(packet)];
            evaluate(program, { packet: expected });
            new Machine({ code }).run(actual);
            assert.deepEqual(
              actual.packet.bytes,
              expected,
              `${type} ${left} ${operator} ${right}, cpu ${cpu}`,
            );
          }
        }
      }
    }
  }
});

test('the same program always becomes the same code', () => {
  const [list] = fc.sample(commands, { numRuns: 1, seed: 7 });
  const program = programOf(list ?? []);
  assert.deepEqual(generate(program), generate(program));
});

test('source lines begin where they change, and every function has one', () => {
  const program = parseIr(`program xdp
    function main(%0: context): i32
    b0:
      %1: i32 = load u32 %0 +12  ; const index = ctx.ingress; (a.bpf.ts:3:1)
      %2: i32 = load u32 %0 +16  ; const index = ctx.ingress; (a.bpf.ts:3:1)
      %3: i32 = call sum %1 %2  ; return sum(index, queue); (a.bpf.ts:4:3)
      return %3  ; return sum(index, queue); (a.bpf.ts:4:3)
    static function sum(%0: i32, %1: i32): i32
    b0:
      %2: i32 = mul %0 %1
      %3: i32 = add %2 %0  ; return a * b + a; (a.bpf.ts:9:1)
      return %3`);
  const code = generate(program);
  const [sum] = code.functions;
  assert.equal(sum?.name, 'sum');
  assert.deepEqual(
    code.lines.map(({ line, slot }) => [line, slot]),
    [
      [3, 0],
      [4, 2],
      [9, sum?.slot],
    ],
  );
  assert.deepEqual(generate(program, { origins: false }).lines, []);
});

test('what the loader completes is named', () => {
  const code = generate(
    main(`%1: i64 = fieldOffset task_struct mm.pgd
      %2: kernel = load u64 %0 +0
      %3: kernel = offsetPointer %2 %1
      callKernel bpf_task_release %3`),
  );
  assert.deepEqual(code.kernelCalls, [{ slot: 2, name: 'bpf_task_release' }]);
  assert.deepEqual(code.fieldOffsets, [{ slot: 1, struct: 'task_struct', path: 'mm.pgd' }]);
  assert.equal('kernelCalls' in generate(main('callHelper ktime_get_ns')), false);
});

test('functions that nobody calls are left out', () => {
  const text = `program xdp
    function main(): void
    b0:
      return
    static function unused(): void
    b0:
      return`;
  assert.equal(disassemble(generate(parseIr(text))), '  w0 = 0\n  exit\n');
});

test('too much stack is said with the functions that take it', () => {
  const slots = (name: string, size: number, callee?: string): string => `
    ${name === 'main' ? '' : 'static '}function ${name}(): void
    b0:
      %1: stack = stackSlot size ${size} alignment 8
      %2: i32 = const 0
      store u8 %1 +0 %2
      ${callee === undefined ? '' : `call ${callee}`}
      return`;
  const program = (...functions: string[]) => parseIr(`program xdp${functions.join('')}`);
  assert.throws(() => generate(program(slots('main', 520))), {
    code: 'BAD_DECLARATION',
    message: /stack would be 528 bytes, but 512 is all there is: main 520/,
  });
  const chain = program(slots('main', 200, 'parse'), slots('parse', 200, 'hash'), slots('hash', 120));
  assert.throws(() => generate(chain), /544 bytes.*: main 200 \+ parse 200 \+ hash 120/);
  assert.throws(() => generate(program(slots('main', 8, 'a'), slots('a', 8, 'b'), slots('b', 8, 'a'))), {
    message: /circle: main -> a -> b -> a/,
  });
});

test('what the machine lacks is refused', () => {
  assert.throws(() => generate(main('%1: i64 = config settings limit')), /settings\.limit is not known/);
  const socket = { ...main('%1: packet = packetBound data %0\n%2: i32 = load u8 %1 +0\nstore u8 %0 +0 %2') };
  assert.throws(() => generate({ ...socket, type: 'cgroupConnect4' }), /cgroupConnect4 has no packet data/);
  assert.throws(() => generate({ type: 'xdp', functions: [] }), /without functions/);
  const many = new FunctionBuilder('many', 'void', ['i64', 'i64', 'i64', 'i64', 'i64', 'i64']);
  many.end({ op: 'return', value: undefined });
  assert.throws(() => generate({ type: 'xdp', functions: [many.build()] }), /has 6 parameters/);
});

test('jumps reach further than 16 bits on version 4, and say so on version 3', () => {
  const builder = new FunctionBuilder('main', 'i32', ['context']);
  const [context = 0] = builder.parameters;
  const slot = builder.add('stack', { op: 'stackSlot', size: 8, alignment: 8 });
  const [far, near] = [builder.block(), builder.block()];
  const queue = builder.add('i32', { op: 'load', size: 4, offset: 16 }, context);
  const zero = builder.constant('i32', 0);
  const wide = builder.constant('i64', 0x1234_5678_9abc_def0n);
  builder.branch('equal', queue, zero, far, near);
  builder.continueIn(near);
  for (let each = 0; each < 17_000; each++) {
    builder.add('void', { op: 'store', size: 4, offset: 0 }, slot, builder.constant('i32', each));
    builder.add('void', { op: 'store', size: 8, offset: 0 }, slot, wide);
  }
  builder.jump(far);
  builder.continueIn(far);
  builder.end({ op: 'return', value: zero });
  const program: IrProgram = { type: 'xdp', functions: [builder.build()] };
  assert.throws(() => generate(program), { code: 'OUT_OF_RANGE', message: /spans more than 32767/ });
  const code = generate(program, { cpu: 4 });
  assert.equal(new Machine({ code }).run(xdpContext(new Uint8Array(14))).result, 0);
});

test('a function that only unreachable blocks call is not written', () => {
  const program = parseIr(`program xdp
    function main(%0: context): i32
    b0:
      %1: i32 = const 1
      return %1
    b1:
      %2: i32 = call other
      return %2

    static function other(): i32
    b0:
      %0: i32 = const 7
      return %0`);
  assert.equal(disassemble(generate(program)).includes('7'), false);
});
