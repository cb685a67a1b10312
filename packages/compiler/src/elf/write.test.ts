/** What an object cannot hold is refused with its reason; that loaders take the rest is shown in e2e/elf.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrayMap, u64 } from '@waggle/bpf';
import { assemble } from '../backend/assemble.ts';
import { alu64, exit, loadMap, loadMapValue, r0, r1 } from '../backend/instruction.ts';
import { Btf } from '../btf/index.ts';
import { type ElfProgram, writeElf } from './write.ts';

const counter = arrayMap({ value: u64, maxEntries: 1 });
const program = (name: string, rest: Partial<ElfProgram> = {}): ElfProgram => ({
  name,
  type: 'xdp',
  code: assemble([loadMap(r1, 'counter'), alu64.mov(r0, 2), exit()]),
  ...rest,
});

test('the same contents yield the same bytes', () => {
  const contents = { programs: [program('a'), program('b', { type: 'tc' })], maps: { counter } };
  assert.deepEqual(writeElf(contents), writeElf(contents));
});

test('the BTF in an object is BTF', () => {
  const object = Buffer.from(writeElf({ programs: [program('count')], maps: { counter } }));
  const btf = Btf.parse(object.subarray(object.indexOf(Buffer.from([0x9f, 0xeb, 1, 0]))));
  assert.notEqual(btf.find('count', 'function'), undefined);
  assert.notEqual(btf.find('counter', 'variable'), undefined);
});

test('what an object cannot hold is refused', () => {
  const address = assemble([loadMapValue(r1, 'counter', 0), alu64.mov(r0, 2), exit()]);
  const cases: [Parameters<typeof writeElf>[0], string, RegExp][] = [
    [{ programs: [program('a')] }, 'NOT_FOUND', /program "a" uses the map "counter", which was not given/],
    [
      { programs: [program('a', { license: 'MIT' }), program('b')], maps: { counter } },
      'BAD_DECLARATION',
      /licences MIT and GPL/,
    ],
    [
      { programs: [program('a'), program('a', { type: 'tc' })], maps: { counter } },
      'BAD_DECLARATION',
      /two symbols of the object are called "a"/,
    ],
    [
      { programs: [program('counter')], maps: { counter } },
      'BAD_DECLARATION',
      /two symbols of the object are called "counter"/,
    ],
    [
      { programs: [program('a', { code: address })], maps: { counter } },
      'BAD_DECLARATION',
      /program "a" addresses the value of the map "counter"/,
    ],
    [
      {
        programs: [
          program('a', {
            code: { ...assemble([exit()]), kernelCalls: [{ slot: 0, name: 'bpf_skb_ct_lookup' }] },
          }),
        ],
      },
      'BAD_DECLARATION',
      /program "a" depends on bpf_skb_ct_lookup of the running kernel/,
    ],
    [
      { programs: [program('a-b')], maps: { counter } },
      'BAD_DECLARATION',
      /a function cannot be called "a-b"/,
    ],
  ];
  for (const [contents, code, message] of cases) {
    assert.throws(() => writeElf(contents), { code, message });
  }
});
