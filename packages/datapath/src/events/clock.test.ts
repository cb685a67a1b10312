import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventClock } from './clock.ts';

const MILLISECOND = 1_000_000n;

/** Clocks that go on by a tenth of a millisecond whenever they are looked at. */
class Clocks {
  now = 0n;
  ahead = 1_000_000_000_000n * MILLISECOND + 345_678n;
  readonly monotonic = (): bigint => {
    this.now += 100_000n;
    return this.now;
  };
  readonly wall = (): number => Number((this.monotonic() + this.ahead) / MILLISECOND);
}

test('the wall clock is known more exactly than it tells', () => {
  const clocks = new Clocks();
  const clock = new EventClock(clocks);
  const error = clock.wallTime(5n) - (5n + clocks.ahead);
  assert.ok(error <= 0n && error > -300_000n, `${error} ns`);
});

test('the wall clock is compared anew when somebody has set it', () => {
  const clocks = new Clocks();
  const clock = new EventClock(clocks);
  const before = clock.wallTime(0n);
  clocks.ahead += 3_600_000n * MILLISECOND;
  assert.equal(clock.wallTime(0n), before, 'not looked at yet');
  clocks.now += 11_000n * MILLISECOND;
  const moved = clock.wallTime(0n) - before;
  assert.ok(moved > 3_599_999n * MILLISECOND && moved < 3_600_001n * MILLISECOND);
  clocks.now += 11_000n * MILLISECOND;
  assert.equal(clock.wallTime(0n) - before, moved, 'and not moved without a reason');
});

test('times have microseconds', () => {
  const clock = new EventClock({
    monotonic: () => 0n,
    wall: (() => {
      let reads = 0;
      return () => (reads++ === 0 ? -1 : 0);
    })(),
  });
  assert.equal(clock.text(1_234_567_890n), '1970-01-01T00:00:01.234567Z');
  assert.equal(clock.text(1_000_001_000n), '1970-01-01T00:00:01.000001Z');
  assert.equal(clock.text(86_400_000_000_000n), '1970-01-02T00:00:00.000000Z');
});

test('the times of this machine are right', () => {
  const clock = new EventClock();
  const difference = Number(clock.wallTime(process.hrtime.bigint()) / MILLISECOND) - Date.now();
  assert.ok(Math.abs(difference) <= 5, `${difference} ms`);
});
