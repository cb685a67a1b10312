/** Helpers on sockets: finding them, and what is known of them. */
import { Ipv4, Ipv6, Tcp } from '../../headers.ts';
import type {
  CgroupSkbContext,
  SkLookupContext,
  SockAddrContext,
  SockOpsContext,
  TcContext,
  XdpContext,
} from '../../program-contexts.ts';
import { be16, be32, i32, i64, u32, u64 } from '../../scalar.ts';
import { struct } from '../../struct.ts';
import { array, type Infer } from '../../types.ts';
import { borrowedSocket, context, heldSocket, helper, memory, sized, socket, U64 } from '../helper.ts';
import type { Memory, SkBuffContext, Socket } from './types.ts';

/** Both ends of an IPv4 connection, as the helpers that look up sockets take them. */
export const SocketTuple4 = struct('bpf_sock_tuple4', {
  sourceAddress: be32,
  destinationAddress: be32,
  sourcePort: be16,
  destinationPort: be16,
});

/** Both ends of an IPv6 connection, as the helpers that look up sockets take them. */
export const SocketTuple6 = struct('bpf_sock_tuple6', {
  sourceAddress: array(be32, 4),
  destinationAddress: array(be32, 4),
  sourcePort: be16,
  destinationPort: be16,
});

/** The whole of a u64 that means "this network namespace" or "this CPU" (`BPF_F_CURRENT_NETNS`). */
export const CURRENT_NAMESPACE = 0xffff_ffff_ffff_ffffn;

type Tuple = Infer<typeof SocketTuple4> | Infer<typeof SocketTuple6>;
type LookupContext = XdpContext | TcContext | CgroupSkbContext | SockAddrContext;
const lookup = [context, sized(SocketTuple4, SocketTuple6), U64, U64];

/** Finds a TCP socket; it must be released. `namespace` is an id or {@link CURRENT_NAMESPACE}. Linux 4.20. */
export const skLookupTcp = helper<
  (context: LookupContext, tuple: Tuple, namespace: u64, flags: u64) => Socket | null
>('skLookupTcp', 84, lookup, heldSocket);
/** Finds a UDP socket; it must be released. Linux 4.20. */
export const skLookupUdp = helper<
  (context: LookupContext, tuple: Tuple, namespace: u64, flags: u64) => Socket | null
>('skLookupUdp', 85, lookup, heldSocket);
/** Finds a TCP socket, also one that is half open or waits; it must be released. Linux 5.2. */
export const skcLookupTcp = helper<
  (context: LookupContext, tuple: Tuple, namespace: u64, flags: u64) => Socket | null
>('skcLookupTcp', 99, lookup, heldSocket);
/** Gives a socket back. Linux 4.20. */
export const skRelease = helper<(socket: Socket) => i32>('skRelease', 86, [socket], i32, { releases: true });
/** Makes the socket the receiver of the packet or the new connection. Linux 5.7. */
export const skAssign = helper<
  (context: TcContext | SkLookupContext, socket: Socket | null, flags: u64) => i32
>('skAssign', 124, [context, socket, U64], i32);
/** The listening socket of a socket. Linux 5.1. */
export const getListenerSock = helper<(socket: Socket) => Socket | null>(
  'getListenerSock',
  98,
  [socket],
  borrowedSocket,
);
/** A number that no other socket ever has. Linux 4.12. */
export const getSocketCookie = helper<(context: SkBuffContext | SockAddrContext | SockOpsContext) => u64>(
  'getSocketCookie',
  46,
  [context],
  u64,
);
/** The user who made the packet's socket. Linux 4.12. */
export const getSocketUid = helper<(context: TcContext | CgroupSkbContext) => u32>(
  'getSocketUid',
  47,
  [context],
  u32,
);
/** A number that no other network namespace ever has. Linux 5.7. */
export const getNetnsCookie = helper<
  (context: SockAddrContext | SockOpsContext | TcContext | CgroupSkbContext) => u64
>('getNetnsCookie', 122, [context], u64);
/** The whole of a socket, or null if it is half open or waits. Linux 5.1. */
export const skFullsock = helper<(socket: Socket) => Socket | null>(
  'skFullsock',
  95,
  [socket],
  borrowedSocket,
);
/** Whether an ACK answers a SYN cookie of a listening socket: 0 or a negative errno. Linux 5.2. */
export const tcpCheckSyncookie = helper<(socket: Socket, ip: Memory, tcp: Memory) => i32>(
  'tcpCheckSyncookie',
  100,
  [socket, sized(), sized()],
  i32,
);
/** A SYN cookie for a SYN to a listening socket, with the MSS in the upper half, or a negative errno. Linux 5.3. */
export const tcpGenSyncookie = helper<(socket: Socket, ip: Memory, tcp: Memory) => i64>(
  'tcpGenSyncookie',
  110,
  [socket, sized(), sized()],
  i64,
);
/** Like {@link tcpGenSyncookie}, without a socket. Linux 6.0. */
export const tcpRawGenSyncookieIpv4 = helper<(ip: Ipv4, tcp: Memory) => i64>(
  'tcpRawGenSyncookieIpv4',
  204,
  [memory(Ipv4), sized()],
  i64,
);
/** Like {@link tcpGenSyncookie}, without a socket. Linux 6.0. */
export const tcpRawGenSyncookieIpv6 = helper<(ip: Ipv6, tcp: Memory) => i64>(
  'tcpRawGenSyncookieIpv6',
  205,
  [memory(Ipv6), sized()],
  i64,
);
/** Whether an ACK answers a cookie of {@link tcpRawGenSyncookieIpv4}. Linux 6.0. */
export const tcpRawCheckSyncookieIpv4 = helper<(ip: Ipv4, tcp: Tcp) => i32>(
  'tcpRawCheckSyncookieIpv4',
  206,
  [memory(Ipv4), memory(Tcp)],
  i32,
);
/** Whether an ACK answers a cookie of {@link tcpRawGenSyncookieIpv6}. Linux 6.0. */
export const tcpRawCheckSyncookieIpv6 = helper<(ip: Ipv6, tcp: Tcp) => i32>(
  'tcpRawCheckSyncookieIpv6',
  207,
  [memory(Ipv6), memory(Tcp)],
  i32,
);
