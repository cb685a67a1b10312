/**
 * The table of map types: their numbers and names in the kernel, what their keys and values are, and what may
 * be chosen about them. Declarations, their checks and the loader derive from it. Numbers: `enum
 * bpf_map_type` in include/uapi/linux/bpf.h; left out are what the kernel calls deprecated, the struct_ops
 * map and the arena.
 */

/** Flags of map creation: `BPF_F_*` in include/uapi/linux/bpf.h. */
export const MapFlag = Object.freeze({
  NoPreallocate: 1 << 0,
  NoCommonLru: 1 << 1,
  NumaNode: 1 << 2,
  ReadOnlyProgram: 1 << 7,
  WriteOnlyProgram: 1 << 8,
  Mmapable: 1 << 10,
  PreserveElements: 1 << 11,
  InnerMap: 1 << 12,
});

/** What the kernel needs to know of a map type, and what a declaration may say. */
export interface MapTypeInfo {
  /** The value of `enum bpf_map_type`. */
  readonly number: number;
  /** Its name there. */
  readonly kernelName: string;
  /** The first kernel that has it. */
  readonly since: string;
  /**
   * Declared freely; a u32 `index` (0 to maxEntries - 1, or a CPU, …); an i32 file `descriptor`; or there is
   * `none`.
   */
  readonly key: 'declared' | 'index' | 'descriptor' | 'none';
  /** Declared freely; a u32 or u64 file descriptor or number of a kernel `object`; or there is `none`. */
  readonly value: 'declared' | 'object' | 'none';
  /** Whether each CPU has a value of its own. */
  readonly perCpu: boolean;
  /** Flags without which the kernel does not make such a map. */
  readonly requiredFlags: number;
  /** The options that its declaration takes. */
  readonly options: readonly MapOptionName[];
}

/** An option of a map declaration. */
export type MapOptionName =
  | 'name'
  | 'key'
  | 'value'
  | 'maxEntries'
  | 'inner'
  | 'bytes'
  | 'record'
  | 'hashes'
  | 'depth'
  | 'preallocate'
  | 'noCommonLru'
  | 'numaNode'
  | 'readOnlyProgram'
  | 'writeOnlyProgram'
  | 'mmapable'
  | 'preserveElements'
  | 'innerMap';

const ACCESS = ['readOnlyProgram', 'writeOnlyProgram'] as const;
const KEYED = ['key', 'value', 'maxEntries', ...ACCESS] as const;
const INDEXED = ['value', 'maxEntries', ...ACCESS] as const;

