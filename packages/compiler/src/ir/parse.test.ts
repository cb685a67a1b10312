/** Parsing and printing: what one writes, the other reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIr } from './parse.ts';
import { printIr } from './print.ts';
import { commands, programOf } from './testing/random-program.ts';

const EVERYTHING = `program tc

function main(%0: context): i32
b0:
  %1: i64 = const -5
  %2: i64 = config settings.v2 "a name"
  %3: i64 = signedDiv %1 %2  ; a; b (c) (dir/file.bpf.ts:3:14)
  %4: i32 = compare signedLess %1 %2
  %5: i64 = zeroExtend %4
  %6: i64 = signExtend 32 %5
  %7: i32 = truncate %6
  %8: i32 = swapBytes 16 %7
  %9: stack = stackSlot size 16 alignment 8
  store u64 %9 +8 %6
  %10: i32 = load u32 %9 +8 volatile
  %11: i32 = atomic compareExchange u32 %9 -4 %10 %8
  atomic add u64 %9 +0 %6
  %12: stack = offsetPointer %9 %6
  %13: packet = packetBound data %0
  %14: packet? = packetAt %0 %5 +14 size 20
  %15: map = mapReference services
  %16: mapValue = mapValueReference "odd name;" +8
  %17: function = functionReference callback
  %18: mapValue? = callHelper map_lookup_elem %15 %9
  callHelper skb_pull_data %0 %8 kills packet
  callHelper 9999
  %19: kernel? = callKernel bpf_ct_lookup %0 kills packet
  %20: i64 = call callback %5
  tailCall %0 %15 %8
  %21: i64 = fieldOffset task_struct "mm.pgd[0]"
  branch bitSet %20 %21 ? b7 : b2(%1, %4)
b7:
  unreachable  ; throw (file:1:1)
b2(%22: i64, %23: i32):
  jump b2(%1, %23)

static function callback(%0: i64): i64
b0:
  return %0

global function nothing(): void
b0:
  return
`;

test('every operation survives printing and parsing', () => {
  assert.equal(printIr(parseIr(EVERYTHING)), EVERYTHING);
});

test('random programs survive it too', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const program = programOf(list);
      const text = printIr(program);
      const again = parseIr(text);
      assert.equal(printIr(again), text);
      // Only instructions without a result may have other numbers.
      const plain = (of: typeof program) =>
        of.functions.flatMap(({ blocks }) =>
          blocks.flatMap(({ instructions }) =>
            instructions.map((each) => (each.type === 'void' ? { ...each, id: -1 } : each)),
          ),
        );
      assert.deepEqual(plain(again), plain(program));
    }),
    { numRuns: 50 },
  );
});

test('a parsed program has numbers for all instructions', () => {
  const { functions } = parseIr(EVERYTHING);
  const ids = functions[0]?.blocks.flatMap(({ instructions }) => instructions.map(({ id }) => id)) ?? [];
  assert.equal(new Set(ids).size, ids.length);
});

for (const [text, message] of [
  ['function main(): void', /line 1: a program starts with "program <type>"/],
  ['program xpd', /line 1: there is no program type "xpd"/],
  ['program xdp\nmain', /line 2: a function starts with/],
  ['program xdp\nfunction main(): int\nb0:\n  return', /line 2: there is no type "int"/],
  ['program xdp\nfunction main(): void\nb0:\n  frob %1', /line 4: "frob" is no operation/],
  ['program xdp\nfunction main(): void\nb0:\n  %1: i32 = const x', /line 4: expected a number, found "x"/],
  ['program xdp\nfunction main(): void\nb0:\n  return %1 %2', /line 4: "%2" is too much/],
  ['program xdp\nfunction main(): void\nb0:\n  callHelper no_such', /line 4: there is no helper "no_such"/],
  ['program xdp\nfunction main(): void\nb0:\n  §', /line 4: "\s*§" is no word/],
  ['program xdp\nfunction main(): void\nb0:\n  %1: i32 = const 1', /line 3: block b0 does not end/],
] as const) {
  test(`what is wrong is said with its line: ${message.source}`, () => {
    assert.throws(() => parseIr(text), { code: 'MALFORMED', message });
  });
}
