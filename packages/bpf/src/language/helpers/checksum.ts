/** Helpers on checksums. */
import { i32, i64, type u32, type u64 } from '../../scalar.ts';
import { context, helper, moves, sizedOrNull, U32, U64 } from '../helper.ts';
import type { Memory, SkBuffContext } from './types.ts';

/** Corrects the IPv4 header checksum at `offset` for a field of `size` bytes that changed. Linux 4.1. */
export const l3CsumReplace = helper<
  (context: SkBuffContext, offset: u32, from: u64, to: u64, size: u64) => i32
>('l3CsumReplace', 10, [context, U32, U64, U64, U64], i32, moves);
/** Corrects the TCP or UDP checksum at `offset`; `flags` has the size of the field and BPF_F_PSEUDO_HDR. Linux 4.1. */
export const l4CsumReplace = helper<
  (context: SkBuffContext, offset: u32, from: u64, to: u64, flags: u64) => i32
>('l4CsumReplace', 11, [context, U32, U64, U64, U64], i32, moves);
/**
 * The difference that replacing `from` by `to` makes to a checksum that was `seed`; either may be null. The sizes are
 * multiples of 4. Linux 4.6.
 */
export const csumDiff = helper<(from: Memory | null, to: Memory | null, seed: u32) => i64>(
  'csumDiff',
  28,
  [sizedOrNull(), sizedOrNull(), U32],
  i64,
);
/** Adds to the checksum of the whole packet. Linux 4.9. */
export const csumUpdate = helper<(context: SkBuffContext, sum: u32) => i64>(
  'csumUpdate',
  40,
  [context, U32],
  i64,
);
/** Changes how deep the checksum of the packet is known to be right. Linux 5.7. */
export const csumLevel = helper<(context: SkBuffContext, level: u64) => i32>(
  'csumLevel',
  135,
  [context, U64],
  i32,
);
