/**
 * The map that the map benchmarks share, shaped like a table of connections: a key of 16 bytes, a value of
 * 32 with three 64-bit counters, which are bigints here. bench/c/connections.h is the same in C.
 */
import { be16, be32, hashMap, type Infer, struct, u8, u32, u64 } from '@waggle/bpf';
import { createMap } from '@waggle/kernel';

const Connection = struct('connection', {
  address: be32,
  port: be16,
  protocol: u8,
  direction: u8,
  identity: u32,
  zone: u32,
});
const Traffic = struct('traffic', { packets: u64, bytes: u64, lastSeen: u64, mark: u32, flags: u32 });
type Connection = Infer<typeof Connection>;
type Traffic = Infer<typeof Traffic>;

/** A hash map with room for `maxEntries` connections. */
export const createConnections = (maxEntries: number) =>
  createMap(hashMap({ name: 'connections', key: Connection, value: Traffic, maxEntries }));

export const connection = (index: number): Connection => ({
  address: 0x0a000000 + index,
  port: index & 0xffff,
  protocol: 6,
  direction: index & 1,
  identity: index >>> 4,
  zone: 0,
});

export const traffic = (index: number): Traffic => ({
  packets: BigInt(index),
  bytes: BigInt(index * 60),
  lastSeen: BigInt(index),
  mark: 1,
  flags: 2,
});

/** `count` connections with their traffic. */
export const entries = (count: number): [Connection, Traffic][] =>
  Array.from({ length: count }, (_, index) => [connection(index), traffic(index)]);

/** The sum of all fields. */
export const sumConnection = (key: Connection): number =>
  key.address + key.port + key.protocol + key.direction + key.identity + key.zone;

export const sumTraffic = ({ packets, bytes, lastSeen, mark, flags }: Traffic): number =>
  Number(packets) + Number(bytes) + Number(lastSeen) + mark + flags;
