/**
 * A map declaration as plain, frozen data: what kind of map, of which keys and values, how many entries,
 * which flags. It is the same object in user space and for the compiler; only `@waggle/kernel` makes a map of
 * the kernel out of it. This file has what all map types share; their constructors are in data-maps.ts and
 * object-maps.ts.
 */
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import type { KernelMemory } from './kernel-memory.ts';
import { addMethods, type MethodsOf } from './language/map-methods.ts';
import { MapFlag, type MapOptionName, type MapType, mapTypes } from './map-types.ts';
import { nearest } from './nearest.ts';
import { checkObjectName } from './object-name.ts';
import { i32, u32 } from './scalar.ts';
import { refuseKernelMemory } from './struct.ts';
import { isType, type Type, typeName } from './types.ts';

/**
 * A declared map. `K` and `V` are the JavaScript values of its keys and values, `never` where it has none.
 */
export interface MapSpec<K = unknown, V = unknown, Kind extends MapType = MapType> {
  readonly kind: 'map';
  readonly type: Kind;
  /** The name in the kernel. Absent: the name under which the module exports the map. */
  readonly name?: string;
  readonly key?: Type<K>;
  readonly value?: Type<V>;
  /** Entries, or the bytes of a ring buffer; 0 for storages, which have as many as there are objects. */
  readonly maxEntries: number;
  /** {@link MapFlag}s, those included that the map type demands. */
  readonly flags: number;
  readonly numaNode?: number;
  /** `map_extra` of bpf(2): the number of hash functions of a bloom filter. */
  readonly extra?: number;
  /** What the maps in this map look like. */
  readonly inner?: MapSpec;
  /** What programs send through this ring buffer. */
  readonly record?: Type;
}

/** A declared map with what programs do with it. */
export type ProgramMap<K, V, Kind extends MapType> = MapSpec<K, V, Kind> & MethodsOf<K, V, Kind>;

/** Options that all declarations of maps take. */
export interface MapOptions {
  /**
   * The name in the kernel, up to 15 letters, digits, `_` and `.`; by default the map is called as it is
   * exported.
   */
  readonly name?: string;
  /** The NUMA node whose memory the map takes; by default any. */
  readonly numaNode?: number;
}

/** How programs may use the values of a map; user space may always do both. */
export interface AccessOptions {
  /**
   * Programs only read. The verifier then treats values that nobody can change any more (frozen maps) as
   * constants.
   */
  readonly readOnlyProgram?: boolean;
  /** Programs only write. */
  readonly writeOnlyProgram?: boolean;
}

/** The largest value of a per-CPU map: one allocation of the kernel's per-CPU memory. */
const LARGEST_PER_CPU_VALUE = 32 * 1024;
/** Keys are built on the stack of a program, which has 512 bytes. */
const LARGEST_KEY = 512;

/** The types of maps whose values may have them: map_check_btf() in kernel/bpf/syscall.c. */
const KERNEL_MEMORY_MAPS: Readonly<Record<KernelMemory['name'], readonly MapType[]>> = {
  bpf_spin_lock: ['hash', 'array', 'socketStorage', 'inodeStorage', 'taskStorage', 'cgroupStorage'],
  bpf_timer: ['hash', 'lruHash', 'array'],
};

const FLAG_OPTIONS = [
  ['noCommonLru', MapFlag.NoCommonLru],
  ['readOnlyProgram', MapFlag.ReadOnlyProgram],
  ['writeOnlyProgram', MapFlag.WriteOnlyProgram],
  ['mmapable', MapFlag.Mmapable],
  ['preserveElements', MapFlag.PreserveElements],
  ['innerMap', MapFlag.InnerMap],
] as const;

/**
 * The options of all declarations together, as they arrive; the table says which of them a map type takes.
 */
export type AnyMapOptions = { readonly [Name in MapOptionName]?: unknown };

/**
 * The parts of a spec that a constructor works out itself, beyond what {@link declareMap} takes from the
 * options.
 */
type Derived = Partial<Pick<MapSpec, 'key' | 'value' | 'maxEntries' | 'extra' | 'inner' | 'record'>>;

/**
 * Checks the options of a declaration against the table and makes the spec; `derived` goes before what the
 * options say. Throws BAD_DECLARATION for options that the map type does not take, or that the kernel would
 * refuse.
 */
export function declareMap<Spec extends MapSpec>(
  type: Spec['type'],
  options: AnyMapOptions,
  derived: Derived = {},
): Spec {
  const info = mapTypes[type];
  if (typeof options !== 'object' || options === null) {
    throw new WaggleError('BAD_DECLARATION', `${type} needs an object of options, got ${describe(options)}`);
  }
  for (const option of Object.keys(options)) {
    if (!info.options.some((known) => known === option)) throw noSuchOption(type, option);
  }
  const { name, numaNode } = options;
  if (name !== undefined) checkObjectName(type, name);
  const flags = flagsOf(type, options);
  const keyed = keyAndValue(type, { ...options, ...derived });
  if (keyed.key) refuseKernelMemory(`The key of a ${type}`, keyed.key);
  if (keyed.value) checkKernelFields(type, keyed.value, flags);
  const spec: MapSpec = {
    kind: 'map',
    type,
    ...(name === undefined ? {} : { name }),
    ...keyed,
    maxEntries: derived.maxEntries ?? checkInteger(type, 'maxEntries', options.maxEntries, 1),
    flags,
    ...(numaNode === undefined ? {} : { numaNode: checkInteger(type, 'numaNode', numaNode, 0) }),
    ...derived,
  };
  addMethods(spec);
  return Object.freeze(spec) as Spec;
}

