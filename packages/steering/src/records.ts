/** Between what users say and what the maps hold: kinds, addresses as words, bindings and their records. */
import { type Infer, type Struct, WaggleError } from '@waggle/bpf';
import type { IpFamily, IpPrefix } from '@waggle/kernel';
import type { Binding, Protocol } from './binding.ts';
import { portMask } from './ports.ts';
import type { BindingRecord } from './state.ts';
import { WhenMissing as Missing } from './steer.bpf.ts';
import type { LevelSpec } from './targets.ts';

/** A binding as it is kept, with its number. */
export interface StoredBinding extends Binding {
  readonly id: number;
}

/** Names of labels by number and numbers by name. */
export interface LabelNumbers {
  nameOf(id: number): string;
  idOf(name: string): number;
}

export const kindOf = (protocol: Protocol, family: IpFamily): number =>
  (family === 6 ? 2 : 0) + (protocol === 'udp' ? 1 : 0);
export const protocolOf = (kind: number): Protocol => ((kind & 1) === 1 ? 'udp' : 'tcp');
export const familyOf = (kind: number): IpFamily => (kind >= 2 ? 6 : 4);
/** A kind as people read it: `tcp4`. */
export const kindName = (kind: number): string => `${protocolOf(kind)}${familyOf(kind)}`;

/** The address of that family. */
export function bytesOf(words: readonly number[], family: IpFamily): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  const view = new DataView(bytes.buffer);
  for (let word = 0; word < bytes.length / 4; word++) view.setUint32(word * 4, words[word] ?? 0);
  return bytes;
}

/** A level as the program reads it. */
export function levelValue({ prefixLength, portLength }: LevelSpec) {
  const mask = [0, 1, 2, 3].map((word) => {
    const bits = Math.min(32, Math.max(0, prefixLength - word * 32));
    return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
  });
  return { mask, portMask: portMask(portLength), prefixLength, portLength };
}

export function storedBinding(
  id: number,
  record: Infer<typeof BindingRecord>,
  labels: Pick<LabelNumbers, 'nameOf'>,
): StoredBinding {
  const family = familyOf(record.kind);
  const prefix: IpPrefix = { family, bytes: bytesOf(record.address, family), length: record.prefixLength };
  return {
    id,
    label: labels.nameOf(record.label),
    protocol: protocolOf(record.kind),
    prefix,
    ports: { first: record.first, last: record.last },
    missing:
      record.missing === Missing.Drop
        ? 'drop'
        : record.missing === Missing.Pass
          ? 'pass'
          : { fallback: labels.nameOf(record.fallback) },
  };
}

/** Bytes before a field of a struct. */
export function offsetOf<T>({ name, fields }: Struct<T>, field: keyof T & string): number {
  const found = fields.find((each) => each.name === field);
  if (!found) throw new WaggleError('UNKNOWN_FIELD', `struct ${name} has no field ${field}`);
  return found.offset;
}
