/**
 * What programs do with maps. The methods are on the declared map itself, so that `services.lookup(key)` reads the same as
 * in any language; in user space, where the declaration is only a declaration, they throw and say what to do instead.
 */
import type { MapType } from '../map-types.ts';
import type { SkMsgContext, SkReuseportContext, SkSkbContext, SockOpsContext } from '../program-contexts.ts';
import type { i32, u32, u64 } from '../scalar.ts';
import type { WithMethods } from '../struct-methods.ts';
import type { Socket } from './helpers/types.ts';
import type { Turn } from './loops.ts';
import { onlyInPrograms } from './program-only.ts';

/** Whether an update makes a new entry or changes one: flags of {@link TableMethods.update}. */
export const Update = Object.freeze({ Any: 0n, IfAbsent: 1n, IfPresent: 2n });

/** Maps from keys to values. Where a number is returned, it is 0 or a negative errno. */
export interface TableMethods<K, V> {
  /** The value of a key, in the map itself: reading and assigning its fields reads and writes the map. */
  lookup(key: K): WithMethods<V> | null;
  /** Sets the value of a key. */
  update(key: K, value: V, flags?: u64): i32;
}

/** Maps whose entries a program can go through. */
export interface EachMethods<K, V> {
  /**
   * Runs `body` for each entry, until it returns true, and gives the number of entries that it saw. The key can only be
   * read; the value is the one in the map, in a map per CPU that of this CPU. Linux 5.13.
   */
  forEach(body: (key: WithMethods<K>, value: WithMethods<V>) => Turn): i32;
}

/** Maps whose entries can go away. */
export interface HashMethods<K, V> extends TableMethods<K, V> {
  delete(key: K): i32;
}

/** Maps in which each CPU has its own value; `lookup` gives that of the CPU which runs the program. */
export interface PerCpuMethods<K, V> extends TableMethods<K, V> {
  /** The value of another CPU. Linux 5.18. */
  lookupOnCpu(key: K, cpu: u32): WithMethods<V> | null;
}

/** Queues and stacks. */
export interface QueueMethods<V> {
  /** Adds a value; flag 2 (BPF_EXIST) drops the oldest one when there is no room. */
  push(value: V, flags?: u64): i32;
  /** Takes the next value out, or gives null when there is none. The value is a copy. */
  pop(): WithMethods<V> | null;
  /** The next value, which stays in the map. The value is a copy. */
  peek(): WithMethods<V> | null;
}

export interface BloomMethods<V> {
  /** Adds a value. */
  push(value: V, flags?: u64): i32;
  /** Whether the value was perhaps added. */
  has(value: V): boolean;
}

/** Ring buffers to user space. */
export interface RingMethods<R> {
  /** Room for a record, or null when the buffer is full. It has to be submitted or discarded on every path. */
  reserve(): WithMethods<R> | null;
  /** Gives the record to user space; flag 1 does not wake it up, 2 does in any case. */
  submit(record: R & object, flags?: u64): void;
  /** Gives the room back. */
  discard(record: R & object, flags?: u64): void;
  /** Copies a record into the buffer. */
  output(record: R & object, flags?: u64): i32;
  /** A number about the buffer: 0 the bytes not yet read, 1 its size, 2 and 3 the positions of reader and writer. */
  query(which: u64): u64;
}

/** Ring buffers from user space. */
export interface UserRingMethods<R> {
  /**
   * Takes out the records that user space has sent, and runs `body` for a copy of each until it returns true. Gives the number
   * of records, or a negative errno. Linux 6.1.
   */
  drain(body: (record: WithMethods<R>) => Turn): i32;
}

/** Perf events as a channel to user space, one for each CPU. */
export interface PerfMethods {
  /** Sends a record on the channel of this CPU. */
  output(context: object, record: object): i32;
}

export interface ProgramArrayMethods {
  /** Goes on in the program at the index, and never comes back; does nothing when there is none. */
  tailCall(context: object, index: u32): void;
}

/** Maps to whose members XDP redirects. */
export interface RedirectMethods {
  /** The verdict that sends the packet there; the low bits of `flags` are the verdict when there is none. */
  redirect(key: u32, flags?: u64): i32;
}

/** Sockets of a SO_REUSEPORT group. */
export interface ReuseportMethods {
  /** Makes the socket at the index the receiver of the new connection. */
  select(context: SkReuseportContext, index: u32, flags?: u64): i32;
}

/** Maps of sockets. */
export interface SocketMapMethods<K> {
  /** The socket at a key; it must be released. Linux 5.8. */
  lookup(key: K): Socket | null;
  /** Puts the socket of the program there. Linux 4.14. */
  update(context: SockOpsContext, key: K, flags?: u64): i32;
  delete(key: K): i32;
  /** The verdict that sends what came in, or what is sent, to the socket there; flag 1 as if that had received it. Linux 4.14. */
  redirect(context: SkSkbContext | SkMsgContext, key: K, flags?: u64): i32;
}

