/** The optimizer changes how fast a program is and never what it does: random programs, evaluated before and after. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { IrProgram } from '../ir/ir.ts';
import { parseIr } from '../ir/parse.ts';
import { type Content, evaluate } from '../ir/testing/evaluate.ts';
import { commands, PACKET_SIZE, programOf } from '../ir/testing/random-program.ts';
import { validateIr } from '../ir/validate.ts';
import { optimize, passes } from './optimize.ts';

const packets = fc.uint8Array({ minLength: PACKET_SIZE - 8, maxLength: PACKET_SIZE + 32 });

/** What a program answers, and what it leaves of the packet. */
function run(program: IrProgram, packet: Uint8Array): { result: Content; packet: Buffer } {
  const after = packet.slice();
  const result = evaluate(program, { packet: after, helpers: { 5: () => 0n } });
  return { result, packet: Buffer.from(after) };
}

/** Checks on random programs that what `change` makes of them is valid and does the same. */
function keepsMeaning(change: (program: IrProgram) => IrProgram, numRuns: number): void {
  fc.assert(
    fc.property(commands, packets, (list, packet) => {
      const before = programOf(list);
      const after = change(before);
      validateIr(after);
      assert.deepEqual(run(after, packet), run(before, packet));
    }),
    { numRuns },
  );
}

for (const pass of passes) {
  test(`${pass.name} alone keeps the meaning of random programs`, () => keepsMeaning(pass.run, 40));
}

test('all passes together keep the meaning of random programs', () => keepsMeaning(optimize, 100));

test('what is optimized needs not be optimized again', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const once = optimize(programOf(list));
      assert.equal(optimize(once), once);
    }),
    { numRuns: 60 },
  );
});

test('a pass that there is not is an error that names those there are', () => {
  const program = parseIr('program xdp\nfunction main(%0: context): i32\nb0:\n%1: i32 = const 2\nreturn %1');
  assert.throws(() => optimize(program, { without: ['flod'] }), {
    code: 'BAD_DECLARATION',
    message: /^there is no pass "flod"/,
    hint: /fold/,
  });
});

test('a number that may not be there is asked for once', () => {
  // What `const found = map.lookup(key); if (found === null) return …` is made of.
  const program = parseIr(`program xdp
    function main(%0: context): i32
    b0:
      %1: map = mapReference counters
      %2: stack = stackSlot size 4 alignment 4
      %3: i32 = const 7
      store u32 %2 +0 %3
      %4: mapValue? = callHelper map_lookup_elem %1 %2
      %5: mapValue? = const 0
      %6: i32 = const 0
      branch equal %4 %5 ? b1 : b2
    b1:
      jump b3(%6)
    b2:
      %7: i32 = load u32 %4 +0
      jump b3(%7)
    b3(%8: i32):
      branch equal %4 %5 ? b4 : b5
    b4:
      return %3
    b5:
      return %8`);
  validateIr(program);
  const optimized = optimize(program);
  validateIr(optimized);
  const branches = optimized.functions[0]?.blocks.filter(({ terminator }) => terminator.op === 'branch');
  assert.equal(branches?.length, 1);
});
