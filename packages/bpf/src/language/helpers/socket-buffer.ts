/** Helpers on socket buffers: the packets of traffic control, cgroups and sockets. */
import type { TcContext } from '../../program-contexts.ts';
import { be16, be32, i32, u16, u32, type u64 } from '../../scalar.ts';
import { struct } from '../../struct.ts';
import { array, type Infer } from '../../types.ts';
import { context, helper, I32, moves, partlySized, scalar, sized, U32, U64 } from '../helper.ts';
import type { Memory, SkBuffContext } from './types.ts';

/** An IPsec state: `struct bpf_xfrm_state`. */
export const XfrmState = struct('bpf_xfrm_state', {
  requestId: u32,
  spi: be32,
  family: u16,
  extension: u16,
  /** IPv4 in the first word, or IPv6. */
  remoteAddress: array(be32, 4),
});

/**
 * Copies bytes of the packet into a struct, whether linear or not, or into the first `length` bytes of it; packet bytes not there
 * are an error. Linux 4.5.
 */
export const skbLoadBytes = helper<(context: SkBuffContext, offset: u32, to: Memory, length?: u32) => i32>(
  'skbLoadBytes',
  26,
  [context, U32, partlySized()],
  i32,
);
/** Writes a struct into the packet; flag 1 keeps the checksum of the buffer right. Linux 4.1. */
export const skbStoreBytes = helper<(context: SkBuffContext, offset: u32, from: Memory, flags: u64) => i32>(
  'skbStoreBytes',
  9,
  [context, U32, sized(), U64],
  i32,
  moves,
);
/** Makes the first `length` bytes of the packet (0: all) readable through ctx.at(). Linux 4.9. */
export const skbPullData = helper<(context: SkBuffContext, length: u32) => i32>(
  'skbPullData',
  39,
  [context, U32],
  i32,
  moves,
);
/** Makes the packet as long as `length`. Linux 4.9. */
export const skbChangeTail = helper<(context: SkBuffContext, length: u32, flags: u64) => i32>(
  'skbChangeTail',
  38,
  [context, U32, U64],
  i32,
  moves,
);
/** Makes room of `size` bytes in front of the packet. Linux 4.10. */
export const skbChangeHead = helper<(context: SkBuffContext, size: u32, flags: u64) => i32>(
  'skbChangeHead',
  43,
  [context, U32, U64],
  i32,
  moves,
);
/** Grows or shrinks the packet by `difference` bytes after its headers (`enum bpf_adj_room_mode`). Linux 4.13. */
export const skbAdjustRoom = helper<(context: SkBuffContext, difference: i32, mode: u32, flags: u64) => i32>(
  'skbAdjustRoom',
  50,
  [context, I32, U32, U64],
  i32,
  moves,
);
/** Turns an IPv4 packet into IPv6 or back, without its addresses. Linux 4.8. */
export const skbChangeProto = helper<(context: SkBuffContext, protocol: be16, flags: u64) => i32>(
  'skbChangeProto',
  31,
  [context, scalar(be16), U64],
  i32,
  moves,
);
/** Changes the type of the packet (PACKET_HOST, …). Linux 4.8. */
export const skbChangeType = helper<(context: SkBuffContext, type: u32) => i32>(
  'skbChangeType',
  32,
  [context, U32],
  i32,
);
/** Adds a VLAN tag. Linux 4.3. */
export const skbVlanPush = helper<(context: SkBuffContext, protocol: be16, tag: u16) => i32>(
  'skbVlanPush',
  18,
  [context, scalar(be16), scalar(u16)],
  i32,
  moves,
);
/** Removes a VLAN tag. Linux 4.3. */
export const skbVlanPop = helper<(context: SkBuffContext) => i32>('skbVlanPop', 19, [context], i32, moves);
/** The hash of the packet's flow, computed if need be. Linux 4.8. */
export const getHashRecalc = helper<(context: SkBuffContext) => u32>('getHashRecalc', 34, [context], u32);
/** Says that the hash of the flow is not right any more. Linux 4.10. */
export const setHashInvalid = helper<(context: SkBuffContext) => void>(
  'setHashInvalid',
  41,
  [context],
  undefined,
);
/** Sets the hash of the packet's flow. Linux 4.11. */
export const setHash = helper<(context: SkBuffContext, hash: u32) => i32>('setHash', 48, [context, U32], i32);
/** The realm of the packet's route, or 0. Linux 4.4. */
export const getRouteRealm = helper<(context: SkBuffContext) => u32>('getRouteRealm', 24, [context], u32);
/** Marks congestion in the packet; 1 when that is set. Linux 5.1. */
export const skbEcnSetCe = helper<(context: SkBuffContext) => i32>('skbEcnSetCe', 97, [context], i32);
/** Sets the time at which the packet leaves. Linux 5.18. */
export const skbSetTstamp = helper<(context: SkBuffContext, time: u64, type: u32) => i32>(
  'skbSetTstamp',
  192,
  [context, U64, U32],
  i32,
);
/** Like {@link skbLoadBytes}, from the link (`start` 0) or the network header (1) on. Linux 4.18. */
export const skbLoadBytesRelative = helper<
  (context: SkBuffContext, offset: u32, to: Memory, start: u32) => i32
>('skbLoadBytesRelative', 68, [context, U32, sized(), U32], i32);
/** The IPsec state that the packet went through, by index. Linux 4.18. */
export const skbGetXfrmState = helper<
  (context: TcContext, index: u32, state: Infer<typeof XfrmState>, flags: u64) => i32
>('skbGetXfrmState', 66, [context, U32, sized(XfrmState), U64], i32);
