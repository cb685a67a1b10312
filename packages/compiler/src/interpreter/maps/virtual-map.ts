/**
 * A map outside of the kernel. It has two sides: programs see bytes, error numbers and addresses of values; whoever drives
 * the machine sees JavaScript values, with the methods that maps of `@waggle/kernel` have. This file has what all kinds
 * share; each kind answers the part that it supports, and refuses the rest like the verifier does.
 */
import { type MapSpec, WaggleError } from '@waggle/bpf';
import { Region } from '../memory.ts';

/** What a program may do to an existing or missing element: BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
export const UpdateFlag = { any: 0, create: 1, replace: 2, lock: 4 } as const;

/** `create` fails when the key exists, `replace` when it does not. */
export type UpdateMode = 'any' | 'create' | 'replace';

/** A value that a program finds: bytes of the region that holds the map's values, or another map. */
export type Found = number | VirtualMap | undefined;

/** Any map; see {@link virtualMap} for its kinds. */
export abstract class VirtualMap {
  readonly name: string;
  readonly spec: MapSpec;
  /** What the address of the map itself names: nothing to read or write. */
  readonly handle: Region;

  constructor(name: string, spec: MapSpec) {
    this.name = name;
    this.spec = spec;
    this.handle = new MapRegion(this);
  }

  /** The memory of the values; undefined for maps whose values have no address. */
  get values(): Region | undefined {
    return undefined;
  }

  /** Finds the value of a key, as bpf_map_lookup_elem. */
  lookup(_key: Uint8Array): Found {
    throw this.refusal('map_lookup_elem');
  }

  /** Sets the value of a key, as bpf_map_update_elem; 0 or a negative error number. */
  update(_key: Uint8Array, _value: Uint8Array, _flags: number): number {
    throw this.refusal('map_update_elem');
  }

  /** Removes a key, as bpf_map_delete_elem; 0 or a negative error number. */
  remove(_key: Uint8Array): number {
    throw this.refusal('map_delete_elem');
  }

  /** Adds a value, as bpf_map_push_elem; 0 or a negative error number. */
  push(_value: Uint8Array, _flags: number): number {
    throw this.refusal('map_push_elem');
  }

  /** Reads the next value into `target`, as bpf_map_peek_elem, or takes it out, as bpf_map_pop_elem. */
  next(_target: Uint8Array, isPop: boolean): number {
    throw this.refusal(isPop ? 'map_pop_elem' : 'map_peek_elem');
  }

  /** The keys with their values' places in the memory of the values, for bpf_for_each_map_elem. */
  places(): Iterable<readonly [key: Uint8Array, index: number]> {
    throw this.refusal('for_each_map_elem');
  }

  /** Has a function called with the place of each value that is given up or put anew. */
  onFree(_listener: (index: number) => void): void {
    throw this.refusal('timer');
  }

  refusal(operation: string): WaggleError {
    return new WaggleError(
      'NOT_SUPPORTED',
      `a map of type ${this.spec.type} (${this.name}) takes no ${operation}`,
    );
  }
}

/** The address of a map itself. */
export class MapRegion extends Region {
  readonly map: VirtualMap;

  constructor(map: VirtualMap) {
    super(`the map ${map.name} itself`, new Uint8Array(), { writable: false });
    this.map = map;
  }
}

/** A key as a string, one character for each byte. */
export function keyText(key: Uint8Array): string {
  let text = '';
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
}

/** The bytes of such a string. */
export function keyBytes(text: string): Uint8Array {
  const key = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) key[index] = text.charCodeAt(index);
  return key;
}
