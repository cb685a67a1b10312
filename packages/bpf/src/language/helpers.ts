/**
 * The helper functions of the kernel that programs call, by the kernel's names (bpf-helpers(7)) without `bpf_`. Those that
 * work on a map are its methods instead (map-methods.ts). A result of i32 is 0 or a negative errno unless said otherwise.
 */
import type { Sock } from '../context.ts';
import type {
  CgroupSkbContext,
  LwtContext,
  SkLookupContext,
  SkSkbContext,
  SockAddrContext,
  SocketFilterContext,
  SockOpsContext,
  TcContext,
  XdpContext,
} from '../program-contexts.ts';
import { be16, be32, i32, i64, u8, u16, u32, u64 } from '../scalar.ts';
import { struct } from '../struct.ts';
import { array, type Infer } from '../types.ts';
import {
  borrowedSocket,
  constant,
  context,
  heldSocket,
  helper,
  scalar,
  sized,
  sizedOrNull,
  socket,
} from './helper.ts';

/** The contexts of programs on socket buffers. */
export type SkBuffContext = TcContext | CgroupSkbContext | SkSkbContext | LwtContext | SocketFilterContext;
/** A struct in memory. */
export type Memory = object;
/** A socket, as helpers give it. */
export type Socket = Infer<typeof Sock>;

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

/** The whole of a u64 that means "this network namespace" or "this CPU" (`BPF_F_CURRENT_NETNS`). */
export const CURRENT_NAMESPACE = 0xffff_ffff_ffff_ffffn;

const [U32, U64, I32] = [scalar(u32), scalar(u64), scalar(i32)];
const moves = { movesPacket: true };

// Time, chance, place

/** Nanoseconds since the machine started, not counting the time it slept. Linux 4.1. */
export const ktimeGetNs = helper<() => u64>('ktimeGetNs', 5, [], u64);
/** Nanoseconds since the machine started. Linux 5.8. */
export const ktimeGetBootNs = helper<() => u64>('ktimeGetBootNs', 125, [], u64);
/** Like {@link ktimeGetNs}, cheaper, and as exact as the timer tick. Linux 5.11. */
export const ktimeGetCoarseNs = helper<() => u64>('ktimeGetCoarseNs', 160, [], u64);
/** International atomic time in nanoseconds. Linux 6.1. */
export const ktimeGetTaiNs = helper<() => u64>('ktimeGetTaiNs', 208, [], u64);
/** The kernel's tick count. Linux 5.6. */
export const jiffies64 = helper<() => u64>('jiffies64', 118, [], u64);
/** 32 random bits. Linux 4.1. */
export const getPrandomU32 = helper<() => u32>('getPrandomU32', 7, [], u32);
/** The number of the CPU that runs the program. Linux 4.1. */
export const getSmpProcessorId = helper<() => u32>('getSmpProcessorId', 8, [], u32);
/** The NUMA node of that CPU. Linux 4.10. */
export const getNumaNodeId = helper<() => u32>('getNumaNodeId', 42, [], u32);

// The current task

/** Process id in the upper half, thread id in the lower. Linux 4.2. */
export const getCurrentPidTgid = helper<() => u64>('getCurrentPidTgid', 14, [], u64);
/** Group id in the upper half, user id in the lower. Linux 4.2. */
export const getCurrentUidGid = helper<() => u64>('getCurrentUidGid', 15, [], u64);
/** Writes the name of the current task into a struct of up to 16 bytes. Linux 4.2. */
export const getCurrentComm = helper<(name: Memory) => i32>('getCurrentComm', 16, [sized()], i32);
/** The id of the cgroup of the current task. Linux 4.18. */
export const getCurrentCgroupId = helper<() => u64>('getCurrentCgroupId', 80, [], u64);
/** The id of its ancestor at that level, 0 being the root. Linux 5.7. */
export const getCurrentAncestorCgroupId = helper<(level: i32) => u64>(
  'getCurrentAncestorCgroupId',
  123,
  [I32],
  u64,
);

// Verdicts

/** Sends the packet to another interface; its result is the verdict to return. Linux 4.4. */
export const redirect = helper<(interfaceIndex: u32, flags: u64) => i32>('redirect', 23, [U32, U64], i32);
/** Like {@link redirect}, straight into the network namespace of the peer of a veth device. Linux 5.10. */
export const redirectPeer = helper<(interfaceIndex: u32, flags: u64) => i32>(
  'redirectPeer',
  155,
  [U32, U64],
  i32,
);
/** Like {@link redirect}, with link-layer addresses filled in by the neighbour of the route. Linux 5.10. */
export const redirectNeighbour = helper<(interfaceIndex: u32, flags: u64) => i32>(
  'redirectNeigh',
  152,
  [U32, constant(0n), constant(0n), U64],
  i32,
);
/** Sends a copy of the packet to another interface. Linux 4.2. */
export const cloneRedirect = helper<(context: TcContext, interfaceIndex: u32, flags: u64) => i32>(
  'cloneRedirect',
  13,
  [context, U32, U64],
  i32,
  moves,
);

// Socket buffers

/** Copies bytes of the packet into a struct, whether linear or not; packet bytes not there are an error. Linux 4.5. */
export const skbLoadBytes = helper<(context: SkBuffContext, offset: u32, to: Memory) => i32>(
  'skbLoadBytes',
  26,
  [context, U32, sized()],
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
  [sizedOrNull, sizedOrNull, U32],
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
/** The id of the cgroup of the packet's socket. Linux 4.18. */
export const skbCgroupId = helper<(context: SkBuffContext) => u64>('skbCgroupId', 79, [context], u64);
/** The class id of the cgroup (net_cls) of the packet's socket. Linux 4.3. */
export const getCgroupClassid = helper<(context: SkBuffContext) => u32>(
  'getCgroupClassid',
  17,
  [context],
  u32,
);
/** Sets the time at which the packet leaves. Linux 5.18. */
export const skbSetTstamp = helper<(context: SkBuffContext, time: u64, type: u32) => i32>(
  'skbSetTstamp',
  192,
  [context, U64, U32],
  i32,
);

// XDP

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

// Routing

/** Asks the routing table; see {@link FibLookup} and {@link Fib}. Linux 4.18. */
export const fibLookup = helper<
  (context: XdpContext | TcContext, question: Infer<typeof FibLookup>, flags: u32) => i32
>('fibLookup', 69, [context, sized(FibLookup), U32], i32);

// Sockets

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
/** The id of the cgroup of a socket. Linux 5.8. */
export const skCgroupId = helper<(socket: Socket) => u64>('skCgroupId', 128, [socket], u64);
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
/** What a cgroup program on system calls returns so far. Linux 5.18. */
export const getRetval = helper<() => i32>('getRetval', 186, [], i32);
/** Sets the errno (as a negative number) that the system call fails with. Linux 5.18. */
export const setRetval = helper<(value: i32) => i32>('setRetval', 187, [I32], i32);

// Tracing

/** Reads kernel memory at an address into a struct. Linux 5.5. */
export const probeReadKernel = helper<(to: Memory, address: u64) => i32>(
  'probeReadKernel',
  113,
  [sized(), U64],
  i32,
);
/** Reads user memory at an address into a struct. Linux 5.5. */
export const probeReadUser = helper<(to: Memory, address: u64) => i32>(
  'probeReadUser',
  112,
  [sized(), U64],
  i32,
);
/** Sends a signal to the current process. Linux 5.3. */
export const sendSignal = helper<(signal: u32) => i32>('sendSignal', 109, [U32], i32);
