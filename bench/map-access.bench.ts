import { benchmark } from './support/benchmark.ts';
import { connection, createConnections, entries, sumTraffic, traffic } from './support/connections.ts';
import { compare, cpuTime } from './support/measure.ts';
import { assertSame, compileTwin, NO_COMPILER } from './support/twin.ts';

const ENTRIES = 10_000;
const OPERATIONS = 200_000;
const ROUNDS = 15;

await benchmark(
  {
    name: 'map-access',
    about: `get and set of existing keys in a hash map of ${ENTRIES} entries, all fields filled and read.
      The bpf(2) call dominates on both sides; what Node adds (objects for key and value, three bigints, the
      way through the FFI) should stay well below the price of the call itself.`,
  },
  ({ row, note }) => {
    const twin = compileTwin('map-access');
    if (!twin) note(NO_COMPILER);
    using map = createConnections(ENTRIES);
    map.setAll(entries(ENTRIES));
    const { id } = map.info();

    const get = (): number => {
      let sum = 0;
      for (let index = 0; index < OPERATIONS; index++) {
        const value = map.get(connection(index % ENTRIES));
        if (value) sum += sumTraffic(value);
      }
      return sum;
    };
    const set = (): void => {
      for (let index = 0; index < OPERATIONS; index++) map.set(connection(index % ENTRIES), traffic(index));
    };

    if (twin) assertSame(get(), twin('get', id, ENTRIES, OPERATIONS).checksum);
    for (const [what, operation] of Object.entries({ get, set })) {
      const ours = () => cpuTime(operation) / OPERATIONS;
      const theirs = twin && (() => twin(what, id, ENTRIES, OPERATIONS).nanoseconds);
      row({ what, unit: 'time', ...compare(ROUNDS, ours, theirs), goal: { ratio: 1.6 } });
    }
  },
);