/** Values that hang on objects of the kernel: sockets; tasks, inodes and cgroups by pointers whose type the verifier knows. */
export interface StorageMethods<V, Holder> {
  /** The value of an object, if it has one. */
  lookup(object: Holder): WithMethods<V> | null;
  /** The value of an object; one of zeros if it had none, null only without memory. */
  ensure(object: Holder): WithMethods<V> | null;
  delete(object: Holder): i32;
}

/** Maps of maps. */
export interface MapOfMapsMethods<K, Inner> {
  /** The map at a key, which has the methods of the inner map. */
  lookup(key: K): Inner | null;
}

/** What maps of each type have; those that are not here have nothing for programs, or other types above. */
interface MethodsByType<K, V> {
  hash: HashMethods<K, V> & EachMethods<K, V>;
  array: TableMethods<K, V> & EachMethods<K, V>;
  programArray: ProgramArrayMethods;
  perfEventArray: PerfMethods;
  perCpuHash: HashMethods<K, V> & PerCpuMethods<K, V> & EachMethods<K, V>;
  perCpuArray: PerCpuMethods<K, V> & EachMethods<K, V>;
  lruHash: HashMethods<K, V> & EachMethods<K, V>;
  lruPerCpuHash: HashMethods<K, V> & PerCpuMethods<K, V> & EachMethods<K, V>;
  lpmTrie: HashMethods<K, V>;
  deviceMap: RedirectMethods;
  deviceHashMap: RedirectMethods;
  cpuMap: RedirectMethods;
  xskMap: RedirectMethods;
  reuseportSockArray: ReuseportMethods;
  sockMap: SocketMapMethods<K>;
  sockHash: SocketMapMethods<K>;
  queue: QueueMethods<V>;
  stack: QueueMethods<V>;
  bloomFilter: BloomMethods<V>;
  socketStorage: StorageMethods<V, Socket>;
  taskStorage: StorageMethods<V, object>;
  inodeStorage: StorageMethods<V, object>;
  cgroupStorage: StorageMethods<V, object>;
}

/** The methods that programs have on a map of this type. */
export type MethodsOf<K, V, Kind extends MapType> = Kind extends keyof MethodsByType<K, V>
  ? MethodsByType<K, V>[Kind]
  : unknown;

const TABLE = ['lookup', 'update'] as const;
const HASH = [...TABLE, 'delete'] as const;
const QUEUE = ['push', 'pop', 'peek'] as const;
const REDIRECT = ['redirect'] as const;
const STORAGE = ['lookup', 'ensure', 'delete'] as const;
const SOCKETS = ['lookup', 'update', 'delete', 'redirect'] as const;

/** The same by name: what the compiler compiles and user space refuses. */
export const mapMethods: Readonly<Record<MapType, readonly string[]>> = Object.freeze({
  hash: [...HASH, 'forEach'],
  array: [...TABLE, 'forEach'],
  programArray: ['tailCall'],
  perfEventArray: ['output'],
  perCpuHash: [...HASH, 'lookupOnCpu', 'forEach'],
  perCpuArray: [...TABLE, 'lookupOnCpu', 'forEach'],
  stackTrace: [],
  cgroupArray: [],
  lruHash: [...HASH, 'forEach'],
  lruPerCpuHash: [...HASH, 'lookupOnCpu', 'forEach'],
  lpmTrie: HASH,
  arrayOfMaps: ['lookup'],
  hashOfMaps: ['lookup'],
  deviceMap: REDIRECT,
  sockMap: SOCKETS,
  cpuMap: REDIRECT,
  xskMap: REDIRECT,
  sockHash: SOCKETS,
  reuseportSockArray: ['select'],
  queue: QUEUE,
  stack: QUEUE,
  socketStorage: STORAGE,
  deviceHashMap: REDIRECT,
  ringBuffer: ['reserve', 'submit', 'discard', 'output', 'query'],
  inodeStorage: STORAGE,
  taskStorage: STORAGE,
  bloomFilter: ['push', 'has'],
  userRingBuffer: ['drain'],
  cgroupStorage: STORAGE,
});

/**
 * Gives a declared map its methods, which throw. They are not enumerable: a declaration compares and prints as the plain
 * data that it is.
 */
export function addMethods(spec: { readonly type: MapType; readonly name?: string }): void {
  for (const method of mapMethods[spec.type]) {
    const refuse = (): never => {
      throw onlyInPrograms(
        `${spec.name ?? spec.type}.${method}()`,
        'In user space open the map with createMap of @waggle/kernel',
      );
    };
    Object.defineProperty(spec, method, { value: refuse });
  }
}
