import { type LoadedProgram, loadDeclared } from '@waggle/kernel';
import { benchmark } from './support/benchmark.ts';
import { compare } from './support/measure.ts';

await import('@waggle/compiler/register');
const { fromNetwork, monitoringConfig, ranges, toNetwork, translations } = await import('@waggle/datapath');
const { begin, idle, tested } = await import('./support/replay-ends.bpf.ts');

const ROUNDS = 9;
const REPEAT = 200_000;
const MAPPED = 0xffff;
const [ENDPOINT, DEVICE, WORLD] = [0x0a000001, 0xc6336401, 0xcb000000];
/** One of the ports for translation, so that it is kept. */
const PORT = 5000;
const INDEX = 7;

/** A TCP segment without data. */
function segment(): Uint8Array {
  const packet = new Uint8Array(54);
  packet.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6]);
  packet.set([0x50, 0x10], 46);
  return packet;
}

interface Replay {
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Whether flows differ by whom they come from, and not by whom they go to. */
  readonly isIncoming: boolean;
  /** A power of two. */
  readonly flows: number;
}

/** Nanoseconds that a program takes for each packet, without what it takes to restore it. */
function costOf({ program }: LoadedProgram, { flows, ...replay }: Replay): number {
  const config = { ends: { ...replay, flows: flows - 1 } };
  using first = loadDeclared(begin, { config });
  using empty = loadDeclared(idle);
  const run = (target: typeof program): number => {
    first.map(tested).set(0, target);
    return first.program.testRun({ data: segment(), repeat: REPEAT }).duration;
  };
  return run(program) - run(empty.program);
}

await benchmark(
  {
    name: 'masquerade',
    about: `A TCP segment at a device that masquerades: CPU time of its program by BPF_PROG_TEST_RUN, medians of ${ROUNDS} rounds
      of ${REPEAT}, without what restoring the packet takes.`,
  },
  ({ row }) => {
    const device = {
      interface: INDEX,
      masquerade: true,
      published: false,
      hostFirewall: false,
      ipv4: DEVICE,
      ipv6Word0: 0,
      ipv6Word1: 0,
      ipv6Word2: 0,
      ipv6Word3: 0,
      firstPort: 1024,
      lastPort: 29_999,
    };
    const config = { device, monitoring: monitoringConfig() };
    using out = loadDeclared(toNetwork, { config });
    using back = loadDeclared(fromNetwork, { maps: out.maps, config });
    const pool = { prefixLength: 64 + 96 + 8, device: INDEX, role: 0, address: [0, 0, MAPPED, ENDPOINT] };
    out.map(ranges).set(pool, 1);
    const sent = {
      source: ENDPOINT,
      destination: WORLD,
      sourcePort: PORT,
      destinationPort: 443,
      isIncoming: false,
    };
    const answer = {
      source: WORLD,
      destination: DEVICE,
      sourcePort: 443,
      destinationPort: PORT,
      isIncoming: true,
    };
    for (const flows of [1, 65_536]) {
      const many = flows === 1 ? '1 flow' : '65,536 flows';
      for (const [what, program, replay] of [
        ['established, out', out, sent],
        ['established, back', back, answer],
      ] as const) {
        const { ours } = compare(ROUNDS, () => costOf(program, { ...replay, flows }));
        row({ what: `${what}: ${many}`, ours, unit: 'time' });
      }
    }
    const host = { ...sent, source: DEVICE, sourcePort: 40_000, flows: 1 };
    row({
      what: "the host's own packet, out",
      ours: compare(ROUNDS, () => costOf(out, host)).ours,
      unit: 'time',
    });
    const first = (): number => {
      out.map(translations).clear();
      return costOf(out, { ...sent, flows: 2 ** 18 });
    };
    row({ what: 'first packet of a connection, out', ours: compare(ROUNDS, first).ours, unit: 'time' });
  },
);
