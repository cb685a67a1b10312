import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { arrayMap, perCpuArrayMap, ringBuffer, struct, u32, u64 } from '@waggle/bpf';
import { createMap, openMap } from '../map/create.ts';
import { needsRoot } from '../testing/lab.ts';
import { FRAME, loadBody, sending } from '../testing/programs.ts';

const Event = struct('event', { sequence: u64, size: u32, tag: u32 });

/** A ring of `bytes` and a program that sends one event a run. */
function sender(bytes: number) {
  const events = createMap(ringBuffer({ name: 'events', bytes, record: Event }));
  const counter = createMap(arrayMap({ name: 'counter', value: u64, maxEntries: 1 }));
  const lost = createMap(perCpuArrayMap({ name: 'lost', value: u64, maxEntries: 1 }));
  const program = loadBody('xdp', sending, { maps: { events, counter, lost } });
  return {
    events,
    send: (repeat: number) => program.testRun({ data: FRAME, repeat }),
    lost: () => (lost.get(0) ?? []).reduce((sum, each) => sum + each, 0n),
    [Symbol.dispose]() {
      for (const each of [program, events, counter, lost]) each.close();
    },
  };
}

/** Waits until `condition` holds, at most two seconds. */
async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 200 && !condition(); round++) await sleep(10);
  assert.ok(condition());
}

test('the event loop is woken and gets the records in order', { skip: needsRoot }, async () => {
  using ring = sender(4096);
  const sequences: bigint[] = [];
  using reader = ring.events.read(({ sequence, size, tag }) => {
    assert.deepEqual([size, tag], [FRAME.length, 7]);
    sequences.push(sequence);
  });
  ring.send(3);
  await until(() => sequences.length === 3);
  // Several times around a ring that holds 170 records.
  for (let round = 0; round < 20; round++) {
    ring.send(100);
    await until(() => sequences.length === 3 + (round + 1) * 100);
  }
  assert.deepEqual(
    sequences,
    Array.from({ length: 2003 }, (_, index) => BigInt(index)),
  );
  assert.equal(reader.records, 2003);
  assert.equal(reader.malformed, 0);
});

test('a record that begins at the end of the buffer is whole', { skip: needsRoot }, () => {
  using ring = sender(4096);
  using copies = openMap({ id: ring.events.info().id }, ringBuffer<Uint8Array>({ bytes: 4096 }));
  // A record takes 24 bytes, of which 4,096 is no multiple: it breaks after its header, or after 8 bytes of its data.
  for (const raw of [false, true]) {
    const sequences: bigint[] = [];
    using reader = raw
      ? copies.read((bytes) => sequences.push(new DataView(bytes.buffer).getBigUint64(0, true)), {
          manual: true,
        })
      : ring.events.read(
          ({ sequence, size, tag }) => {
            assert.deepEqual([size, tag], [FRAME.length, 7]);
            sequences.push(sequence);
          },
          { manual: true },
        );
    for (let round = 0; round < 30; round++) {
      ring.send(100);
      reader.poll();
    }
    const begin = raw ? 3000 : 0;
    assert.deepEqual(
      sequences,
      Array.from({ length: 3000 }, (_, index) => BigInt(begin + index)),
    );
  }
});

test('what does not fit is counted as lost', { skip: needsRoot }, () => {
  using ring = sender(4096);
  ring.send(1000);
  const seen: bigint[] = [];
  using reader = ring.events.read(({ sequence }) => seen.push(sequence), { manual: true, lost: ring.lost });
  assert.equal(reader.poll(), seen.length);
  assert.ok(seen.length > 100, `${seen.length} fit`);
  assert.equal(reader.lost, BigInt(1000 - seen.length));
  assert.equal(reader.poll(), 0);
});

test('a batch ends early and the rest follows', { skip: needsRoot }, async () => {
  using ring = sender(8192);
  ring.send(100);
  using manual = ring.events.read(() => {}, { manual: true, batch: 30 });
  assert.deepEqual([manual.poll(), manual.poll()], [30, 30]);
  manual.close();
  let rest = 0;
  using _reader = ring.events.read(() => rest++, { batch: 15 });
  await until(() => rest === 40);
});

test('records of another size than declared are passed over', { skip: needsRoot }, () => {
  using ring = sender(4096);
  ring.send(2);
  const Shorter = struct('shorter', { sequence: u64 });
  const spec = ringBuffer({ bytes: 4096, record: Shorter });
  using other = openMap({ id: ring.events.info().id }, spec);
  using reader = other.read(() => assert.fail('must not be delivered'), { manual: true });
  assert.equal(reader.poll(), 0);
  assert.equal(reader.malformed, 2);
});

test('without a declared record the bytes come as copies', { skip: needsRoot }, () => {
  using ring = sender(4096);
  ring.send(2);
  const copies: Uint8Array[] = [];
  using raw = openMap({ id: ring.events.info().id }, ringBuffer<Uint8Array>({ bytes: 4096 }));
  using reader = raw.read((bytes) => copies.push(bytes), { manual: true });
  reader.poll();
  assert.deepEqual(
    copies.map((copy) => [copy.length, copy[0]]),
    [
      [16, 0],
      [16, 1],
    ],
  );
});

test('an error in the consumer loses nothing', { skip: needsRoot }, () => {
  using ring = sender(4096);
  ring.send(5);
  const errors: unknown[] = [];
  let seen = 0;
  using reader = ring.events.read(
    () => {
      if (++seen === 2) throw new Error('bad record');
    },
    { manual: true, onError: (error) => errors.push(error) },
  );
  assert.equal(reader.poll(), 5);
  assert.equal(errors.length, 1);
  assert.equal(reader.poll(), 0);
});

test('a reader may be closed by its own consumer, and says so afterwards', { skip: needsRoot }, () => {
  using ring = sender(4096);
  ring.send(5);
  let seen = 0;
  const reader = ring.events.read(
    () => {
      seen++;
      reader.close();
    },
    { manual: true },
  );
  reader.poll();
  assert.equal(seen, 1);
  assert.throws(() => reader.poll(), /reader of map "events" is closed/);
  reader.close();
});
