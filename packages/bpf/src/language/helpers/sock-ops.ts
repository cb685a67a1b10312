/** Helpers on TCP sockets in the making, and on socket options. */
import type { SockAddrContext, SockOpsContext } from '../../program-contexts.ts';
import { i32, type u32, type u64 } from '../../scalar.ts';
import { context, helper, I32, sized, U32, U64 } from '../helper.ts';
import type { Memory } from './types.ts';

/** Asks for more callbacks of sock_ops (`BPF_SOCK_OPS_*_CB_FLAG`). Linux 4.16. */
export const sockOpsCbFlagsSet = helper<(context: SockOpsContext, flags: u32) => i32>(
  'sockOpsCbFlagsSet',
  59,
  [context, U32],
  i32,
);
/** Sets an option of the socket to the value in a struct. Linux 4.13. */
export const setsockopt = helper<
  (context: SockOpsContext | SockAddrContext, level: i32, option: i32, value: Memory) => i32
>('setsockopt', 49, [context, I32, I32, sized()], i32);
/** Reads an option of the socket into a struct. Linux 4.15. */
export const getsockopt = helper<
  (context: SockOpsContext | SockAddrContext, level: i32, option: i32, value: Memory) => i32
>('getsockopt', 57, [context, I32, I32, sized()], i32);
/** Finds an option of the TCP header that begins like the struct, and reads it into it; gives its size. Linux 5.10. */
export const loadHdrOpt = helper<(context: SockOpsContext, option: Memory, flags: u64) => i32>(
  'loadHdrOpt',
  142,
  [context, sized(), U64],
  i32,
);
/** Writes an option of the TCP header. Linux 5.10. */
export const storeHdrOpt = helper<(context: SockOpsContext, option: Memory, flags: u64) => i32>(
  'storeHdrOpt',
  143,
  [context, sized(), U64],
  i32,
);
/** Asks for room for options in the TCP header. Linux 5.10. */
export const reserveHdrOpt = helper<(context: SockOpsContext, size: u32, flags: u64) => i32>(
  'reserveHdrOpt',
  144,
  [context, U32, U64],
  i32,
);
