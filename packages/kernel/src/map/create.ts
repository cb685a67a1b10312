/**
 * From a declaration to a map in the kernel: creating one, or opening one that is pinned or known by id. The kind of
 * map decides the class, and the declaration the types of its elements.
 */
import {
  bytes,
  type MapSpec,
  type MapType,
  mapTypes,
  type RingBufferSpec,
  type Type,
  typeName,
  WaggleError,
} from '@waggle/bpf';
import { mapBtf } from '@waggle/compiler';
import { tryLoadBtf } from '../btf-object.ts';
import { KernelError } from '../errors.ts';
import { openId, openPin } from '../object.ts';
import { explainRefusal } from '../probe/explain.ts';
import { RingBufferMap } from '../ring-buffer/map.ts';
import { MapCreate } from '../sys/attributes.ts';
import { Command, execute } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { close as closeDescriptor } from '../sys/libc.ts';
import {
  type Element,
  type HasDescriptor,
  objectReference,
  perCpu,
  plain,
  possibleCpus,
  socketReference,
} from './element.ts';
import { KernelMap, type MapInfo, mapInfo } from './map.ts';
import { BloomFilterMap, QueueMap } from './queue.ts';
import { TableMap } from './table.ts';

type PerCpuType = 'perCpuHash' | 'perCpuArray' | 'lruPerCpuHash';
type ObjectType = 'programArray' | 'arrayOfMaps' | 'hashOfMaps' | 'cgroupArray' | 'perfEventArray' | 'xskMap';
type SocketType = 'sockMap' | 'sockHash' | 'reuseportSockArray';

/** The class that a declared map has in user space. */
export type MapOf<S extends MapSpec> =
  S extends RingBufferSpec<infer R>
    ? RingBufferMap<R>
    : S extends MapSpec<infer K, infer V, infer Kind>
      ? Kind extends PerCpuType
        ? TableMap<K, readonly V[], V[]>
        : Kind extends ObjectType
          ? TableMap<K, HasDescriptor, number>
          : Kind extends SocketType
            ? TableMap<K, HasDescriptor, bigint>
            : Kind extends 'queue' | 'stack'
              ? QueueMap<V>
              : Kind extends 'bloomFilter'
                ? BloomFilterMap<V>
                : Kind extends 'userRingBuffer'
                  ? KernelMap
                  : TableMap<K, V>
      : never;

/** A map whose declaration is not known: keys and values are bytes. */
export type RawMap = TableMap<Uint8Array, Uint8Array>;

/** Options of {@link createMap}. */
export interface CreateMapOptions {
  /** The name in the kernel where the declaration has none. */
  readonly name?: string;
}

/**
 * Creates a declared map. It has the types of its keys and values as BTF, where the kernel takes them, so `bpftool
 * map dump` prints its fields.
 * @throws KernelError DENIED without CAP_BPF, NOT_SUPPORTED for a type this kernel lacks, FULL without memory.
 */
export function createMap<const S extends MapSpec>(spec: S, options: CreateMapOptions = {}): MapOf<S> {
  const name = spec.name ?? options.name ?? '';
  return wrap(createDescriptor(spec, name), name, spec);
}

/** Where a map is found: a pin's path or an id. */
export type MapSource = { readonly pin: string } | { readonly id: number };

/**
 * Opens a map that exists, as its declaration says; without one, keys and values are bytes (per-CPU values: those of all
 * CPUs side by side, each rounded up to 8 bytes).
 * @throws KernelError NOT_FOUND; WaggleError WRONG_SIZE or WRONG_TYPE when the map is another than declared.
 */
export function openMap(source: MapSource): RawMap;
export function openMap<const S extends MapSpec>(source: MapSource, spec: S): MapOf<S>;
export function openMap<const S extends MapSpec>(source: MapSource, spec?: S): MapOf<S> | RawMap {
  const fd =
    'pin' in source
      ? openPin(source.pin, 'map')
      : openId(Command.mapGetFdById, source.id, `map ${source.id}`);
  try {
    const where = 'pin' in source ? `map at ${source.pin}` : `map ${source.id}`;
    const info = mapInfo(fd, where);
    if (!spec) return rawMap(fd, info);
    checkDeclaration(where, info, spec);
    // A map may be larger or smaller than its declaration says, and is known by its own size from here on.
    return wrap<S>(fd, spec.name ?? info.name, { ...spec, maxEntries: info.maxEntries });
  } catch (error) {
    new KernelMap(fd, '').close();
    throw error;
  }
}

/** Maps that the kernel accepts BTF for are those whose keys and values are data, and not of its own making. */
const hasBtf = ({ type, key, value }: MapSpec): boolean =>
  key !== undefined && value !== undefined && mapTypes[type].value === 'declared' && type !== 'stackTrace';

/** Who makes one map of a declaration makes many. */
const known = new WeakMap<MapSpec, ReturnType<typeof mapBtf>>();

