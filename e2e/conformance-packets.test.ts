/** The interpreter's helpers on packets do to them what the kernel's do, in random sequences. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tcContext, xdpContext } from '@waggle/compiler';
import fc from 'fast-check';
import { inKernel, inMachine, MIX, needsRoot, pointer } from './support/side-by-side.ts';

/** The lengths of the packet and of its metadata, by the pointers in the context. */
const lengths = [
  'ldxw r2, [r6]',
  'ldxw r0, [r6+4]',
  'sub r0, r2',
  ...MIX,
  'ldxw r0, [r6]',
  'ldxw r2, [r6+8]',
  'sub r0, r2',
  ...MIX,
];

test('XDP helpers move packets like the kernel', { skip: needsRoot }, () => {
  const call = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('xdp_adjust_head', 'xdp_adjust_tail', 'xdp_adjust_meta'),
        fc.oneof(
          fc.integer({ min: -40, max: 40 }),
          fc.constantFrom(-300, -216, -4, -8, 4, 8, -256, 3500, 4000),
        ),
      )
      .map(([helper, delta]) => ['mov r1, r6', `mov r2, ${delta}`, `call ${helper}`, ...MIX, ...lengths]),
    fc
      .tuple(fc.constantFrom('xdp_load_bytes', 'xdp_store_bytes'), fc.nat(100))
      .map(([helper, offset]) => [
        'mov r1, r6',
        `mov r2, ${offset}`,
        ...pointer('r3', 32),
        'mov r4, 8',
        'stdw [r10-32], 77',
        `call ${helper}`,
        ...MIX,
        'ldxdw r0, [r10-32]',
        ...MIX,
      ]),
    fc.constant(['mov r1, r6', 'call xdp_get_buff_len', ...MIX]),
  );
  fc.assert(
    fc.property(
      fc.array(call, { minLength: 1, maxLength: 12 }),
      fc.uint8Array({ minLength: 64, maxLength: 200 }),
      (calls, data) => {
        assert.deepEqual(inMachine(calls.flat(), xdpContext(data)), inKernel('xdp', calls.flat(), data));
      },
    ),
    { numRuns: 100 },
  );
});

const number32 = fc.oneof(
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  fc.constantFrom(0, -1, 0xffff),
);

test('of the two zeros that a checksum can be, it is the same one', { skip: needsRoot }, () => {
  const sums = [0, 1, 0xffff, 0x1_0000, 0xffff_0000, 0xffff_ffff];
  const calls = ['l3_csum_replace', 'l4_csum_replace'].flatMap((helper) =>
    [0, 2, 4].flatMap((size) =>
      sums.flatMap((from) =>
        sums.flatMap((to) =>
          [0, 0xffff, 0x1234].flatMap((before) => [
            `sth [r10-32], ${before}`,
            'mov r1, r6',
            'mov r2, 24',
            ...pointer('r3', 32),
            'mov r4, 2',
            'mov r5, 0',
            'call skb_store_bytes',
            'mov r1, r6',
            'mov r2, 24',
            `lddw r3, ${size === 0 ? 0 : from}`,
            `lddw r4, ${to}`,
            `mov r5, ${size}`,
            `call ${helper}`,
            ...MIX,
            'mov r1, r6',
            'mov r2, 24',
            ...pointer('r3', 32),
            'mov r4, 2',
            'call skb_load_bytes',
            'ldxh r0, [r10-32]',
            ...MIX,
          ]),
        ),
      ),
    ),
  );
  const data = new Uint8Array(64);
  data.set([0x88, 0xb5], 12);
  assert.deepEqual(inMachine(calls, tcContext(data)), inKernel('tc', calls, data));
});

test('helpers of socket buffers do the same as in the kernel', { skip: needsRoot }, () => {
  const checksum = fc
    .tuple(
      fc.constantFrom('l3_csum_replace', 'l4_csum_replace'),
      fc.constantFrom(14, 16, 24, 25, 62, 63, 300),
      number32,
      number32,
      fc.constantFrom(0, 2, 4, 3, 0x10, 0x14, 0x22, 0x24, 0x62, 0x100),
    )
    .map(([helper, offset, from, to, flags]) => [
      'mov r1, r6',
      `mov r2, ${offset}`,
      `lddw r3, ${from >>> 0}`,
      `lddw r4, ${to >>> 0}`,
      `mov r5, ${flags}`,
      `call ${helper}`,
      ...MIX,
    ]);
  const bytesCall = fc
    .tuple(
      fc.constantFrom('skb_load_bytes', 'skb_store_bytes'),
      fc.nat(100),
      fc.constantFrom(0, 0, 1, 2, 3, 4),
      number32,
    )
    .map(([helper, offset, flags, value]) => [
      `stdw [r10-32], ${value}`,
      'mov r1, r6',
      `mov r2, ${offset}`,
      ...pointer('r3', 32),
      'mov r4, 8',
      `mov r5, ${flags}`,
      `call ${helper}`,
      ...MIX,
      'ldxdw r0, [r10-32]',
      ...MIX,
    ]);
  const difference = fc
    .tuple(number32, number32, number32, fc.constantFrom(0, 4, 8), fc.constantFrom(0, 4, 8))
    .map(([from, to, seed, fromSize, toSize]) =>
      [
        `stdw [r10-32], ${from}`,
        `stdw [r10-40], ${to}`,
        fromSize > 0 ? pointer('r1', 32) : ['mov r1, 0'],
        `mov r2, ${fromSize}`,
        toSize > 0 ? pointer('r3', 40) : ['mov r3, 0'],
        `mov r4, ${toSize}`,
        `mov32 r5, ${seed}`,
        'call csum_diff',
        ...MIX,
      ].flat(),
    );
  // Little is added at the head: beyond the headroom the kernel takes new memory, and then mistakes where headers end.
  const resize = fc
    .oneof(
      fc.tuple(
        fc.constantFrom('skb_change_tail', 'skb_pull_data'),
        fc.constantFrom(0, 10, 14, 40, 64, 100, 200),
      ),
      fc.tuple(fc.constant('skb_change_head'), fc.constantFrom(0, 2, 4)),
    )
    .chain(([helper, length]) =>
      fc.tuple(fc.constant(helper), fc.constant(length), fc.constantFrom(0, 0, 0, 1)),
    )
    .map(([helper, length, flags]) => [
      'mov r1, r6',
      `mov r2, ${length}`,
      `mov r3, ${flags}`,
      `call ${helper}`,
      ...MIX,
      'ldxw r0, [r6]',
      ...MIX,
    ]);
  const packetLoad = fc
    .tuple(fc.constantFrom('b', 'h', 'w'), fc.nat(13), fc.boolean())
    .map(([size, offset, isIndirect]) => [
      ...(isIndirect ? ['mov r8, 1', `ldind${size} r8, ${offset - 1}`] : [`ldabs${size} ${offset}`]),
      ...MIX,
    ]);
  const call = fc.oneof(
    { weight: 3, arbitrary: checksum },
    { weight: 2, arbitrary: bytesCall },
    { weight: 2, arbitrary: difference },
    resize,
    packetLoad,
  );
  fc.assert(
    fc.property(
      fc.array(call, { minLength: 1, maxLength: 12 }),
      fc.uint8Array({ minLength: 64, maxLength: 120 }),
      (calls, data) => {
        // An EtherType that makes the kernel look no further into the packet.
        data.set([0x88, 0xb5], 12);
        assert.deepEqual(inMachine(calls.flat(), tcContext(data)), inKernel('tc', calls.flat(), data));
      },
    ),
    { numRuns: 150 },
  );
});
