import type { NameChange } from '@waggle/flows';
import { loadDeclared } from '@waggle/kernel';
import { benchmark, type Recorder } from './support/benchmark.ts';
import { costOf, loadEndpoint, OUTSIDE, segment } from './support/endpoint-program.ts';
import { cpuTime, median } from './support/measure.ts';
import { runScript } from './support/script.ts';

const { FlowService } = await import('@waggle/flows');
const { accounts, connections4, EventReader, events } = await import('@waggle/datapath');
const { start, underTest } = await import('./support/replay.bpf.ts');

const ROUNDS = 21;
const STORED = 1_000_000;
const BYTES_A_FLOW = 192;
const MIB = 1024 * 1024;
/** Packets a second; each gives two events. */
const LIVE_RATE = 100_000;
const LIVE_SECONDS = 3;

const WEB = {
  ...{ id: 1, name: 'web', identity: 300, addresses: ['10.0.0.1'] },
  device: { index: 1, name: 'lxc1' },
};
const NAMES: readonly NameChange[] = [
  { table: 'identity', key: 300, value: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=shop'] },
  { table: 'identity', key: 2, value: ['reserved:world'] },
  { table: 'endpoint', key: 1, value: WEB },
];

type Service = InstanceType<typeof FlowService>;

function serviceOf(megabytes: number, metrics?: readonly string[]): Service {
  const service = new FlowService({ nodeName: 'n', version: '1', megabytes, ...(metrics && { metrics }) });
  service.rename(NAMES);
  return service;
}

/** Records that get from the kernel's buffer into the store, counted by metrics, in a second of CPU time. */
function rateOfReading(metrics?: readonly string[]): number {
  using loaded = loadEndpoint({ rate: 0xffff_ffff });
  const { program, others } = loaded;
  using service = serviceOf(64, metrics);
  const maps = { events: others.map(events), accounts: others.map(accounts) };
  using reader = new EventReader(maps, service.store);
  const rates = Array.from({ length: ROUNDS }, () => {
    others.map(connections4).clear();
    const before = reader.count;
    costOf(program, { destination: OUTSIDE, flows: 32_768, repeat: 16_384 });
    const time = cpuTime(() => reader.poll());
    return ((reader.count - before) / time) * 1e9;
  });
  return median(rates);
}

/** A million flows of many connections; one of a thousand is a drop. */
function fill(service: Service): void {
  using loaded = loadEndpoint({ rate: 0xffff_ffff });
  const { program, others } = loaded;
  const maps = { events: others.map(events), accounts: others.map(accounts) };
  using reader = new EventReader(maps, service.store);
  while (reader.count < STORED) {
    others.map(connections4).clear();
    costOf(program, { destination: OUTSIDE, flows: 32_768, repeat: 16_384 });
    reader.poll();
  }
}

async function queries({ row, note }: Recorder): Promise<void> {
  const before = process.memoryUsage().rss;
  using service = serviceOf((STORED * BYTES_A_FLOW) / MIB + 1);
  fill(service);
  const { stored } = service.status();
  const memory = (process.memoryUsage().rss - before) / stored;
  row({
    what: 'memory, whole process: bytes a flow',
    unit: 'count',
    ours: Math.round(memory),
    goal: { atMost: 300 },
  });
  const port = '17';
  const selective = [
    ['a port', { source: { port: [port] } }],
    ['an address', { destination: { ip: ['198.51.100.200'] } }],
    ['a label', { source: { label: ['app=nobody'] } }],
    ['a name', { source: { pod: ['shop/nobody'] } }],
    ['a verdict', { verdict: ['dropped'] }],
  ] as const;
  for (const [what, filter] of selective) {
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < 5; round++) {
      found = 0;
      const begin = process.cpuUsage();
      for await (const _ of service.flows({ allow: [filter] })) found++;
      const { user, system } = process.cpuUsage(begin);
      times.push((user + system) * 1000);
    }
    row({
      what: `1,000,000 stored, by ${what}: ${found} found`,
      unit: 'time',
      ours: median(times),
      goal: { atMost: 300e6 },
    });
  }
  const begin = process.cpuUsage();
  let all = 0;
  for await (const _ of service.flows({ number: 100_000 })) all++;
  const { user, system } = process.cpuUsage(begin);
  row({ what: 'decoded, with names', unit: 'rate', ours: (all / (user + system)) * 1e6 });
  note(`${stored.toLocaleString('en-US')} flows were stored.`);
}

/** Another process sends; here the kernel wakes the event loop, and three follow with filters. */
async function live({ row }: Recorder): Promise<void> {
  using loaded = loadEndpoint({ aggregation: 'none', rate: 0xffff_ffff });
  const { program, others } = loaded;
  using service = serviceOf(64);
  using replaying = loadDeclared(start, {
    config: { replay: { flows: 1023, destination: OUTSIDE, checksum: 0 } },
  });
  replaying.map(underTest).set(0, program);
  const maps = { events: others.map(events), accounts: others.map(accounts) };
  let lost = 0n;
  using reader = new EventReader(maps, service.store, {
    onLost: ({ full, limited }) => {
      lost += full + limited;
    },
  });
  const stop = new AbortController();
  const missed = { count: 0, given: 0 };
  const follow = async (filter: Parameters<Service['flows']>[0]): Promise<void> => {
    for await (const answer of service.flows({ ...filter, follow: true }, stop.signal)) {
      if (answer.kind === 'lost') missed.count += answer.count;
      else missed.given++;
    }
  };
  const following = [
    follow({ allow: [{ verdict: ['dropped'] }] }),
    follow({ allow: [{ destination: { ip: ['198.51.100.7/32'] } }] }),
    follow({ allow: [{ source: { label: ['app=web'], port: ['17'] } }] }),
  ];
  const begin = process.cpuUsage();
  const frame = Buffer.from(segment(OUTSIDE)).toString('hex');
  const seconds = Number(
    await runScript('producer.ts', [replaying.program.info().id, LIVE_RATE, LIVE_SECONDS, frame]),
  );
  const { user, system } = process.cpuUsage(begin);
  reader.poll();
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop.abort();
  await Promise.all(following);
  row({ what: 'live, three follow: flows', unit: 'rate', ours: reader.count / seconds });
  row({
    what: 'live, three follow: lost',
    unit: 'count',
    ours: Number(lost) + missed.count,
    goal: { atMost: 0 },
  });
  row({ what: 'live: CPU time for a flow', unit: 'time', ours: ((user + system) * 1000) / reader.count });
}

await benchmark(
  {
    name: 'flows',
    about: `Flows from the kernel's buffer into the store, counted by metrics; queries over a million of them; and live, at 200,000 a
      second, with three who follow.`,
    twin: '-',
  },
  async (recorder) => {
    recorder.row({
      what: 'stored and counted, in a second of CPU time',
      unit: 'rate',
      ours: rateOfReading(),
      goal: { atLeast: 500_000 },
    });
    const named = ['drop', 'flow:sourceContext=pod|ip;destinationContext=pod|ip', 'tcp', 'policy'];
    recorder.row({
      what: 'the same, metrics by names of both ends',
      unit: 'rate',
      ours: rateOfReading(named),
    });
    await queries(recorder);
    await live(recorder);
  },
);
