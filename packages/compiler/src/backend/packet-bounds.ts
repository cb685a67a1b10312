/**
 * Where a context keeps the bounds of the packet: offsets into the structs of linux/bpf.h that the verifier takes for
 * packet pointers when they are loaded. Fields of 4 bytes become pointers of 8 on the way.
 */
import { type ProgramType, programTypes, WaggleError } from '@waggle/bpf';
import type { AccessSize } from '../ir/ir.ts';

/** A bound of the packet. */
export type Bound = 'data' | 'meta' | 'end';

interface Bounds extends Partial<Record<Bound, number>> {
  readonly size: AccessSize;
}

/** struct xdp_md */
const xdp: Bounds = { size: 4, data: 0, end: 4, meta: 8 };
/** struct __sk_buff */
const buffer: Bounds = { size: 4, data: 76, end: 80 };
/** The same, for programs that see what XDP put before the packet. */
const bufferWithMeta: Bounds = { ...buffer, meta: 140 };
/** struct sk_msg_md and struct sk_reuseport_md */
const message: Bounds = { size: 8, data: 0, end: 8 };

/** By `enum bpf_prog_type`, without its prefix. */
const bounds: ReadonlyMap<string, Bounds> = new Map([
  ['XDP', xdp],
  ['SCHED_CLS', bufferWithMeta],
  ['CGROUP_SKB', buffer],
  ['SK_SKB', buffer],
  ['LWT_IN', buffer],
  ['LWT_OUT', buffer],
  ['LWT_XMIT', buffer],
  ['LWT_SEG6LOCAL', buffer],
  ['FLOW_DISSECTOR', buffer],
  ['SK_MSG', message],
  ['SK_REUSEPORT', message],
]);

/**
 * The place of a bound in the context of a program type.
 * @throws WaggleError BAD_DECLARATION when the program has no packet, or this packet no such bound.
 */
export function packetBound(type: ProgramType, bound: Bound): { offset: number; size: AccessSize } {
  const found = bounds.get(programTypes[type].kernelName.replace('BPF_PROG_TYPE_', ''));
  const offset = found?.[bound];
  if (!found || offset === undefined) {
    throw new WaggleError('BAD_DECLARATION', `a program of type ${type} has no packet ${bound} to point to`, {
      hint: 'Read the packet with a helper such as bpf_skb_load_bytes where the program type has one',
    });
  }
  return { offset, size: found.size };
}
