/**
 * Maps that refer to objects of the kernel (programs, sockets, devices, CPUs, cgroups, events), and storages,
 * which are data that hang on such objects. User space sets file descriptors or numbers and, where the kernel
 * allows to read at all, reads ids. All constructors throw BAD_DECLARATION, saying what the kernel would
 * refuse.
 */
import { WaggleError } from './errors.ts';
import { checkInteger, declareMap, type MapOptions, type MapSpec, type ProgramMap } from './map.ts';
import { i32, u32, u64 } from './scalar.ts';
import { struct } from './struct.ts';
import { array, type Infer, type Type, typeName } from './types.ts';

/** Options of maps that need no more than their length. */
export interface ObjectMapOptions extends MapOptions {
  readonly maxEntries: number;
}

/** Programs to continue with (tail calls), by index. User space sets descriptors. Linux 4.2. */
export function programArray(options: ObjectMapOptions): ProgramMap<u32, u32, 'programArray'> {
  return declareMap('programArray', options);
}

/** Perf events, one per CPU, for samples and counters; new programs rather use a ring buffer. Linux 4.3. */
export function perfEventArray(
  options: ObjectMapOptions & {
    /** Events stay in the map when the descriptor through which they were set is closed (Linux 5.10). */
    readonly preserveElements?: boolean;
  },
): ProgramMap<u32, u32, 'perfEventArray'> {
  return declareMap('perfEventArray', options);
}

/** Call stacks by their id: the addresses from the innermost function outwards, 0 at the end. Linux 4.6. */
export function stackTraceMap(
  options: ObjectMapOptions & {
    /** The most functions of a stack that are kept, 1 to 127; 127 by default. */
    readonly depth?: number;
  },
): ProgramMap<u32, u64[], 'stackTrace'> {
  const depth = checkInteger('stackTrace', 'depth', options?.depth ?? 127, 1, 127);
  return declareMap('stackTrace', options, { value: array(u64, depth) });
}

/** Cgroups to test the current task or a packet's socket against, by index. Linux 4.8. */
export function cgroupArray(options: ObjectMapOptions): ProgramMap<u32, u32, 'cgroupArray'> {
  return declareMap('cgroupArray', options);
}

/**
 * Where a device map sends packets: to an interface, through a program of its own if `program` is above 0.
 */
export const DeviceTarget = struct('bpf_devmap_val', { interfaceIndex: u32, program: i32 });

/**
 * Where a CPU map sends packets: to a queue of so many packets, through a program of its own if `program` is
 * above 0.
 */
export const CpuTarget = struct('bpf_cpumap_val', { queueSize: u32, program: i32 });

/** Options of maps to which XDP redirects: the value is a u32, or the target with a program of its own. */
export interface RedirectMapOptions<V> extends ObjectMapOptions {
  readonly value?: Type<V>;
}

/**
 * Network interfaces by index. The value is a u32 interface index or a {@link DeviceTarget} (Linux 5.8).
 * Linux 4.14.
 */
export function deviceMap<V extends u32 | Infer<typeof DeviceTarget> = u32>(
  options: RedirectMapOptions<V>,
): ProgramMap<u32, V, 'deviceMap'> {
  return redirectMap('deviceMap', options, DeviceTarget);
}

/** Network interfaces by any number that fits 32 bits; values like those of {@link deviceMap}. Linux 5.4. */
export function deviceHashMap<V extends u32 | Infer<typeof DeviceTarget> = u32>(
  options: RedirectMapOptions<V>,
): ProgramMap<u32, V, 'deviceHashMap'> {
  return redirectMap('deviceHashMap', options, DeviceTarget);
}

/** CPUs by their number. The value is a u32 queue size or a {@link CpuTarget} (Linux 5.9). Linux 4.15. */
export function cpuMap<V extends u32 | Infer<typeof CpuTarget> = u32>(
  options: RedirectMapOptions<V>,
): ProgramMap<u32, V, 'cpuMap'> {
  return redirectMap('cpuMap', options, CpuTarget);
}

/** AF_XDP sockets, by the number of the receive queue. Linux 4.18. */
export function xskMap(options: ObjectMapOptions): ProgramMap<u32, u32, 'xskMap'> {
  return declareMap('xskMap', options);
}

/** Sockets by index. User space sets descriptors and reads socket cookies. Linux 4.14. */
export function sockMap(options: ObjectMapOptions): ProgramMap<u32, u64, 'sockMap'> {
  return declareMap('sockMap', options, { value: u64 });
}

/** Sockets by key. User space sets descriptors and reads socket cookies. Linux 4.18. */
export function sockHash<K>(
  options: ObjectMapOptions & { readonly key: Type<K> },
): ProgramMap<K, u64, 'sockHash'> {
  return declareMap('sockHash', options, { value: u64 });
}

/**
 * Sockets of a SO_REUSEPORT group, by index. User space sets descriptors and reads socket cookies. Linux
 * 4.19.
 */
export function reuseportSockArray(options: ObjectMapOptions): ProgramMap<u32, u64, 'reuseportSockArray'> {
  return declareMap('reuseportSockArray', options, { value: u64 });
}

/** Options of storages: there is an entry for every object that a program asked one for. */
export interface StorageOptions<V> extends Omit<MapOptions, 'numaNode'> {
  readonly value: Type<V>;
}

/** A value that hangs on a socket. User space finds it by a descriptor of the socket. Linux 5.2. */
export function socketStorage<V>(options: StorageOptions<V>): ProgramMap<i32, V, 'socketStorage'> {
  return declareMap('socketStorage', options, { maxEntries: 0 });
}

/** A value that hangs on a file's inode. User space finds it by a descriptor of the file. Linux 5.10. */
export function inodeStorage<V>(options: StorageOptions<V>): ProgramMap<i32, V, 'inodeStorage'> {
  return declareMap('inodeStorage', options, { maxEntries: 0 });
}

/** A value that hangs on a task. User space finds it by a pidfd. Linux 5.11. */
export function taskStorage<V>(options: StorageOptions<V>): ProgramMap<i32, V, 'taskStorage'> {
  return declareMap('taskStorage', options, { maxEntries: 0 });
}

/**
 * A value that hangs on a cgroup. User space finds it by a descriptor of the cgroup's directory. Linux 6.2.
 */
export function cgroupStorage<V>(options: StorageOptions<V>): ProgramMap<i32, V, 'cgroupStorage'> {
  return declareMap('cgroupStorage', options, { maxEntries: 0 });
}

function redirectMap<Spec extends MapSpec, V>(
  type: Spec['type'],
  options: RedirectMapOptions<V>,
  target: Type,
): Spec {
  const value: Type | undefined = options?.value;
  if (value !== undefined && value !== u32 && value !== target) {
    throw new WaggleError('BAD_DECLARATION', `${type} cannot have values of type ${typeName(value)}`, {
      hint: `Use u32 or ${target === DeviceTarget ? 'DeviceTarget' : 'CpuTarget'}`,
    });
  }
  return declareMap(type, options);
}
