/**
 * A map in the kernel: what all kinds have in common. How its elements are reached depends on the kind: `TableMap` (keys and
 * values), `QueueMap`, `BloomFilterMap`, `RingBufferMap`; `createMap` and `openMap` choose by the declaration.
 */
import { check } from '../errors.ts';
import { KernelObject, objectIds } from '../object.ts';
import { MapElement } from '../sys/attributes.ts';
import { Command, execute } from '../sys/bpf.ts';
import { information, MapInformation } from '../sys/information.ts';

/** What the kernel tells about a map. */
export interface MapInfo {
  readonly id: number;
  readonly name: string;
  /** The kernel's number of its type (enum bpf_map_type). */
  readonly type: number;
  /** Bytes of a key, and of a value (of one CPU). */
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** 0 when the map has no BTF. */
  readonly btfId: number;
}

/** A map that this process holds. */
export class KernelMap extends KernelObject {
  readonly name: string;

  /** Takes the descriptor over. */
  constructor(fd: number, name: string) {
    super(fd, `map "${name}"`);
    this.name = name;
  }

  /** The ids of all maps in the kernel. */
  static ids(): number[] {
    return [...objectIds(Command.mapGetNextId)];
  }

  info(): MapInfo {
    return mapInfo(this.fd, this.object);
  }

  /** Makes the map read-only for user space, for good (5.2); programs go on as before. */
  freeze(): void {
    check(execute(Command.mapFreeze, MapElement, { map_fd: this.fd }), 'freeze', this.object);
  }
}

/** What the kernel tells about the map behind `fd`. */
export function mapInfo(fd: number, object: string): MapInfo {
  const raw = information(fd, MapInformation, object);
  return {
    id: raw.id,
    name: raw.name,
    type: raw.type,
    keySize: raw.key_size,
    valueSize: raw.value_size,
    maxEntries: raw.max_entries,
    flags: raw.map_flags,
    btfId: raw.btf_id,
  };
}
