/** Programs of e2e/tracing.test.ts, each of which tells what it reads in the kernel. */
import {
  bool,
  btfTracepoint,
  bytes,
  ConnectionOptions,
  cgroupAncestor,
  cgroupFromId,
  cgroupRelease,
  cgroupStorage,
  chars,
  config,
  connectionRelease,
  currentTask,
  fieldExists,
  hashMap,
  hton16,
  type Infer,
  i32,
  iterator,
  kernelAt,
  kernelFunction,
  kernelStruct,
  kprobe,
  kretprobe,
  pointerTo,
  rawTracepoint,
  ringBuffer,
  type SocketTuple4,
  type SocketTuple6,
  struct,
  Tc,
  taskFromPid,
  taskRelease,
  taskStorage,
  taskUnderCgroup,
  tc,
  tcConnectionLookup,
  tracepoint,
  u8,
  u16,
  u32,
  u64,
  Xdp,
  xdp,
  xdpConnectionLookup,
  zeroed,
} from '@waggle/bpf';

export const settings = config({ port: u16, process: i32, cgroup: u64 });

const Namespace = kernelStruct('net', { ns: kernelStruct('ns_common', { inum: u32 }) });
const Common = kernelStruct('sock_common', {
  skc_family: u16,
  skc_num: u16,
  /** A bit field of 4 bits. */
  skc_reuse: u8,
  /** A bit field of one bit. */
  skc_reuseport: bool,
  skc_net: kernelStruct('possible_net_t', { net: pointerTo(Namespace) }),
});
const Sock = kernelStruct('sock', {
  __sk_common: Common,
  /** Both have 16 bits in the kernel. */
  sk_type: u32,
  sk_protocol: u64,
});
export const Seen = struct('seen', {
  namespace: u32,
  family: u16,
  reuse: u8,
  reusePort: bool,
  type: u32,
  protocol: u64,
});
export const typed = ringBuffer({ bytes: 4096, record: Seen });
export const raw = ringBuffer({ bytes: 4096, record: Seen });
const ESTABLISHED = 1;

/** What is known of a socket, if it is the one that the test is about. */
function inspect(sock: Infer<typeof Sock>, seen: Infer<typeof Seen>): bool {
  const common = sock.__sk_common;
  const { net } = common.skc_net;
  if (!net || common.skc_num !== settings.port) return false;
  seen.namespace = net.ns.inum;
  seen.family = common.skc_family;
  seen.reuse = common.skc_reuse;
  seen.reusePort = common.skc_reuseport;
  seen.type = sock.sk_type;
  seen.protocol = sock.sk_protocol;
  return true;
}

export const readTyped = btfTracepoint(
  'inet_sock_set_state',
  (ctx) => {
    const sock = ctx.argument(0, Sock);
    const seen = zeroed(Seen);
    if (!sock || ctx.argument(2, i32) !== ESTABLISHED) return;
    if (inspect(sock, seen)) typed.output(seen);
  },
  { license: 'GPL' },
);

export const readRaw = rawTracepoint(
  'inet_sock_set_state',
  (ctx) => {
    const sock = ctx.argument(0, Sock);
    const seen = zeroed(Seen);
    if (!sock || ctx.argument(2, i32) !== ESTABLISHED) return;
    if (inspect(sock, seen)) raw.output(seen);
  },
  { license: 'GPL' },
);

const Task = kernelStruct('task_struct', { pid: i32, tgid: i32, comm: chars(16) });
export const Process = struct('process', { pid: i32, command: chars(16) });
export const processes = hashMap({ key: u32, value: Process, maxEntries: 4 });

/** Finds a task by its number, and says how it is called. */
export const findTask = xdp(
  () => {
    const task = taskFromPid(settings.process);
    if (!task) return Xdp.Aborted;
    processes.update(0, { pid: task.tgid, command: task.comm });
    taskRelease(task);
    return Xdp.Pass;
  },
  { license: 'GPL' },
);

/** The level of a cgroup, whether the process is in it, and whether the root is above it. */
export const findCgroup = xdp(
  () => {
    const cgroup = cgroupFromId(settings.cgroup);
    if (!cgroup) return 0;
    const level = u32(cgroup.level);
    const root = cgroupAncestor(cgroup, 0);
    const task = taskFromPid(settings.process);
    const member = task ? taskUnderCgroup(task, cgroup) : 0n;
    const rootLevel = root ? root.level : 9;
    if (task) taskRelease(task);
    if (root) cgroupRelease(root);
    cgroupRelease(cgroup);
    return level * 100 + u32(member) * 10 + u32(rootLevel);
  },
  { license: 'GPL' },
);

/** Asks for a connection that nobody has: returns the errno. */
export const findConnection = xdp(
  (ctx) => {
    const ends: Infer<typeof SocketTuple4> = {
      sourceAddress: 0x0a000001,
      destinationAddress: 0x0a000002,
      sourcePort: 1,
      destinationPort: hton16(settings.port),
    };
    const options: Infer<typeof ConnectionOptions> = {
      namespace: -1,
      error: 0,
      protocol: 6,
      direction: 0,
      zone: 0,
      zoneDirection: 0,
      reserved: [0, 0, 0],
    };
    const found = xdpConnectionLookup(ctx, ends, options);
    if (found) {
      connectionRelease(found);
      return 0;
    }
    return u32(-options.error);
  },
  { license: 'GPL' },
);

