/** What each program type is good for here: what is lost without it, and the option that builds it in. */
import type { ProgramType } from '@waggle/bpf';

type About = readonly [meaning: string, config: string];

const EVENTS = 'CONFIG_BPF_EVENTS';
const CGROUP = 'CONFIG_CGROUP_BPF';
const INET = 'CONFIG_INET';
const NET = 'CONFIG_NET';
const BTF = 'CONFIG_DEBUG_INFO_BTF';
const TRAMPOLINE = 'CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS and CONFIG_DEBUG_INFO_BTF';

const kernelFunctions: About = ['no tracing of kernel functions; waggle uses tracepoints instead', EVENTS];
const userFunctions: About = ['no tracing of user-space functions', EVENTS];
const trampolines: About = [kernelFunctions[0], TRAMPOLINE];
const routes: About = ['no programs in routes; waggle does not need them', NET];
const shortCut: About = ['no short cut between local sockets; data takes the way through the stack', INET];
const cgroupPackets: About = [
  'no policy on the packets of one service; waggle uses its device instead',
  CGROUP,
];
const sockets: About = ['no say when a service opens or closes a socket', CGROUP];
const ports: About = ['no say in the ports that a service takes', CGROUP];
const connect: About = ['services are not balanced in the socket; waggle needs it for services', CGROUP];
const sendmsg: About = ['UDP services are not balanced in the socket', CGROUP];
const recvmsg: About = ['replies of UDP services show the address of the backend', CGROUP];
const peerName: About = ['getpeername() shows the backend instead of the service', CGROUP];
const socketName: About = ['getsockname() cannot show another address', CGROUP];
const unix: About = ['no say in the addresses of Unix sockets; waggle does not need it', CGROUP];
const reuseport: About = ['programs cannot choose among listeners of one port; the kernel hashes', INET];

/** Meaning and option of every row of the table of program types. */
export const programMeanings: Readonly<Record<ProgramType, About>> = {
  socketFilter: ['no filters on packet sockets; waggle does not need them', NET],
  kprobe: kernelFunctions,
  kretprobe: kernelFunctions,
  uprobe: userFunctions,
  uretprobe: userFunctions,
  tc: ['no policy on network devices; waggle needs it', NET],
  tracepoint: ['no events from tracepoints; waggle uses raw ones instead', EVENTS],
  xdp: ['no filtering before the stack; waggle filters in tc instead', NET],
  perfEvent: ['no sampling of what runs on the CPUs', 'CONFIG_PERF_EVENTS'],
  cgroupSkbIngress: cgroupPackets,
  cgroupSkbEgress: cgroupPackets,
  cgroupSockCreate: sockets,
  cgroupSockRelease: sockets,
  cgroupPostBind4: ports,
  cgroupPostBind6: ports,
  lwtIn: routes,
  lwtOut: routes,
  lwtXmit: routes,
  sockOps: ['no events from TCP connections, and no short cut between local sockets', CGROUP],
  skSkbParser: shortCut,
  skSkbStreamVerdict: shortCut,
  skSkbVerdict: shortCut,
  cgroupDevice: ['no rules on device files', CGROUP],
  skMsg: shortCut,
  rawTracepoint: ['no events from tracepoints: drops in the stack stay unseen', EVENTS],
  cgroupBind4: ports,
  cgroupBind6: ports,
  cgroupConnect4: connect,
  cgroupConnect6: connect,
  cgroupConnectUnix: unix,
  cgroupSendmsg4: sendmsg,
  cgroupSendmsg6: sendmsg,
  cgroupSendmsgUnix: unix,
  cgroupRecvmsg4: recvmsg,
  cgroupRecvmsg6: recvmsg,
  cgroupRecvmsgUnix: unix,
  cgroupGetpeername4: peerName,
  cgroupGetpeername6: peerName,
  cgroupGetpeernameUnix: unix,
  cgroupGetsockname4: socketName,
  cgroupGetsockname6: socketName,
  cgroupGetsocknameUnix: unix,
  lwtSeg6Local: routes,
  skReuseport: reuseport,
  skReuseportMigrate: reuseport,
  flowDissector: ['the flow dissector stays the built-in one', NET],
  cgroupSysctl: ['no rules on kernel parameters', `${CGROUP} and CONFIG_SYSCTL`],
  cgroupGetsockopt: ['socket options cannot show other values', CGROUP],
  cgroupSetsockopt: ['no rules on socket options', CGROUP],
  btfTracepoint: ['tracepoint arguments have no types; waggle uses raw tracepoints', `${EVENTS} and ${BTF}`],
  fentry: trampolines,
  fexit: trampolines,
  iterator: ['no dumps of sockets and tasks by programs; waggle reads /proc and netlink instead', BTF],
  structOps: ['no congestion control by programs; waggle does not need it', `CONFIG_BPF_JIT and ${BTF}`],
  lsm: ['no security hooks; waggle enforces on sockets, cgroups and devices instead', 'CONFIG_BPF_LSM'],
  skLookup: ['ports cannot be steered to a proxy by programs', INET],
  syscall: ['no programs that user space calls; waggle does not need them', 'CONFIG_BPF_SYSCALL'],
  netfilter: ['no programs at netfilter hooks; waggle uses tc instead', 'CONFIG_NETFILTER_BPF_LINK'],
};
