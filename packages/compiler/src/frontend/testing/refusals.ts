/** What the bodies of programs that are refused may use. */
import { array, arrayMap, be16, bool, config, hashMap, ringBuffer, struct, u8, u32, u64 } from '@waggle/bpf';

const Key = struct('key', { a: u32, b: u32 });
const Row = struct('row', { small: u8, list: array(u8, 4), wide: u64 });
/** As from a package: its text is not in the module. */
const Foreign = struct(
  'foreign',
  { a: u32 },
  {
    methods: {
      half() {
        const half = this.a >>> 1;
        return half;
      },
    },
  },
);
export const scope = {
  Foreign,
  Key,
  Row,
  counters: arrayMap({ value: u64, maxEntries: 4 }),
  table: hashMap({ key: Key, value: Row, maxEntries: 4 }),
  events: ringBuffer({ bytes: 4096, record: Row }),
  raw: ringBuffer({ bytes: 4096 }),
  settings: config({ on: bool, limit: u32, mark: be16, big: u64 }),
  PORTS: [80, 443],
  seen: new Map(),
  changing: 5,
  Math,
};

export const before = `let changing = 5;
function half(n: u32): u32 { return n / 2; }`;
