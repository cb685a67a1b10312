/**
 * The table of program types: numbers of the kernel (`enum bpf_prog_type` and `enum bpf_attach_type` in
 * include/uapi/linux/bpf.h) and the ELF sections by which libbpf and bpftool know them. Declarations, the ELF
 * writer and the loader derive from it. One row is one place of attachment, which may share its program type
 * with others.
 */

/** What the kernel and libbpf need to know of a program type. */
export interface ProgramTypeInfo {
  /** The value of `enum bpf_prog_type`. */
  readonly number: number;
  /** Its name there. */
  readonly kernelName: string;
  /** The expected attach type, where the program type and its place of attachment fix it. */
  readonly attachType?: number;
  /** The name of that in `enum bpf_attach_type`. */
  readonly attachName?: string;
  /** The ELF section; programs with a target are in `section/target`. */
  readonly section: string;
  /** The first kernel that has it. */
  readonly since: string;
}

type Attach = readonly [number: number, name: string];

/** Every program type of the language. */
export const programTypes = Object.freeze({
  socketFilter: row(1, 'SOCKET_FILTER', 'socket', '3.19'),
  kprobe: row(2, 'KPROBE', 'kprobe', '4.1'),
  kretprobe: row(2, 'KPROBE', 'kretprobe', '4.1'),
  uprobe: row(2, 'KPROBE', 'uprobe', '4.1'),
  uretprobe: row(2, 'KPROBE', 'uretprobe', '4.1'),
  tc: row(3, 'SCHED_CLS', 'tc', '4.1'),
  tracepoint: row(5, 'TRACEPOINT', 'tracepoint', '4.7'),
  xdp: row(6, 'XDP', 'xdp', '4.8', [37, 'BPF_XDP']),
  perfEvent: row(7, 'PERF_EVENT', 'perf_event', '4.9'),
  cgroupSkbIngress: row(8, 'CGROUP_SKB', 'cgroup_skb/ingress', '4.10', [0, 'BPF_CGROUP_INET_INGRESS']),
  cgroupSkbEgress: row(8, 'CGROUP_SKB', 'cgroup_skb/egress', '4.10', [1, 'BPF_CGROUP_INET_EGRESS']),
  cgroupSockCreate: row(9, 'CGROUP_SOCK', 'cgroup/sock_create', '4.10', [2, 'BPF_CGROUP_INET_SOCK_CREATE']),
  cgroupSockRelease: row(9, 'CGROUP_SOCK', 'cgroup/sock_release', '5.9', [
    34,
    'BPF_CGROUP_INET_SOCK_RELEASE',
  ]),
  cgroupPostBind4: row(9, 'CGROUP_SOCK', 'cgroup/post_bind4', '4.17', [12, 'BPF_CGROUP_INET4_POST_BIND']),
  cgroupPostBind6: row(9, 'CGROUP_SOCK', 'cgroup/post_bind6', '4.17', [13, 'BPF_CGROUP_INET6_POST_BIND']),
  lwtIn: row(10, 'LWT_IN', 'lwt_in', '4.10'),
  lwtOut: row(11, 'LWT_OUT', 'lwt_out', '4.10'),
  lwtXmit: row(12, 'LWT_XMIT', 'lwt_xmit', '4.10'),
  sockOps: row(13, 'SOCK_OPS', 'sockops', '4.13', [3, 'BPF_CGROUP_SOCK_OPS']),
  skSkbParser: row(14, 'SK_SKB', 'sk_skb/stream_parser', '4.14', [4, 'BPF_SK_SKB_STREAM_PARSER']),
  skSkbStreamVerdict: row(14, 'SK_SKB', 'sk_skb/stream_verdict', '4.14', [5, 'BPF_SK_SKB_STREAM_VERDICT']),
  skSkbVerdict: row(14, 'SK_SKB', 'sk_skb/verdict', '5.13', [38, 'BPF_SK_SKB_VERDICT']),
  cgroupDevice: row(15, 'CGROUP_DEVICE', 'cgroup/dev', '4.15', [6, 'BPF_CGROUP_DEVICE']),
  skMsg: row(16, 'SK_MSG', 'sk_msg', '4.17', [7, 'BPF_SK_MSG_VERDICT']),
  rawTracepoint: row(17, 'RAW_TRACEPOINT', 'raw_tp', '4.17'),
  cgroupBind4: sockAddr('bind4', '4.17', [8, 'INET4_BIND']),
  cgroupBind6: sockAddr('bind6', '4.17', [9, 'INET6_BIND']),
  cgroupConnect4: sockAddr('connect4', '4.17', [10, 'INET4_CONNECT']),
  cgroupConnect6: sockAddr('connect6', '4.17', [11, 'INET6_CONNECT']),
  cgroupConnectUnix: sockAddr('connect_unix', '6.7', [49, 'UNIX_CONNECT']),
  cgroupSendmsg4: sockAddr('sendmsg4', '4.18', [14, 'UDP4_SENDMSG']),
  cgroupSendmsg6: sockAddr('sendmsg6', '4.18', [15, 'UDP6_SENDMSG']),
  cgroupSendmsgUnix: sockAddr('sendmsg_unix', '6.7', [50, 'UNIX_SENDMSG']),
  cgroupRecvmsg4: sockAddr('recvmsg4', '5.2', [19, 'UDP4_RECVMSG']),
  cgroupRecvmsg6: sockAddr('recvmsg6', '5.2', [20, 'UDP6_RECVMSG']),
  cgroupRecvmsgUnix: sockAddr('recvmsg_unix', '6.7', [51, 'UNIX_RECVMSG']),
  cgroupGetpeername4: sockAddr('getpeername4', '5.8', [29, 'INET4_GETPEERNAME']),
  cgroupGetpeername6: sockAddr('getpeername6', '5.8', [30, 'INET6_GETPEERNAME']),
  cgroupGetpeernameUnix: sockAddr('getpeername_unix', '6.7', [52, 'UNIX_GETPEERNAME']),
  cgroupGetsockname4: sockAddr('getsockname4', '5.8', [31, 'INET4_GETSOCKNAME']),
  cgroupGetsockname6: sockAddr('getsockname6', '5.8', [32, 'INET6_GETSOCKNAME']),
  cgroupGetsocknameUnix: sockAddr('getsockname_unix', '6.7', [53, 'UNIX_GETSOCKNAME']),
  lwtSeg6Local: row(19, 'LWT_SEG6LOCAL', 'lwt_seg6local', '4.18'),
  skReuseport: row(21, 'SK_REUSEPORT', 'sk_reuseport', '4.19', [39, 'BPF_SK_REUSEPORT_SELECT']),
  skReuseportMigrate: row(21, 'SK_REUSEPORT', 'sk_reuseport/migrate', '5.14', [
    40,
    'BPF_SK_REUSEPORT_SELECT_OR_MIGRATE',
  ]),
  flowDissector: row(22, 'FLOW_DISSECTOR', 'flow_dissector', '4.20', [17, 'BPF_FLOW_DISSECTOR']),
  cgroupSysctl: row(23, 'CGROUP_SYSCTL', 'cgroup/sysctl', '5.2', [18, 'BPF_CGROUP_SYSCTL']),
  cgroupGetsockopt: row(25, 'CGROUP_SOCKOPT', 'cgroup/getsockopt', '5.3', [21, 'BPF_CGROUP_GETSOCKOPT']),
  cgroupSetsockopt: row(25, 'CGROUP_SOCKOPT', 'cgroup/setsockopt', '5.3', [22, 'BPF_CGROUP_SETSOCKOPT']),
  btfTracepoint: row(26, 'TRACING', 'tp_btf', '5.5', [23, 'BPF_TRACE_RAW_TP']),
  fentry: row(26, 'TRACING', 'fentry', '5.5', [24, 'BPF_TRACE_FENTRY']),
  fexit: row(26, 'TRACING', 'fexit', '5.5', [25, 'BPF_TRACE_FEXIT']),
  iterator: row(26, 'TRACING', 'iter', '5.8', [28, 'BPF_TRACE_ITER']),
  structOps: row(27, 'STRUCT_OPS', 'struct_ops', '5.6'),
  lsm: row(29, 'LSM', 'lsm', '5.7', [27, 'BPF_LSM_MAC']),
  skLookup: row(30, 'SK_LOOKUP', 'sk_lookup', '5.9', [36, 'BPF_SK_LOOKUP']),
  syscall: row(31, 'SYSCALL', 'syscall', '5.14'),
  netfilter: row(32, 'NETFILTER', 'netfilter', '6.4', [45, 'BPF_NETFILTER']),
});

/** The name of a program type: `xdp`, `cgroupConnect4`, … */
export type ProgramType = keyof typeof programTypes;

function row(number: number, name: string, section: string, since: string, attach?: Attach): ProgramTypeInfo {
  const kernelName = `BPF_PROG_TYPE_${name}`;
  if (attach === undefined) return Object.freeze({ number, kernelName, section, since });
  const [attachType, attachName] = attach;
  return Object.freeze({ number, kernelName, attachType, attachName, section, since });
}

function sockAddr(section: string, since: string, [attachType, name]: Attach): ProgramTypeInfo {
  return row(18, 'CGROUP_SOCK_ADDR', `cgroup/${section}`, since, [attachType, `BPF_CGROUP_${name}`]);
}
