/** Helpers on the packets of XDP. */
import type { XdpContext } from '../../program-contexts.ts';
import { i32, type u32, u64 } from '../../scalar.ts';
import { context, helper, I32, moves, sized, U32 } from '../helper.ts';
import type { Memory } from './types.ts';

/** Moves the start of the packet: below 0 makes room for headers. Linux 4.10. */
export const xdpAdjustHead = helper<(context: XdpContext, difference: i32) => i32>(
  'xdpAdjustHead',
  44,
  [context, I32],
  i32,
  moves,
);
/** Moves the end of the packet. Linux 4.18. */
export const xdpAdjustTail = helper<(context: XdpContext, difference: i32) => i32>(
  'xdpAdjustTail',
  65,
  [context, I32],
  i32,
  moves,
);
/** Makes room for metadata in front of the packet. Linux 4.15. */
export const xdpAdjustMeta = helper<(context: XdpContext, difference: i32) => i32>(
  'xdpAdjustMeta',
  54,
  [context, I32],
  i32,
  moves,
);
/** The length of the packet with all its fragments. Linux 5.18. */
export const xdpGetBuffLen = helper<(context: XdpContext) => u64>('xdpGetBuffLen', 188, [context], u64);
/** Copies bytes of a packet that may have fragments into a struct. Linux 5.18. */
export const xdpLoadBytes = helper<(context: XdpContext, offset: u32, to: Memory) => i32>(
  'xdpLoadBytes',
  189,
  [context, U32, sized()],
  i32,
);
/** Writes a struct into a packet that may have fragments. Linux 5.18. */
export const xdpStoreBytes = helper<(context: XdpContext, offset: u32, from: Memory) => i32>(
  'xdpStoreBytes',
  190,
  [context, U32, sized()],
  i32,
);
