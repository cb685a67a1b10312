/**
 * The contexts that programs are given, laid out as in include/uapi/linux/bpf.h (a test compares them with
 * the running kernel's). They are structs like any other, so the same declaration types the programs, gives
 * the compiler its offsets, and encodes the `ctx_in` of BPF_PROG_TEST_RUN. Pointers are u64 placeholders; the
 * compiler has its own ways to them.
 *
 * Fields of the kind "32 bits, of which a port in network order takes the first 16" are u32 here as they are
 * there.
 */
import { be16, be32, i32, u8, u32, u64 } from './scalar.ts';
import { struct } from './struct.ts';
import { array } from './types.ts';

/** An IPv6 address in a context: programs may only load its four words. */
const ipv6 = array(be32, 4);

/** Context of XDP programs. */
export const XdpMd = struct('xdp_md', {
  data: u32,
  dataEnd: u32,
  dataMeta: u32,
  ingressInterface: u32,
  receiveQueue: u32,
  egressInterface: u32,
});

/**
 * Context of programs on socket buffers: tc, socket filters, cgroup skb, sk_skb, lightweight tunnels, flow
 * dissector.
 */
export const SkBuff = struct('__sk_buff', {
  length: u32,
  packetType: u32,
  mark: u32,
  queueMapping: u32,
  /** The EtherType in network order, in the first two bytes. */
  protocol: u32,
  vlanPresent: u32,
  vlanTci: u32,
  vlanProtocol: u32,
  priority: u32,
  ingressInterface: u32,
  interfaceIndex: u32,
  tcIndex: u32,
  controlBlock: array(u32, 5),
  hash: u32,
  tcClassId: u32,
  data: u32,
  dataEnd: u32,
  napiId: u32,
  family: u32,
  remoteIp4: be32,
  localIp4: be32,
  remoteIp6: ipv6,
  localIp6: ipv6,
  /** In network order, as 32 bits. */
  remotePort: u32,
  /** In host order. */
  localPort: u32,
  dataMeta: u32,
  flowKeys: u64,
  timestamp: u64,
  wireLength: u32,
  gsoSegments: u32,
  socket: u64,
  gsoSize: u32,
  timestampType: u8,
  hardwareTimestamp: u64,
});

/**
 * Context of cgroup programs on socket addresses: bind, connect, sendmsg, recvmsg, getpeername, getsockname.
 */
export const SockAddr = struct('bpf_sock_addr', {
  userFamily: u32,
  userIp4: be32,
  userIp6: ipv6,
  /** In network order, in the first two bytes. */
  userPort: u32,
  family: u32,
  type: u32,
  protocol: u32,
  sourceIp4: be32,
  sourceIp6: ipv6,
  socket: u64,
});

/** Context of cgroup programs on sockets, and what a socket pointer points to. */
export const Sock = struct('bpf_sock', {
  boundInterface: u32,
  family: u32,
  type: u32,
  protocol: u32,
  mark: u32,
  priority: u32,
  sourceIp4: be32,
  sourceIp6: ipv6,
  /** In host order. */
  sourcePort: u32,
  destinationPort: be16,
  destinationIp4: be32,
  destinationIp6: ipv6,
  state: u32,
  receiveQueue: i32,
});

/** Context of sk_lookup programs. */
export const SkLookupMd = struct('bpf_sk_lookup', {
  /** The selected socket for programs; the cookie of the selected socket in the `ctx_out` of a test run. */
  cookie: u64,
  family: u32,
  protocol: u32,
  remoteIp4: be32,
  remoteIp6: ipv6,
  remotePort: be16,
  localIp4: be32,
  localIp6: ipv6,
  /** In host order. */
  localPort: u32,
  ingressInterface: u32,
});

/** Context of sock_ops programs. */
export const SockOpsMd = struct('bpf_sock_ops', {
  operation: u32,
  /** The arguments of the operation; what is answered goes to the first. */
  arguments: array(u32, 4),
  family: u32,
  remoteIp4: be32,
  localIp4: be32,
  remoteIp6: ipv6,
  localIp6: ipv6,
  /** In network order, as 32 bits. */
  remotePort: u32,
  /** In host order. */
  localPort: u32,
  isFullSocket: u32,
  congestionWindow: u32,
  smoothedRoundTrip: u32,
  callbackFlags: u32,
  state: u32,
  minimumRoundTrip: u32,
  slowStartThreshold: u32,
  receiveNext: u32,
  sendNext: u32,
  sendUnacknowledged: u32,
  mss: u32,
  ecnFlags: u32,
  rateDelivered: u32,
  rateInterval: u32,
  packetsOut: u32,
  retransmitsOut: u32,
  totalRetransmits: u32,
  segmentsIn: u32,
  dataSegmentsIn: u32,
  segmentsOut: u32,
  dataSegmentsOut: u32,
  lostOut: u32,
  selectivelyAcknowledgedOut: u32,
  transmitHash: u32,
  bytesReceived: u64,
  bytesAcknowledged: u64,
  socket: u64,
  data: u64,
  dataEnd: u64,
  packetLength: u32,
  tcpFlags: u32,
  hardwareTimestamp: u64,
});

/** Context of sk_msg programs. */
export const SkMsgMd = struct('sk_msg_md', {
  data: u64,
  dataEnd: u64,
  family: u32,
  remoteIp4: be32,
  localIp4: be32,
  remoteIp6: ipv6,
  localIp6: ipv6,
  /** In network order, as 32 bits. */
  remotePort: u32,
  /** In host order. */
  localPort: u32,
  size: u32,
  socket: u64,
});

/** Context of sk_reuseport programs. */
export const SkReuseportMd = struct('sk_reuseport_md', {
  data: u64,
  dataEnd: u64,
  length: u32,
  /** The EtherType in network order, in the first two bytes. */
  etherType: u32,
  protocol: u32,
  boundToAny: u32,
  hash: u32,
  socket: u64,
  migratingSocket: u64,
});

/** Context of cgroup programs on getsockopt and setsockopt. */
export const SockoptMd = struct('bpf_sockopt', {
  socket: u64,
  value: u64,
  valueEnd: u64,
  level: i32,
  option: i32,
  length: i32,
  returnValue: i32,
});

/** Context of cgroup programs on sysctl. */
export const SysctlMd = struct('bpf_sysctl', { write: u32, filePosition: u32 });

/**
 * Context of cgroup programs on devices: access (mknod 1, read 2, write 4) in the upper half of `access`,
 * block 1 or character 2 below.
 */
export const DeviceAccessMd = struct('bpf_cgroup_dev_ctx', { access: u32, major: u32, minor: u32 });
