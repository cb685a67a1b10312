/**
 * The maps that hold what user space knows beyond what the program needs: names, and bindings as they were declared. There
 * is no other memory: whoever opens the pins knows everything, also after a crash.
 */
import { array, arrayMap, be32, chars, struct, u8, u16, u32 } from '@waggle/bpf';
import { MAX_LABELS } from './steer.bpf.ts';

/** Bindings of a generation: as many as there is room for with their targets, beside those that they replace. */
export const MAX_BINDINGS = 131_072;

export const LabelRecord = struct('label_record', {
  name: chars(64),
  /** Whether it stays without bindings and sockets. */
  declared: u8,
});

export const BindingRecord = struct('binding_record', {
  label: u32,
  fallback: u32,
  address: array(be32, 4),
  first: u16,
  last: u16,
  kind: u8,
  prefixLength: u8,
  missing: u8,
  /** 0 for a record that is free. */
  used: u8,
});

/** Labels by number; a name that is empty is free. */
export const labels = arrayMap({ name: 'labels', value: LabelRecord, maxEntries: MAX_LABELS });
/** Bindings as they were declared, by generation and number: in memory, for they are written by the hundred thousand. */
export const bindings = arrayMap({
  name: 'bindings',
  value: BindingRecord,
  maxEntries: 2 * MAX_BINDINGS,
  mmapable: true,
});
