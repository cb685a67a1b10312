import { codecOf, type Infer, struct, u8, u16, u32, u64 } from '@waggle/bpf';
import { benchmark } from './support/benchmark.ts';
import { compare, cpuTime } from './support/measure.ts';

const Flow = struct('flow', { time: u64, source: u32, destination: u32, port: u16, verdict: u8 });
const OPERATIONS = 1_000_000;
const ROUNDS = 9;

const flow = (index: number): Infer<typeof Flow> => ({
  time: BigInt(index),
  source: index,
  destination: index,
  port: index & 0xffff,
  verdict: 1,
});

await benchmark(
  {
    name: 'codec',
    about: `From an object of five fields, one of them a bigint, to the 24 bytes of a C struct and back;
      making the object and checking every field is in it. For information: all other figures contain
      these.`,
    needsRoot: false,
  },
  ({ row }) => {
    const codec = codecOf(Flow);
    const view = new DataView(new ArrayBuffer(codec.size * 64));
    const write = (): void => {
      for (let index = 0; index < OPERATIONS; index++)
        codec.write(view, (index & 63) * codec.size, flow(index));
    };
    const read = (): number => {
      let sum = 0;
      for (let index = 0; index < OPERATIONS; index++) {
        const { time, source, destination, port, verdict } = codec.read(view, (index & 63) * codec.size);
        sum += Number(time) + source + destination + port + verdict;
      }
      return sum;
    };
    for (const [what, operation] of Object.entries({ write, read })) {
      row({ what, unit: 'time', ...compare(ROUNDS, () => cpuTime(operation) / OPERATIONS) });
    }
  },
);