/** Every map type of the language. */
export const mapTypes = Object.freeze({
  hash: row(1, 'HASH', '3.19', [...KEYED, 'preallocate', 'numaNode']),
  array: row(2, 'ARRAY', '3.19', [...INDEXED, 'mmapable', 'innerMap', 'numaNode'], { key: 'index' }),
  programArray: row(3, 'PROG_ARRAY', '4.2', ['maxEntries', 'numaNode'], { key: 'index', value: 'object' }),
  perfEventArray: row(4, 'PERF_EVENT_ARRAY', '4.3', ['maxEntries', 'preserveElements', 'numaNode'], {
    key: 'index',
    value: 'object',
  }),
  perCpuHash: row(5, 'PERCPU_HASH', '4.6', [...KEYED, 'preallocate'], { perCpu: true }),
  perCpuArray: row(6, 'PERCPU_ARRAY', '4.6', INDEXED, { key: 'index', perCpu: true }),
  stackTrace: row(7, 'STACK_TRACE', '4.6', ['depth', 'maxEntries', 'numaNode'], { key: 'index' }),
  cgroupArray: row(8, 'CGROUP_ARRAY', '4.8', ['maxEntries', 'numaNode'], { key: 'index', value: 'object' }),
  lruHash: row(9, 'LRU_HASH', '4.10', [...KEYED, 'noCommonLru', 'numaNode']),
  lruPerCpuHash: row(10, 'LRU_PERCPU_HASH', '4.10', [...KEYED, 'noCommonLru'], { perCpu: true }),
  lpmTrie: row(11, 'LPM_TRIE', '4.11', [...KEYED, 'numaNode'], { requiredFlags: MapFlag.NoPreallocate }),
  arrayOfMaps: row(12, 'ARRAY_OF_MAPS', '4.12', ['inner', 'maxEntries', 'numaNode'], {
    key: 'index',
    value: 'object',
  }),
  hashOfMaps: row(13, 'HASH_OF_MAPS', '4.12', ['key', 'inner', 'maxEntries', 'preallocate', 'numaNode'], {
    value: 'object',
  }),
  deviceMap: row(14, 'DEVMAP', '4.14', ['value', 'maxEntries', 'numaNode'], {
    key: 'index',
    value: 'object',
  }),
  sockMap: row(15, 'SOCKMAP', '4.14', ['maxEntries', 'numaNode'], { key: 'index', value: 'object' }),
  cpuMap: row(16, 'CPUMAP', '4.15', ['value', 'maxEntries', 'numaNode'], { key: 'index', value: 'object' }),
  xskMap: row(17, 'XSKMAP', '4.18', ['maxEntries', 'numaNode'], { key: 'index', value: 'object' }),
  sockHash: row(18, 'SOCKHASH', '4.18', ['key', 'maxEntries', 'numaNode'], { value: 'object' }),
  reuseportSockArray: row(20, 'REUSEPORT_SOCKARRAY', '4.19', ['maxEntries', 'numaNode'], {
    key: 'index',
    value: 'object',
  }),
  queue: row(22, 'QUEUE', '4.20', [...INDEXED, 'numaNode'], { key: 'none' }),
  stack: row(23, 'STACK', '4.20', [...INDEXED, 'numaNode'], { key: 'none' }),
  socketStorage: storage(24, 'SK_STORAGE', '5.2'),
  deviceHashMap: row(25, 'DEVMAP_HASH', '5.4', ['value', 'maxEntries', 'numaNode'], {
    key: 'index',
    value: 'object',
  }),
  ringBuffer: row(27, 'RINGBUF', '5.8', ['bytes', 'record', 'numaNode'], { key: 'none', value: 'none' }),
  inodeStorage: storage(28, 'INODE_STORAGE', '5.10'),
  taskStorage: storage(29, 'TASK_STORAGE', '5.11'),
  bloomFilter: row(30, 'BLOOM_FILTER', '5.16', [...INDEXED, 'hashes', 'numaNode'], { key: 'none' }),
  userRingBuffer: row(31, 'USER_RINGBUF', '6.1', ['bytes', 'record', 'numaNode'], {
    key: 'none',
    value: 'none',
  }),
  cgroupStorage: storage(32, 'CGRP_STORAGE', '6.2'),
});

/** The name of a map type: `hash`, `lpmTrie`, … */
export type MapType = keyof typeof mapTypes;

type Particular = Partial<Pick<MapTypeInfo, 'key' | 'value' | 'perCpu' | 'requiredFlags'>>;

function row(
  number: number,
  name: string,
  since: string,
  options: readonly MapOptionName[],
  particular: Particular = {},
): MapTypeInfo {
  return Object.freeze({
    number,
    kernelName: `BPF_MAP_TYPE_${name}`,
    since,
    key: 'declared',
    value: 'declared',
    perCpu: false,
    requiredFlags: 0,
    ...particular,
    options: Object.freeze(['name' as const, ...options]),
  });
}

/**
 * Values that hang on a kernel object and die with it; user space finds them by a descriptor of that object.
 */
function storage(number: number, name: string, since: string): MapTypeInfo {
  return row(number, name, since, ['value'], { key: 'descriptor', requiredFlags: MapFlag.NoPreallocate });
}
