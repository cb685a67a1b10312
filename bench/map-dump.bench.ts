import { benchmark } from './support/benchmark.ts';
import { createConnections, entries, sumConnection, sumTraffic } from './support/connections.ts';
import { compare, cpuTime } from './support/measure.ts';
import { assertSame, compileTwin, NO_COMPILER } from './support/twin.ts';

const ENTRIES = 100_000;
/** Elements in one system call, as the library reads them. */
const CHUNK = 4096;
const ROUNDS = 15;

await benchmark(
  {
    name: 'map-dump',
    about: `A whole hash map of ${ENTRIES} entries, times for one entry. C sums the fields where the kernel
      put them; we make a key and a value object of each entry, which is what programs want to have. At
      twice the time of C, a table of a million connections is read in about a second.`,
  },
  ({ row, note }) => {
    const twin = compileTwin('map-dump');
    if (!twin) note(NO_COMPILER);
    using map = createConnections(ENTRIES);
    const list = entries(ENTRIES);
    map.setAll(list);
    const { id } = map.info();

    const dump = (): number => {
      let sum = 0;
      for (const [key, value] of map) sum += sumConnection(key) + sumTraffic(value);
      return sum;
    };
    if (twin) assertSame(dump(), twin(id, CHUNK).checksum);
    const perEntry = (body: () => void) => cpuTime(body) / ENTRIES;
    const read = compare(ROUNDS, () => perEntry(dump), twin && (() => twin(id, CHUNK).nanoseconds));
    row({ what: 'for (const [key, value] of map)', unit: 'time', ...read, goal: { ratio: 2 } });

    const clear = () => map.clear();
    const fill = () => map.setAll(list);
    const setAll = compare(ROUNDS, () => {
      clear();
      return perEntry(fill);
    });
    row({ what: 'setAll, into an empty map', unit: 'time', ...setAll });
    const cleared = compare(ROUNDS, () => {
      fill();
      return perEntry(clear);
    });
    row({ what: 'clear', unit: 'time', ...cleared });
  },
);
