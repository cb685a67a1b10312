/** Helpers that ask the routing table. */
import type { TcContext, XdpContext } from '../../program-contexts.ts';
import { be16, be32, i32, u8, u16, u32, type u64 } from '../../scalar.ts';
import { struct } from '../../struct.ts';
import { array, type Infer } from '../../types.ts';
import { context, helper, I32, memory, sized, U32, U64 } from '../helper.ts';

/** The question to the routing table and, where it was found, the answer: `struct bpf_fib_lookup`. */
export const FibLookup = struct('bpf_fib_lookup', {
  family: u8,
  protocol: u8,
  sourcePort: be16,
  destinationPort: be16,
  /** Asks with the length of the packet; answers with the MTU of the route. */
  totalLength: u16,
  interfaceIndex: u32,
  /** Asks with the type of service or the flow; answers with the metric of the route. */
  flow: be32,
  /** IPv4 in the first word, or IPv6. */
  sourceAddress: array(be32, 4),
  destinationAddress: array(be32, 4),
  vlanProtocol: be16,
  vlanTag: be16,
  sourceMac: array(u8, 6),
  destinationMac: array(u8, 6),
});

/** Answers of {@link fibLookup}: `BPF_FIB_LKUP_RET_*`. */
export const Fib = Object.freeze({
  Success: 0,
  Blackhole: 1,
  Unreachable: 2,
  Prohibit: 3,
  NotForwarded: 4,
  ForwardingDisabled: 5,
  UnsupportedTunnel: 6,
  NoNeighbour: 7,
  FragmentationNeeded: 8,
  NoSourceAddress: 9,
});

/** The MTU that {@link checkMtu} has found; asks with the length of the packet, or 0 for that of the packet it is. */
export const Mtu = struct('mtu', { bytes: u32 });

/** Asks the routing table; see {@link FibLookup} and {@link Fib}. Linux 4.18. */
export const fibLookup = helper<
  (context: XdpContext | TcContext, question: Infer<typeof FibLookup>, flags: u32) => i32
>('fibLookup', 69, [context, sized(FibLookup), U32], i32);
/** Whether the packet, longer by `difference`, fits the MTU of an interface (0: its own): 0, 1 if it needs fragmentation, 2 if its segments do not fit. Linux 5.12. */
export const checkMtu = helper<
  (
    context: XdpContext | TcContext,
    interfaceIndex: u32,
    mtu: Infer<typeof Mtu>,
    difference: i32,
    flags: u64,
  ) => i32
>('checkMtu', 163, [context, U32, memory(Mtu), I32, U64], i32);
