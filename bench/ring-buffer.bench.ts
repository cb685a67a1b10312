import { benchmark, type Recorder } from './support/benchmark.ts';
import { createEvents, FRAME, RECORD, sumOfRecords } from './support/events.ts';
import { compare, cpuTime } from './support/measure.ts';
import { runScript } from './support/script.ts';
import { assertSame, compileTwin, NO_COMPILER, type Twin } from './support/twin.ts';

const BYTES = 16 << 20;
const RECORDS = Math.floor((0.9 * BYTES) / RECORD);
const ROUNDS = 9;
const LIVE_RATE = 1_000_000;
const LIVE_SECONDS = 3;

/** Fills the ring, then measures emptying it. */
function drain({ row, note }: Recorder): void {
  const twin = compileTwin('ring-buffer');
  if (!twin) note(NO_COMPILER);
  using ring = createEvents(BYTES);
  let sum = 0;
  using reader = ring.events.read(
    ({ sequence, address, port, verdict }) => {
      sum += Number(sequence) + address + port + verdict;
    },
    { manual: true },
  );
  const ours = (): number => {
    const first = ring.sent();
    sum = 0;
    ring.program.testRun({ data: FRAME, repeat: RECORDS });
    const time = cpuTime(() => {
      while (reader.poll() > 0);
    });
    assertSame(sum, sumOfRecords(first, RECORDS));
    return (RECORDS / time) * 1e9;
  };
  const ids = [ring.events.info().id, BYTES, ring.program.info().id, RECORDS] as const;
  const theirs = (run: Twin) => (): number => {
    const first = ring.sent() + RECORDS;
    const { checksum, nanoseconds } = run(...ids);
    // The first of its two fillings is to warm up.
    assertSame(sumOfRecords(first, RECORDS), checksum);
    return 1e9 / nanoseconds;
  };
  const drained = compare(ROUNDS, ours, twin && theirs(twin));
  row({ what: 'emptying a full ring', unit: 'rate', ...drained, goal: { atLeast: 5e6 } });
}

/** Another process produces at a steady pace; the event loop of this one is woken by the kernel. */
async function live({ row }: Recorder): Promise<void> {
  using ring = createEvents(BYTES);
  let gaps = 0;
  let next = 0n;
  let wakeups = 0;
  let awake = false;
  const asleep = (): void => {
    awake = false;
  };
  using reader = ring.events.read(({ sequence }) => {
    if (sequence !== next) gaps++;
    next = sequence + 1n;
    if (awake) return;
    // All that comes before the loop turns came with one wakeup.
    awake = true;
    wakeups++;
    setImmediate(asleep);
  });
  const started = process.cpuUsage();
  const output = await runScript('producer.ts', [ring.program.info().id, LIVE_RATE, LIVE_SECONDS]);
  const { user, system } = process.cpuUsage(started);
  const seconds = Number(output);
  reader.poll();
  row({ what: 'live: records', unit: 'count', ours: reader.records });
  row({ what: 'live: rate', unit: 'rate', ours: reader.records / seconds });
  row({ what: 'live: lost', unit: 'count', ours: ring.sent() - reader.records, goal: { atMost: 0 } });
  row({ what: 'live: out of order', unit: 'count', ours: gaps, goal: { atMost: 0 } });
  row({ what: 'live: wakeups', unit: 'rate', ours: wakeups / seconds });
  row({
    what: 'live: CPU time for one record',
    unit: 'time',
    ours: ((user + system) * 1000) / reader.records,
  });
}

await benchmark(
  {
    name: 'ring-buffer',
    about: `Records of four fields, one of them a bigint, through a ring of 16 MiB. A core that spends 200 ns
      on each packet, which is little, sends five million records a second: below that the reader would be the
      bottleneck. Live, another process sends a million a second for three seconds, and nothing may be lost.`,
  },
  async (recorder) => {
    drain(recorder);
    await live(recorder);
  },
);
