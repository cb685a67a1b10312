import { connection, createConnections, entries, sumTraffic, traffic } from './support/connections.ts';
import { benchmark } from './support/benchmark.ts';
import { compare, cpuTime } from './support/measure.ts';
import { assertSame, compileTwin, NO_COMPILER } from './support/twin.ts';

const ENTRIES = 10_000;
const OPERATIONS = 200_000;
const ROUNDS = 9;

await benchmark(
  {
    name: 'map-access',
    about: `get and set of existing keys in a hash map of ${ENTRIES.toLocaleString('en-US')} entries, one after the
      other, with all fields filled and read. One bpf(2) call dominates on both sides; what Node adds (a key and a
      value as objects, three bigints, the call across the FFI) must stay smaller than the call itself.`,
  },
  ({ row, note }) => {
    const twin = compileTwin('map-access');
    if (!twin) note(NO_COMPILER);
    using map = createConnections(ENTRIES);
    map.setAll(entries(ENTRIES));
    const { id } = map.info();

    /** Sum of what the last round read. */
    let checksum = 0;
    const get = (): void => {
      checksum = 0;
      for (let index = 0; index < OPERATIONS; index++) {
        const value = map.get(connection(index % ENTRIES));
        if (value) checksum += sumTraffic(value);
      }
    };
    const set = (): void => {
      for (let index = 0; index < OPERATIONS; index++) map.set(connection(index % ENTRIES), traffic(index));
    };

    const goal = { ratio: 1.6 };
    const runTwin = (operation: string) => twin?.(operation, id, ENTRIES, OPERATIONS);
    const sides = (body: () => void, operation: string) =>
      compare(ROUNDS, () => cpuTime(body) / OPERATIONS, twin && (() => runTwin(operation)?.nanoseconds ?? 0));
    row({ what: 'get', unit: 'time', ...sides(get, 'get'), goal });
    const twinRead = runTwin('get');
    if (twinRead) assertSame(checksum, twinRead.checksum);
    row({ what: 'set', unit: 'time', ...sides(set, 'set'), goal });
  },
);
