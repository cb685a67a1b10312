/** Code that was generated before does what code does that is generated when it is asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bool, config, u16, u64 } from '@waggle/bpf';
import fc from 'fast-check';
import { parseIr } from '../ir/parse.ts';
import { generatedFromJson, generatedToJson } from './generated-code.ts';
import { CodeVariants } from './variants.ts';

const program = parseIr(`program xdp

function main(%0: context): i32
b0:
  %1: i32 = config settings enabled
  %2: i32 = const 0
  branch equal %1 %2 ? b2 : b1
b1:
  %3: map = mapReference counter
  %4: stack = stackSlot size 8 alignment 8
  %5: i64 = config settings mark
  %6: i64 = const 4294967296
  %7: i64 = add %5 %6
  store u64 %4 +0 %7
  %8: i64 = callHelper map_delete_elem %3 %4
  jump b2
b2:
  %9: i32 = config settings verdict
  %10: i32 = swapBytes 16 %9
  return %10
`);
const configs = { settings: config({ enabled: bool, verdict: u16, mark: u64 }) };
const given = (enabled: boolean, verdict = 1, mark = 7n) => ({ settings: { enabled, verdict, mark } });

const written = (...usual: boolean[]): string => {
  const variants = new CodeVariants(() => program, configs);
  for (const enabled of usual) variants.finish('main', given(enabled));
  return generatedToJson(variants.generated('main'));
};

test('what was written is read, and is the code that would be generated', () => {
  const generated = generatedFromJson(written(true, false)) ?? assert.fail();
  assert.equal(generated.name, 'main');
  const before = new CodeVariants(() => assert.fail('it need not be generated'), configs, { generated });
  const now = new CodeVariants(() => program, configs);
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.integer({ min: 0, max: 0xffff }),
      fc.bigInt(0n, 0x7fff_ffffn),
      (...values) => {
        assert.deepEqual(before.finish('main', given(...values)), now.finish('main', given(...values)));
      },
    ),
  );
});

test('what was not generated is', () => {
  const generated = generatedFromJson(written(true)) ?? assert.fail();
  const variants = new CodeVariants(() => program, configs, { generated });
  variants.finish('main', given(true, 2));
  assert.equal(variants.count, 1);
  variants.finish('main', given(false));
  assert.equal(variants.count, 2);
});

test('what another version wrote is not read', () => {
  assert.equal(generatedFromJson(written(true).replace('"version":1', '"version":0')), undefined);
});
