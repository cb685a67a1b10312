/** Helpers on tunnels: those of devices in external mode, and those of routes. */
import type { LwtContext, TcContext } from '../../program-contexts.ts';
import { i32, u8, u16, u32, type u64 } from '../../scalar.ts';
import { struct } from '../../struct.ts';
import { array, type Infer } from '../../types.ts';
import { context, helper, I32, moves, sized, U32, U64 } from '../helper.ts';
import type { Memory } from './types.ts';

/** Where a packet comes from or goes to through a tunnel: `struct bpf_tunnel_key`. */
export const TunnelKey = struct('bpf_tunnel_key', {
  id: u32,
  /** IPv4 in the first word (as a number, not in network order), or IPv6 in network order. */
  remoteAddress: array(u32, 4),
  typeOfService: u8,
  timeToLive: u8,
  extension: u16,
  label: u32,
  localAddress: array(u32, 4),
});

/** The tunnel from which the packet came, of a device in external mode; flag 1 for IPv6. Linux 4.3. */
export const skbGetTunnelKey = helper<
  (context: TcContext | LwtContext, key: Infer<typeof TunnelKey>, flags: u64) => i32
>('skbGetTunnelKey', 20, [context, sized(TunnelKey), U64], i32);
/** The tunnel into which a device in external mode puts the packet. Linux 4.3. */
export const skbSetTunnelKey = helper<
  (context: TcContext | LwtContext, key: Infer<typeof TunnelKey>, flags: u64) => i32
>('skbSetTunnelKey', 21, [context, sized(TunnelKey), U64], i32);
/** Reads the options of the tunnel header, such as those of Geneve, into a struct; gives their size. Linux 4.6. */
export const skbGetTunnelOpt = helper<(context: TcContext, options: Memory) => i32>(
  'skbGetTunnelOpt',
  29,
  [context, sized()],
  i32,
);
/** Sets the options of the tunnel header. Linux 4.6. */
export const skbSetTunnelOpt = helper<(context: TcContext, options: Memory) => i32>(
  'skbSetTunnelOpt',
  30,
  [context, sized()],
  i32,
);
/** Puts a header in front of the packet of a route (`enum bpf_lwt_encap_mode`). Linux 4.18. */
export const lwtPushEncap = helper<(context: LwtContext, type: u32, header: Memory) => i32>(
  'lwtPushEncap',
  73,
  [context, U32, sized()],
  i32,
  moves,
);
/** Writes a struct into the segment routing header. Linux 4.18. */
export const lwtSeg6StoreBytes = helper<(context: LwtContext, offset: u32, from: Memory) => i32>(
  'lwtSeg6StoreBytes',
  74,
  [context, U32, sized()],
  i32,
  moves,
);
/** Grows or shrinks the segment routing header at `offset`. Linux 4.18. */
export const lwtSeg6AdjustSrh = helper<(context: LwtContext, offset: u32, difference: i32) => i32>(
  'lwtSeg6AdjustSrh',
  75,
  [context, U32, I32],
  i32,
  moves,
);
/** Does what a segment asks for. Linux 4.18. */
export const lwtSeg6Action = helper<(context: LwtContext, action: u32, parameter: Memory) => i32>(
  'lwtSeg6Action',
  76,
  [context, U32, sized()],
  i32,
  moves,
);
