import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTime } from './time-argument.ts';

const NOW = Date.parse('2026-03-04T05:06:07.890Z');
const time = (text: string): string => {
  const { seconds, nanos } = parseTime(text, '--since', NOW);
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}`;
};

describe('a time of the command line', () => {
  const rows: readonly [text: string, moment: string][] = [
    ['now', '2026-03-04T05:06:07.890000000'],
    ['5m', '2026-03-04T05:01:07.890000000'],
    ['1h30m', '2026-03-04T03:36:07.890000000'],
    ['2d', '2026-03-02T05:06:07.890000000'],
    ['1.5s', '2026-03-04T05:06:06.390000000'],
    ['890ms', '2026-03-04T05:06:07.000000000'],
    ['2026-01-02T15:04:05Z', '2026-01-02T15:04:05.000000000'],
    ['2026-01-02T15:04:05.123456789Z', '2026-01-02T15:04:05.123456789'],
    ['2026-01-02T15:04:05+02:00', '2026-01-02T13:04:05.000000000'],
    ['2026-01-02 15:04Z', '2026-01-02T15:04:00.000000000'],
    ['2026-01-02T15Z', '2026-01-02T15:00:00.000000000'],
  ];
  for (const [text, moment] of rows) test(text, () => assert.equal(time(text), moment));

  test('without a zone is one of this host', () => {
    const local = (text: string) => Number(parseTime(text, '--since', NOW).seconds) * 1000;
    assert.equal(local('2026-01-02'), new Date(2026, 0, 2).getTime());
    assert.equal(local('2026-01-02T03:04'), new Date(2026, 0, 2, 3, 4).getTime());
  });

  for (const text of [
    '',
    '5',
    '5 m',
    '5y',
    '-5m',
    'yesterday',
    '2026-13-01',
    '2026-02-30',
    '2026-01-02T25:00Z',
    '12:00',
  ])
    test(`${JSON.stringify(text)} is none`, () =>
      assert.throws(
        () => parseTime(text, '--until', NOW),
        /^WaggleError: --until ".*" is no time\. As 90s, 5m/,
      ));
});
