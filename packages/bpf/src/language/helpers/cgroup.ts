/** Helpers for programs of cgroups, and on the cgroups of packets and sockets. */
import type { MapSpec } from '../../map.ts';
import type {
  CgroupSkbContext,
  CgroupSysctlContext,
  LwtContext,
  SockAddrContext,
  TcContext,
} from '../../program-contexts.ts';
import { i32, u32, u64 } from '../../scalar.ts';
import { context, helper, I32, mapOf, sized, socket, U32, U64 } from '../helper.ts';
import type { Memory, SkBuffContext, Socket } from './types.ts';

/** The id of the cgroup of the packet's socket. Linux 4.18. */
export const skbCgroupId = helper<(context: SkBuffContext) => u64>('skbCgroupId', 79, [context], u64);
/** The class id of the cgroup (net_cls) of the packet's socket. Linux 4.3. */
export const getCgroupClassid = helper<(context: SkBuffContext) => u32>(
  'getCgroupClassid',
  17,
  [context],
  u32,
);
/** The id of the cgroup of a socket. Linux 5.8. */
export const skCgroupId = helper<(socket: Socket) => u64>('skCgroupId', 128, [socket], u64);
/** What a cgroup program on system calls returns so far. Linux 5.18. */
export const getRetval = helper<() => i32>('getRetval', 186, [], i32);
/** Sets the errno (as a negative number) that the system call fails with. Linux 5.18. */
export const setRetval = helper<(value: i32) => i32>('setRetval', 187, [I32], i32);
/** Whether the packet's socket is in the cgroup at an index of the map: 1, 0, or a negative errno. Linux 4.8. */
export const skbUnderCgroup = helper<
  (context: TcContext | LwtContext, cgroups: MapSpec<u32, u32, 'cgroupArray'>, index: u32) => i32
>('skbUnderCgroup', 33, [context, mapOf('cgroupArray'), U32], i32);
/** The id of the ancestor at that level of the cgroup of the packet's socket, 0 being the root. Linux 4.19. */
export const skbAncestorCgroupId = helper<(context: TcContext | CgroupSkbContext, level: i32) => u64>(
  'skbAncestorCgroupId',
  83,
  [context, I32],
  u64,
);
/** The id of the ancestor at that level of the cgroup of a socket. Linux 5.8. */
export const skAncestorCgroupId = helper<(socket: Socket, level: i32) => u64>(
  'skAncestorCgroupId',
  129,
  [socket, I32],
  u64,
);
/** The class id of the cgroup (net_cls) of the packet's socket, also where it is received. Linux 5.10. */
export const skbCgroupClassid = helper<(context: TcContext) => u64>('skbCgroupClassid', 151, [context], u64);
/** Writes the path of the setting into a struct, with flag 1 only its last part; gives its length. Linux 5.2. */
export const sysctlGetName = helper<(context: CgroupSysctlContext, name: Memory, flags: u64) => i32>(
  'sysctlGetName',
  101,
  [context, sized(), U64],
  i32,
);
/** Writes the value of the setting, as text, into a struct; gives its length. Linux 5.2. */
export const sysctlGetCurrentValue = helper<(context: CgroupSysctlContext, value: Memory) => i32>(
  'sysctlGetCurrentValue',
  102,
  [context, sized()],
  i32,
);
/** Writes the text that the setting shall become into a struct; gives its length. Linux 5.2. */
export const sysctlGetNewValue = helper<(context: CgroupSysctlContext, value: Memory) => i32>(
  'sysctlGetNewValue',
  103,
  [context, sized()],
  i32,
);
/** Sets the text that the setting becomes. Linux 5.2. */
export const sysctlSetNewValue = helper<(context: CgroupSysctlContext, value: Memory) => i32>(
  'sysctlSetNewValue',
  104,
  [context, sized()],
  i32,
);
/** Binds the socket that is about to connect to an address, `sockaddr_in` or `sockaddr_in6`. Linux 4.17. */
export const bind = helper<(context: SockAddrContext, address: Memory) => i32>(
  'bind',
  64,
  [context, sized()],
  i32,
);
