/** Helpers that send packets elsewhere. */
import type { TcContext } from '../../program-contexts.ts';
import { be32, i32, u32, type u64 } from '../../scalar.ts';
import { struct } from '../../struct.ts';
import { array, type Infer } from '../../types.ts';
import { context, helper, moves, sizedOrNull, U32, U64 } from '../helper.ts';

/** The address of a neighbour: `struct bpf_redir_neigh`. The family is AF_INET (2) or AF_INET6 (10). */
export const NextHop = struct('bpf_redir_neigh', {
  family: u32,
  /** IPv4 in the first word, or IPv6. */
  address: array(be32, 4),
});

/** Sends the packet to another interface; its result is the verdict to return. Linux 4.4. */
export const redirect = helper<(interfaceIndex: u32, flags: u64) => i32>('redirect', 23, [U32, U64], i32);
/** Like {@link redirect}, straight into the network namespace of the peer of a veth device. Linux 5.10. */
export const redirectPeer = helper<(interfaceIndex: u32, flags: u64) => i32>(
  'redirectPeer',
  155,
  [U32, U64],
  i32,
);
/**
 * Like {@link redirect}, with link-layer addresses filled in: those of the next hop, or of the route's without one. Linux 5.10.
 */
export const redirectNeighbour = helper<
  (interfaceIndex: u32, nextHop: Infer<typeof NextHop> | null, flags: u64) => i32
>('redirectNeigh', 152, [U32, sizedOrNull(NextHop), U64], i32);
/** Sends a copy of the packet to another interface. Linux 4.2. */
export const cloneRedirect = helper<(context: TcContext, interfaceIndex: u32, flags: u64) => i32>(
  'cloneRedirect',
  13,
  [context, U32, U64],
  i32,
  moves,
);
