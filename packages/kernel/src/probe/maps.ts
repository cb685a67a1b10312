/** Probes of map types: one of each, with a single small entry. */
import { type MapType, mapTypes } from '@waggle/bpf';
import { type Feature, feature } from './feature.ts';
import { withMap } from './trial.ts';

type About = readonly [meaning: string, config?: string];

const PERF = 'CONFIG_PERF_EVENTS';
const INET = 'CONFIG_INET';
const CGROUPS = 'CONFIG_CGROUPS';
const NO_STORAGE = 'no data that hangs on kernel objects; waggle keeps it in hash maps by id';

/** What each type is good for here, and the option that has it besides CONFIG_BPF_SYSCALL. */
const about: Readonly<Record<MapType, About>> = {
  hash: ['nothing works: every table of waggle is one'],
  array: ['nothing works: configuration and statistics are in arrays'],
  programArray: ['no tail calls; the datapath cannot be loaded'],
  perfEventArray: ['no events by perf; waggle uses the ring buffer anyway', PERF],
  perCpuHash: ['no per-flow counters without contention; counting costs more'],
  perCpuArray: ['no counters without contention; the datapath cannot be loaded'],
  stackTrace: ['no kernel stacks of dropped packets', PERF],
  cgroupArray: ['programs cannot ask whether a task is in a cgroup; waggle compares cgroup ids', CGROUPS],
  lruHash: ['connection tracking cannot make room by itself; waggle needs it for connections'],
  lruPerCpuHash: ['caches are shared between CPUs, and slower'],
  lpmTrie: ['no rules on address ranges (CIDR); waggle needs it for identities'],
  arrayOfMaps: ['maps cannot be exchanged as a whole; updates go entry by entry'],
  hashOfMaps: ['identities cannot have policy maps of their own; waggle needs it for policy'],
  deviceMap: ['XDP cannot send to other devices; packets take the way through the stack', 'CONFIG_NET'],
  sockMap: ['no short cut between local sockets; their data takes the way through the stack', INET],
  cpuMap: ['XDP cannot spread packets over CPUs; the queues of the card decide', 'CONFIG_NET'],
  xskMap: ['no packets straight to user space (AF_XDP)', 'CONFIG_XDP_SOCKETS'],
  sockHash: ['no short cut between local sockets; their data takes the way through the stack', INET],
  reuseportSockArray: ['programs cannot choose among listeners of one port; the kernel hashes', INET],
  queue: ['no queues that programs and user space share'],
  stack: ['no stacks that programs and user space share'],
  socketStorage: [
    'no data that hangs on sockets; waggle keeps it in hash maps by socket cookie',
    'CONFIG_NET',
  ],
  deviceHashMap: ['XDP sends only to devices with small indexes', 'CONFIG_NET'],
  ringBuffer: ['no events: no flows, no drops, no traces; waggle needs it to observe'],
  inodeStorage: [NO_STORAGE, 'CONFIG_BPF_LSM'],
  taskStorage: [NO_STORAGE],
  bloomFilter: ['no cheap test before a large table; every packet looks up the table itself'],
  userRingBuffer: ['user space cannot stream to programs; waggle writes maps instead'],
  cgroupStorage: [NO_STORAGE, CGROUPS],
};

/** One feature for each row of the table of map types: `map hash`. */
export const mapFeatures: readonly Feature[] = Object.entries(mapTypes).map(
  ([key, { kernelName, since }]) => {
    const type = key as MapType;
    const [meaning, config = 'CONFIG_BPF_SYSCALL'] = about[type];
    return feature({
      name: `map ${type}`,
      group: 'maps',
      title: `${kernelName.replace('BPF_MAP_TYPE_', '')} map`,
      since,
      config,
      meaning,
      needs: ['CAP_BPF'],
      attempt: () => withMap(type, () => undefined),
    });
  },
);
