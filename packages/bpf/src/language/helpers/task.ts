/** Helpers on the current task. */
import type { MapSpec } from '../../map.ts';
import { i32, u32, u64 } from '../../scalar.ts';
import { struct } from '../../struct.ts';
import type { Infer } from '../../types.ts';
import { helper, I32, mapOf, sized, U32, U64 } from '../helper.ts';
import type { Memory } from './types.ts';

/** What {@link getNsCurrentPidTgid} answers. */
export const PidNamespaceInfo = struct('bpf_pidns_info', { process: u32, thread: u32 });

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
/** Sends a signal to the current process. Linux 5.3. */
export const sendSignal = helper<(signal: u32) => i32>('sendSignal', 109, [U32], i32);
/** Sends a signal to the current thread. Linux 5.6. */
export const sendSignalThread = helper<(signal: u32) => i32>('sendSignalThread', 117, [U32], i32);
/** The process and thread id in the namespace of that device and inode (of /proc/self/ns/pid). Linux 5.7. */
export const getNsCurrentPidTgid = helper<
  (device: u64, inode: u64, result: Infer<typeof PidNamespaceInfo>) => i32
>('getNsCurrentPidTgid', 120, [U64, U64, sized(PidNamespaceInfo)], i32);
/** The address of the `task_struct` of the current task, for {@link probeReadKernel}. Linux 4.8. */
export const getCurrentTask = helper<() => u64>('getCurrentTask', 35, [], u64);
/** Whether the current task is in the cgroup at an index of the map: 1, 0, or a negative errno. Linux 4.9. */
export const currentTaskUnderCgroup = helper<(cgroups: MapSpec<u32, u32, 'cgroupArray'>, index: u32) => i32>(
  'currentTaskUnderCgroup',
  37,
  [mapOf('cgroupArray'), U32],
  i32,
);
