/** Sends a record for every IPv4 connection that is established or given up in one network namespace. */
import {
  be16,
  be32,
  bool,
  btfTracepoint,
  chars,
  config,
  currentTask,
  i32,
  kernelStruct,
  pointerTo,
  ringBuffer,
  struct,
  u16,
  u32,
} from '@waggle/bpf';

/** The fields that we want, by the names that they have in the kernel; where they are, the running kernel says. */
const Task = kernelStruct('task_struct', { comm: chars(16) });
const Namespace = kernelStruct('net', { ns: kernelStruct('ns_common', { inum: u32 }) });
const Sock = kernelStruct('sock', {
  __sk_common: kernelStruct('sock_common', {
    skc_family: u16,
    skc_rcv_saddr: be32,
    skc_num: u16,
    skc_daddr: be32,
    skc_dport: be16,
    skc_net: kernelStruct('possible_net_t', { net: pointerTo(Namespace) }),
  }),
});

const Event = struct('event', {
  local: be32,
  remote: be32,
  localPort: u16,
  remotePort: be16,
  opened: bool,
  command: chars(16),
});
export const events = ringBuffer({ bytes: 262_144, record: Event });
/** Tracepoints fire for all of the machine; this is the inode of the namespace that we want. */
export const settings = config({ namespace: u32 });
const [IPV4, ESTABLISHED] = [2, 1];

export const logger = btfTracepoint(
  'inet_sock_set_state',
  (ctx) => {
    const sock = ctx.argument(0, Sock);
    const opened = ctx.argument(2, i32) === ESTABLISHED;
    if (!sock || (!opened && ctx.argument(1, i32) !== ESTABLISHED)) return;
    const common = sock.__sk_common;
    const { net } = common.skc_net;
    if (!net || net.ns.inum !== settings.namespace || common.skc_family !== IPV4) return;
    const { skc_rcv_saddr: local, skc_num: localPort, skc_daddr: remote, skc_dport: remotePort } = common;
    events.output({ local, remote, localPort, remotePort, opened, command: currentTask(Task).comm });
  },
  { license: 'GPL' },
);