/** The value if it is an integer of at least `minimum` in 32 bits; throws BAD_DECLARATION otherwise. */
export function checkInteger(
  type: MapType,
  option: MapOptionName,
  value: unknown,
  minimum: number,
  maximum = 0xffff_ffff,
): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `${type} needs ${option} to be an integer from ${minimum} to ${maximum}, got ${describe(value)}`,
    );
  }
  return value;
}

/** Whether something is a declared map. */
export function isMapSpec(candidate: unknown): candidate is MapSpec {
  return (
    typeof candidate === 'object' && candidate !== null && 'kind' in candidate && candidate.kind === 'map'
  );
}

function noSuchOption(type: MapType, option: string): WaggleError {
  const { options } = mapTypes[type];
  const meant = nearest(option, options);
  return new WaggleError('BAD_DECLARATION', `${type} has no option "${option}"`, {
    hint: meant === undefined ? `Its options are ${options.join(', ')}` : `Did you mean "${meant}"?`,
  });
}

function keyAndValue(type: MapType, given: AnyMapOptions): { key?: Type; value?: Type } {
  const info = mapTypes[type];
  const result: { key?: Type; value?: Type } = {};
  if (info.key === 'declared') result.key = checkType(type, 'key', given.key);
  if (info.key === 'index') result.key = u32;
  if (info.key === 'descriptor') result.key = i32;
  if (info.value === 'declared') result.value = checkType(type, 'value', given.value);
  if (info.value === 'object')
    result.value = given.value === undefined ? u32 : checkType(type, 'value', given.value);

  const { key, value } = result;
  if (key !== undefined && key.size > LARGEST_KEY) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `${type}: the key ${typeName(key)} has ${key.size} bytes, but keys have ${LARGEST_KEY} at most`,
    );
  }
  if (value !== undefined && info.perCpu && value.size > LARGEST_PER_CPU_VALUE) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `${type}: the value ${typeName(value)} has ${value.size} bytes, but per-CPU values have ${LARGEST_PER_CPU_VALUE} at most`,
    );
  }
  return result;
}

/** Whether the kernel can find the locks and timers of a value, and whether nobody else can write them. */
function checkKernelFields(type: MapType, value: Type, flags: number): void {
  if (value.kind !== 'struct') {
    refuseKernelMemory(`The value of a ${type}`, value);
    return;
  }
  for (const { name, type: memory } of value.kernelFields) {
    const what = `${type}: the value ${value.name} has a ${memory.name} (${name}), which`;
    if (!KERNEL_MEMORY_MAPS[memory.name].includes(type)) {
      throw new WaggleError('BAD_DECLARATION', `${what} such a map cannot have`, {
        hint: `These can: ${KERNEL_MEMORY_MAPS[memory.name].join(', ')}`,
      });
    }
    if ((flags & (MapFlag.Mmapable | MapFlag.ReadOnlyProgram | MapFlag.WriteOnlyProgram)) !== 0) {
      throw new WaggleError(
        'BAD_DECLARATION',
        `${what} goes with neither mmapable, readOnlyProgram nor writeOnlyProgram`,
      );
    }
  }
}

function checkType(type: MapType, option: 'key' | 'value', candidate: unknown): Type {
  if (isType(candidate)) return candidate;
  throw new WaggleError(
    'BAD_DECLARATION',
    `${type} needs a type as its ${option}, got ${describe(candidate)}`,
    {
      hint: 'Use a struct, a scalar such as u32, bytes() or array()',
    },
  );
}

function flagsOf(type: MapType, options: AnyMapOptions): number {
  let flags = mapTypes[type].requiredFlags;
  if (checkBoolean(type, 'preallocate', options.preallocate) === false) flags |= MapFlag.NoPreallocate;
  if (options.numaNode !== undefined) flags |= MapFlag.NumaNode;
  for (const [option, flag] of FLAG_OPTIONS) {
    if (checkBoolean(type, option, options[option]) === true) flags |= flag;
  }
  const access = MapFlag.ReadOnlyProgram | MapFlag.WriteOnlyProgram;
  if ((flags & access) === access) {
    throw new WaggleError('BAD_DECLARATION', `${type} cannot be both readOnlyProgram and writeOnlyProgram`);
  }
  return flags;
}

function checkBoolean(type: MapType, option: MapOptionName, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new WaggleError(
    'BAD_DECLARATION',
    `${type} needs ${option} to be true or false, got ${describe(value)}`,
  );
}
