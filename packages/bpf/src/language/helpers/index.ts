/**
 * The helper functions of the kernel that programs call, by the kernel's names (bpf-helpers(7)) without `bpf_`. Those that
 * work on a map are its methods instead (map-methods.ts), and those that take a function are of the language (loops.ts,
 * timers.ts). A result of i32 is 0 or a negative errno unless said otherwise.
 */
export * from './cgroup.ts';
export * from './checksum.ts';
export * from './message.ts';
export * from './redirect.ts';
export * from './route.ts';
export * from './sock-ops.ts';
export * from './socket.ts';
export * from './socket-buffer.ts';
export * from './task.ts';
export * from './text.ts';
export * from './time.ts';
export * from './tracing.ts';
export * from './tunnel.ts';
export * from './types.ts';
export * from './xdp.ts';