function btfOf(spec: MapSpec): ReturnType<typeof mapBtf> {
  if (!known.has(spec)) known.set(spec, mapBtf(spec));
  return known.get(spec);
}

function createDescriptor(spec: MapSpec, name: string): number {
  const { type, key, value, maxEntries, flags, numaNode = 0, extra, inner } = spec;
  const object = `map "${name}"`;
  const types = hasBtf(spec) ? btfOf(spec) : undefined;
  const btf = types && tryLoadBtf(types.bytes, object);
  const template = inner ? createDescriptor(inner, '') : undefined;
  try {
    const result = execute(Command.mapCreate, MapCreate, {
      map_type: mapTypes[type].number,
      key_size: key?.size,
      value_size: value?.size,
      max_entries: maxEntries,
      map_flags: flags,
      inner_map_fd: template,
      numa_node: numaNode,
      map_name: name,
      ...(types && btf
        ? {
            btf_fd: btf.fd,
            btf_key_type_id: types.keyTypeId,
            btf_value_type_id: types.valueTypeId,
          }
        : {}),
      map_extra: extra,
    });
    if (result < 0) throw createError(spec, object, -result);
    return result;
  } finally {
    btf?.close();
    if (template !== undefined) closeDescriptor(template);
  }
}

function createError(spec: MapSpec, object: string, number: number): KernelError {
  if (number === errno.ENOMEM || number === errno.E2BIG) {
    const hint = `${spec.maxEntries} entries of ${(spec.key?.size ?? 0) + (spec.value?.size ?? 0)} bytes are too much memory`;
    return new KernelError('create', object, number, { code: 'FULL', hint });
  }
  return new KernelError('create', object, number, explainRefusal(`map ${spec.type}`, number));
}

function wrap<S extends MapSpec>(fd: number, name: string, spec: S): MapOf<S> {
  return instance(fd, name, spec) as MapOf<S>;
}

function instance(fd: number, name: string, spec: MapSpec): KernelMap {
  const { type, key, value, maxEntries } = spec;
  if (type === 'ringBuffer') return new RingBufferMap(fd, name, spec);
  if (type === 'queue' || type === 'stack') return new QueueMap(fd, name, plain(declared(value)));
  if (type === 'bloomFilter') return new BloomFilterMap(fd, name, plain(declared(value)));
  if (key === undefined) return new KernelMap(fd, name);
  return new TableMap<unknown, never, unknown>(fd, name, {
    key: plain(key),
    value: elementOf(type, declared(value)),
    // Storages have as many entries as there are objects.
    maxEntries: maxEntries || 1,
  });
}

function elementOf(type: MapType, value: Type): Element<never, unknown> {
  if (mapTypes[type].perCpu) return perCpu(value);
  if (mapTypes[type].value !== 'object' || value.kind === 'struct') return plain(value);
  if (type === 'sockMap' || type === 'sockHash' || type === 'reuseportSockArray') return socketReference;
  if (type === 'deviceMap' || type === 'deviceHashMap' || type === 'cpuMap') return plain(value);
  return objectReference;
}

function declared(type: Type | undefined): Type {
  if (!type) throw new WaggleError('BAD_DECLARATION', 'a map of this type needs a value');
  return type;
}

function rawMap(fd: number, { name, keySize, valueSize, maxEntries, type }: MapInfo): RawMap {
  const perCpuMap = Object.values(mapTypes).some((info) => info.number === type && info.perCpu);
  const size = perCpuMap ? Math.ceil(valueSize / 8) * 8 * possibleCpus() : valueSize;
  return new TableMap(fd, name, { key: rawElement(keySize), value: rawElement(size), maxEntries });
}

const rawElement = (size: number): Element<Uint8Array> =>
  size > 0 ? plain(bytes(size)) : { size: 0, write: () => {}, read: () => new Uint8Array() };

/** Refuses a map that is not what the declaration says, before its bytes are taken for something else. */
function checkDeclaration(where: string, info: MapInfo, spec: MapSpec): void {
  const { number, kernelName } = mapTypes[spec.type];
  if (info.type !== number) {
    const actual = Object.values(mapTypes).find((candidate) => candidate.number === info.type)?.kernelName;
    throw new WaggleError(
      'WRONG_TYPE',
      `${where} is a ${actual ?? `map of type ${info.type}`}, the declaration says ${kernelName}`,
    );
  }
  for (const [what, actual, type] of [
    ['keys', info.keySize, spec.key],
    ['values', info.valueSize, spec.value],
  ] as const) {
    if (type && type.size !== actual) {
      throw new WaggleError(
        'WRONG_SIZE',
        `${where} has ${what} of ${actual} bytes, the declaration says ${typeName(type)} of ${type.size} bytes`,
        { hint: 'It was made by another version of the program; remove its pin to start afresh' },
      );
    }
  }
}
