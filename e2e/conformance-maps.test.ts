/** The interpreter's maps answer and hold what the kernel's do, after random sequences of calls. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xdpContext } from '@waggle/compiler';
import fc from 'fast-check';
import { inKernel, inMachine, MIX, needsRoot, pointer } from './support/side-by-side.ts';

/** A call on a map whose key is made by `key` at r10-16; the value goes over r10-24. */
const tableCall = (map: string, key: fc.Arbitrary<string[]>): fc.Arbitrary<string[]> =>
  fc.oneof(
    fc
      .tuple(key, fc.nat(1000), fc.constantFrom(0, 0, 0, 1, 2, 3, 8))
      .map(([lines, value, flags]) => [
        ...lines,
        `stdw [r10-24], ${value}`,
        `r1 = map[${map}] ll`,
        ...pointer('r2', 16),
        ...pointer('r3', 24),
        `mov r4, ${flags}`,
        'call map_update_elem',
        ...MIX,
      ]),
    fc
      .tuple(key, fc.nat(1000))
      .map(([lines, value]) => [
        ...lines,
        `r1 = map[${map}] ll`,
        ...pointer('r2', 16),
        'call map_lookup_elem',
        'jeq r0, 0, +6',
        'ldxdw r3, [r0]',
        'mul r7, 31',
        'add r7, r3',
        `add r3, ${value}`,
        'stxdw [r0], r3',
        'mov r0, 0',
        'add r7, 1',
      ]),
    key.map((lines) => [
      ...lines,
      `r1 = map[${map}] ll`,
      ...pointer('r2', 16),
      'call map_delete_elem',
      ...MIX,
    ]),
  );

const index = fc.nat(4).map((key) => [`stw [r10-16], ${key}`]);
/** Bytes that agree in their first bits. */
const addressByte = fc.constantFrom(0, 0x80, 0xc0, 0xc1, 0xff);
const prefix = fc
  .tuple(fc.constantFrom(0, 1, 2, 7, 8, 9, 10, 16, 31, 32, 33), addressByte, addressByte, addressByte)
  .map(([length, first, second, last]) => [
    `stw [r10-16], ${length}`,
    `stw [r10-12], ${first | (second << 8) | (last << 24)}`,
  ]);

const queueCall = fc.constantFrom('queue', 'stack').chain((map) =>
  fc.oneof(
    fc
      .tuple(fc.nat(1000), fc.constantFrom(0, 0, 2, 1, 3))
      .map(([value, flags]) => [
        `stdw [r10-24], ${value}`,
        `r1 = map[${map}] ll`,
        ...pointer('r2', 24),
        `mov r3, ${flags}`,
        'call map_push_elem',
        ...MIX,
      ]),
    fc
      .constantFrom('map_pop_elem', 'map_peek_elem')
      .map((helper) => [
        'stdw [r10-24], 0',
        `r1 = map[${map}] ll`,
        ...pointer('r2', 24),
        `call ${helper}`,
        ...MIX,
        'ldxdw r0, [r10-24]',
        ...MIX,
      ]),
  ),
);

test('maps answer and hold the same as in the kernel', { skip: needsRoot }, () => {
  const call = fc.oneof(
    { weight: 3, arbitrary: tableCall('hash', index) },
    tableCall('array', index),
    tableCall('cpus', index),
    { weight: 3, arbitrary: tableCall('trie', prefix) },
    queueCall,
  );
  const data = new Uint8Array(64);
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 30 }), (calls) => {
      assert.deepEqual(inMachine(calls.flat(), xdpContext(data)), inKernel('xdp', calls.flat(), data));
    }),
    { numRuns: 150 },
  );
});
