import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type TimeFormat, timeText } from './time-formats.ts';

const TIME = { seconds: 1_767_323_045n, nanos: 678_901_230 };

describe('a time as', () => {
  const rows: readonly [TimeFormat, string][] = [
    ['StampMilli', 'Jan  2 03:04:05.678'],
    ['RFC3339', '2026-01-02T03:04:05Z'],
    ['RFC3339Milli', '2026-01-02T03:04:05.678Z'],
    ['RFC3339Micro', '2026-01-02T03:04:05.678901Z'],
    ['RFC3339Nano', '2026-01-02T03:04:05.67890123Z'],
    ['RFC1123Z', 'Fri, 02 Jan 2026 03:04:05 +0000'],
  ];
  for (const [format, text] of rows) test(format, () => assert.equal(timeText(TIME, format), text));

  test('relative', () => {
    const ago = (milliseconds: number) => timeText(TIME, 'relative', 1_767_323_045_678.901 + milliseconds);
    assert.deepEqual([12, 1500, 150_000, 5_400_000, 172_800_001, -5].map(ago), [
      '12ms ago',
      '1.5s ago',
      '2.5m ago',
      '1.5h ago',
      '2.0d ago',
      'now',
    ]);
  });
});
