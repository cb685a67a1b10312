/** Between what users say and what the maps hold: kinds, addresses as words, bindings and their records. */
import type { Infer } from '@waggle/bpf';
import { formatPrefix, type IpFamily, type IpPrefix } from '@waggle/kernel';
import type { Binding, Protocol, WhenMissing } from './binding.ts';
import { portMask } from './ports.ts';
import type { BindingRecord } from './state.ts';
import { WhenMissing as Missing, type Target, type TargetKey } from './steer.bpf.ts';
import type { LevelSpec, OwnedBlock } from './targets.ts';

/** A binding as it is kept, with its number. */
export interface StoredBinding extends Binding {
  readonly id: number;
}

/** Names of labels by number and numbers by name. */
export interface LabelNumbers {
  nameOf(id: number): string;
  idOf(name: string): number;
}

type Words = [number, number, number, number];

export const kindOf = (protocol: Protocol, family: IpFamily): number =>
  (family === 6 ? 2 : 0) + (protocol === 'udp' ? 1 : 0);
export const protocolOf = (kind: number): Protocol => ((kind & 1) === 1 ? 'udp' : 'tcp');
export const familyOf = (kind: number): IpFamily => (kind >= 2 ? 6 : 4);
/** A kind as people read it: `tcp4`. */
export const kindName = (kind: number): string => `${protocolOf(kind)}${familyOf(kind)}`;

/** The numbers that be32 fields have for an address, the rest 0. */
export function wordsOf(bytes: Uint8Array): Words {
  const words: Words = [0, 0, 0, 0];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let word = 0; word < bytes.length / 4; word++) words[word] = view.getUint32(word * 4);
  return words;
}

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

/** Where a block of ports of a prefix is looked up. */
export function targetKey(
  { protocol, prefix }: Pick<Binding, 'protocol' | 'prefix'>,
  { port, length }: Pick<OwnedBlock<unknown>, 'port' | 'length'>,
  generation: number,
): Infer<typeof TargetKey> {
  return {
    address: wordsOf(prefix.bytes),
    port,
    kind: kindOf(protocol, prefix.family),
    generation,
    prefixLength: prefix.length,
    portLength: length,
  };
}

/** What is found there. */
export function targetValue(
  { id, label, missing }: StoredBinding,
  labels: LabelNumbers,
  lookups: bigint,
): Infer<typeof Target> {
  return { binding: id, label: labels.idOf(label), ...missingValue(missing, labels), lookups };
}

function missingValue(missing: WhenMissing, labels: LabelNumbers): { missing: number; fallback: number } {
  if (missing === 'drop') return { missing: Missing.Drop, fallback: 0 };
  if (missing === 'pass') return { missing: Missing.Pass, fallback: 0 };
  return { missing: Missing.Fallback, fallback: labels.idOf(missing.fallback) };
}

export function bindingRecord(
  { label, protocol, prefix, ports, missing }: Binding,
  labels: LabelNumbers,
): Infer<typeof BindingRecord> {
  return {
    label: labels.idOf(label),
    ...missingValue(missing, labels),
    address: wordsOf(prefix.bytes),
    first: ports.first,
    last: ports.last,
    kind: kindOf(protocol, prefix.family),
    prefixLength: prefix.length,
  };
}

export function storedBinding(
  id: number,
  record: Infer<typeof BindingRecord>,
  labels: LabelNumbers,
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

/** The text that tells targets apart. */
export const keyText = ({ address, port, kind, prefixLength, portLength }: Infer<typeof TargetKey>): string =>
  `${kind} ${formatPrefix({ bytes: bytesOf(address, familyOf(kind)), length: prefixLength })} ${port}/${portLength}`;