/** Goes through all tasks, and keeps the one of the test. */
export const listTasks = iterator(
  'task',
  (ctx) => {
    const { task } = ctx.field(kernelIterator);
    if (task && task.pid === settings.process) {
      processes.update(1, { pid: task.pid, command: task.comm });
      processes.update(2, { pid: currentTask(Task).tgid, command: currentTask(Task).comm });
    }
    return 0;
  },
  { license: 'GPL' },
);
const kernelIterator = kernelStruct('bpf_iter__task', { task: pointerTo(Task) });

const Visits = struct('visits', { count: u32, last: u64 });
export const taskVisits = taskStorage({ value: Visits });
export const cgroupVisits = cgroupStorage({ value: u32 });

/** Counts, in values that hang on the process and on its cgroup, how often it was seen. */
export const countVisits = iterator(
  'task',
  (ctx) => {
    const { task } = ctx.field(kernelIterator);
    if (!task || task.pid !== settings.process) return 0;
    const before = taskVisits.lookup(task)?.count ?? 100;
    const visits = taskVisits.ensure(task);
    if (!visits) return 0;
    visits.count += 1;
    counts.update(0, before);
    counts.update(1, visits.count);
    if (visits.count === 3) counts.update(2, taskVisits.delete(currentTask(Task)) === 0 ? 1 : 2);
    const cgroup = cgroupFromId(settings.cgroup);
    if (!cgroup) return 0;
    counts.update(3, (cgroupVisits.ensure(cgroup) ?? 7) + (cgroupVisits.lookup(cgroup) ?? 50));
    cgroupRelease(cgroup);
    return 0;
  },
  { license: 'GPL' },
);

const StateChange = kernelStruct('trace_event_raw_inet_sock_set_state', { newstate: i32, sport: u16 });
export const counts = hashMap({ key: u32, value: u32, maxEntries: 4 });

/** Counts the connections of the server. */
export const countChanges = tracepoint(
  'sock/inet_sock_set_state',
  (ctx) => {
    const change = ctx.field(StateChange);
    if (change.newstate === ESTABLISHED && change.sport === settings.port) {
      counts.update(0, (counts.lookup(0) ?? 0) + 1);
    }
  },
  { license: 'GPL' },
);

const Later = kernelStruct('task_struct', { pid: i32, invented_field: u32 });
const inventedFunction = kernelFunction('bpf_invented_function', [i32], u32);

export const missesField = btfTracepoint(
  'sched_process_exit',
  (ctx) => {
    const task = ctx.argument(0, Later);
    if (task && task.invented_field > 5) counts.update(1, 1);
  },
  { license: 'GPL' },
);

export const asksForField = btfTracepoint(
  'sched_process_exit',
  (ctx) => {
    const task = ctx.argument(0, Later);
    if (task && fieldExists(Later, 'invented_field') && task.invented_field > 5) counts.update(1, 1);
  },
  { license: 'GPL' },
);

export const missesFunction = xdp(() => inventedFunction(1), { license: 'GPL' });

// Programs that are only loaded here: lockdown or the lack of traffic keep them from running.

function portOf(common: Infer<typeof Common>): u16 {
  return common.skc_num;
}

export const probesReturn = kretprobe(
  'inet_csk_accept',
  (ctx) => {
    const sock = kernelAt(Sock, ctx.returnValue);
    if (sock) counts.update(portOf(sock.__sk_common), u32(currentTask(Task).tgid));
  },
  { license: 'GPL' },
);

export const probesEntry = kprobe(
  'tcp_v4_connect',
  (ctx) => {
    const sock = ctx.argument(0, Sock);
    if (sock)
      processes.update(portOf(sock.__sk_common), {
        pid: ctx.argument(2, i32),
        command: currentTask(Task).comm,
      });
  },
  { license: 'GPL' },
);

const NamedTask = kernelStruct('task_struct', { comm: bytes(16) });

/** An index that varies, into an array in the kernel. */
export const readsCharacters = btfTracepoint(
  'sched_process_exit',
  (ctx) => {
    const task = ctx.argument(0, NamedTask);
    if (!task) return;
    let sum = 0;
    for (let index = 0; index < 16; index++) sum += task.comm[index] ?? 0;
    counts.update(2, sum);
  },
  { license: 'GPL' },
);

export const tracksConnections = tc(
  (ctx) => {
    const ends: Infer<typeof SocketTuple6> = {
      sourceAddress: [0, 0, 0, 1],
      destinationAddress: [0, 0, 0, 2],
      sourcePort: 1,
      destinationPort: 2,
    };
    const options = zeroed(ConnectionOptions);
    options.namespace = -1;
    options.protocol = 17;
    const found = tcConnectionLookup(ctx, ends, options);
    if (!found) return Tc.Next;
    const mark = found.mark;
    const status = found.status;
    connectionRelease(found);
    return mark === 5 && (status & 2n) !== 0n ? Tc.Shot : Tc.Next;
  },
  { license: 'GPL' },
);
