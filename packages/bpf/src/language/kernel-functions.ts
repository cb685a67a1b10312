/**
 * Functions of the kernel (kfuncs) of use to programs about networks and processes: tasks, cgroups, tracked connections. The
 * kernel promises less for them than for helpers: each may be missing, which is an error when a program that calls it is
 * loaded. More are declared in the same way, with {@link kernelFunction}.
 */
import { kernelStruct, pointerTo } from '../kernel-types.ts';
import type { TcContext, XdpContext } from '../program-contexts.ts';
import { i32, i64, u8, u16, u32, u64 } from '../scalar.ts';
import { struct } from '../struct.ts';
import { array, chars } from '../types.ts';
import { SocketTuple4, SocketTuple6 } from './helpers/socket.ts';
import { contextParameter, kernelFunction, sizedParameter } from './kernel-function.ts';

export {
  type ContextParameter,
  contextParameter,
  type KernelArgument,
  type KernelFunction,
  type KernelFunctionSpec,
  type KernelFunctionTraits,
  type KernelParameter,
  type KernelResult,
  kernelFunction,
  kernelFunctionSpec,
  type SizedParameter,
  sizedParameter,
} from './kernel-function.ts';

/** A process or thread. Declare another `kernelStruct('task_struct', …)` to read other fields. */
export const KernelTask = kernelStruct('task_struct', { pid: i32, tgid: i32, comm: chars(16) });
/** A control group. */
export const KernelCgroup = kernelStruct('cgroup', {
  level: i32,
  kn: pointerTo(kernelStruct('kernfs_node', { id: u64 })),
});
/** A tracked connection. */
export const TrackedConnection = kernelStruct('nf_conn', { status: u64, timeout: u32, mark: u32 });

// Tasks

/** Gives a task back. Linux 6.1. */
export const taskRelease = kernelFunction('bpf_task_release', [KernelTask], undefined, { releases: true });
/** The thread of that id in the initial namespace of processes, or null. Linux 6.2. */
export const taskFromPid = kernelFunction('bpf_task_from_pid', [i32], KernelTask, { acquires: taskRelease });
/** The thread of that id in the namespace of the current process, or null. Linux 6.14. */
export const taskFromVpid = kernelFunction('bpf_task_from_vpid', [i32], KernelTask, {
  acquires: taskRelease,
});

// Control groups

/** Gives a cgroup back. Linux 6.2. */
export const cgroupRelease = kernelFunction('bpf_cgroup_release', [KernelCgroup], undefined, {
  releases: true,
});
/** The cgroup of that id, or null. Linux 6.3. */
export const cgroupFromId = kernelFunction('bpf_cgroup_from_id', [u64], KernelCgroup, {
  acquires: cgroupRelease,
});
/** Its ancestor at that level, 0 being the root, or null. Linux 6.2. */
export const cgroupAncestor = kernelFunction('bpf_cgroup_ancestor', [KernelCgroup, i32], KernelCgroup, {
  acquires: cgroupRelease,
});
/** 1 if the task is in the cgroup or one below it, else 0. Linux 6.5. */
export const taskUnderCgroup = kernelFunction('bpf_task_under_cgroup', [KernelTask, KernelCgroup], i64);

// Tracked connections

/** The question to connection tracking, and its answer: `struct bpf_ct_opts`. */
export const ConnectionOptions = struct('bpf_ct_opts', {
  /** The id of a network namespace, or -1 for the own one. */
  namespace: i32,
  /** A negative errno where nothing was found. */
  error: i32,
  protocol: u8,
  /** 0 when the tuple is that of the original direction, 1 for that of replies. */
  direction: u8,
  zone: u16,
  zoneDirection: u8,
  reserved: array(u8, 3),
});

const tuple = sizedParameter(SocketTuple4, SocketTuple6);
const options = sizedParameter(ConnectionOptions);

/** Gives a connection back. Linux 5.18. */
export const connectionRelease = kernelFunction('bpf_ct_release', [TrackedConnection], undefined, {
  releases: true,
});
/** The connection that packets of these ends belong to, or null. Linux 5.18; the zone 6.10. */
export const xdpConnectionLookup = kernelFunction(
  'bpf_xdp_ct_lookup',
  [contextParameter<XdpContext>(), tuple, options],
  TrackedConnection,
  { acquires: connectionRelease },
);
/** Like {@link xdpConnectionLookup}, for tc programs. */
export const tcConnectionLookup = kernelFunction(
  'bpf_skb_ct_lookup',
  [contextParameter<TcContext>(), tuple, options],
  TrackedConnection,
  { acquires: connectionRelease },
);
