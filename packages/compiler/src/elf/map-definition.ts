/**
 * A map as libbpf wants it declared in an object: a variable of the section `.maps` whose type says everything and whose
 * bytes mean nothing. Its type is a struct of pointers. A member whose name is that of a number (`type`, `max_entries`)
 * points to an array of that length; `key` and `value` point to the types themselves; `values` is an empty array of
 * pointers to the definition of the maps in the map. libbpf reads it in `parse_btf_map_def()`.
 */
import { type MapSpec, mapTypes } from '@waggle/bpf';
import type { BtfBuilder, NewMember } from '../btf/index.ts';

const POINTER = 8;

/** The type of a map's variable: its id and its size in bytes. */
export interface MapDefinition {
  readonly typeId: number;
  readonly size: number;
}

/** Adds the definition of a map to a builder. */
export function mapDefinition(builder: BtfBuilder, spec: MapSpec): MapDefinition {
  const members: NewMember[] = [];
  const add = (name: string, typeId: number): void => {
    members.push({ name, typeId, byteOffset: members.length * POINTER });
  };
  // The array's elements are bytes: with larger ones, a large number would make an array that no kernel takes.
  const number = (name: string, value: number): void =>
    add(name, builder.pointer(builder.array(builder.int('unsigned char', 1), value)));

  number('type', mapTypes[spec.type].number);
  addTypes(builder, spec, add, number);
  number('max_entries', spec.maxEntries);
  if (spec.flags !== 0) number('map_flags', spec.flags);
  if (spec.numaNode !== undefined) number('numa_node', spec.numaNode);
  if (spec.extra !== undefined) number('map_extra', spec.extra);
  const size = members.length * POINTER;
  if (spec.inner !== undefined) {
    const inner = builder.pointer(mapDefinition(builder, spec.inner).typeId);
    add('values', builder.array(inner, 0));
  }
  return { typeId: builder.struct('', size, members), size };
}

/**
 * Key and value by their types, or by their sizes for maps of which the kernel takes no types: those that hold objects
 * of its own, and stack traces.
 */
function addTypes(
  builder: BtfBuilder,
  { type, key, value }: MapSpec,
  add: (name: string, typeId: number) => void,
  number: (name: string, value: number) => void,
): void {
  const typed = mapTypes[type].value === 'declared' && type !== 'stackTrace';
  for (const [name, declared] of [
    ['key', key],
    ['value', value],
  ] as const) {
    if (declared === undefined) continue;
    if (typed) add(name, builder.pointer(builder.fromType(declared)));
    else number(`${name}_size`, declared.size);
  }
}
