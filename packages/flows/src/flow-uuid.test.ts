import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { flowUuid } from './flow-uuid.ts';

const times = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
const sequences = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

describe('the UUID of a flow', () => {
  test('is one of version 8', () => {
    fc.assert(
      fc.property(times, sequences, (time, sequence) => {
        assert.match(
          flowUuid({ time, sequence }),
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
    );
  });

  test('is another for another time or number, and later flows sort behind', () => {
    fc.assert(
      fc.property(times, times, sequences, sequences, (time, otherTime, sequence, other) => {
        const [one, two] = [flowUuid({ time, sequence }), flowUuid({ time: otherTime, sequence: other })];
        const order = time < otherTime || (time === otherTime && sequence < other);
        assert.equal(one === two, time === otherTime && sequence === other);
        assert.equal(one < two, order);
      }),
    );
  });
});
