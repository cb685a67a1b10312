/** Helpers of tracing programs: memory by address, call stacks, counters. */
import type { MapSpec } from '../../map.ts';
import { i32, type u32, u64 } from '../../scalar.ts';
import { struct } from '../../struct.ts';
import type { Infer } from '../../types.ts';
import { context, helper, mapOf, sized, U64 } from '../helper.ts';
import type { Memory } from './types.ts';

/** A performance counter, and how long it was on and counted: `struct bpf_perf_event_value`. */
export const PerfValue = struct('bpf_perf_event_value', { counter: u64, enabled: u64, running: u64 });

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
/** Reads the text at an address of the kernel into a struct, up to its NUL; gives its length with the NUL. Linux 5.5. */
export const probeReadKernelStr = helper<(to: Memory, address: u64) => i32>(
  'probeReadKernelStr',
  115,
  [sized(), U64],
  i32,
);
/** Reads the text at an address of the process into a struct, up to its NUL; gives its length with the NUL. Linux 5.5. */
export const probeReadUserStr = helper<(to: Memory, address: u64) => i32>(
  'probeReadUserStr',
  114,
  [sized(), U64],
  i32,
);
/** Like {@link probeReadUser} in programs that may sleep: also what has to be fetched. Linux 5.10. */
export const copyFromUser = helper<(to: Memory, address: u64) => i32>(
  'copyFromUser',
  148,
  [sized(), U64],
  i32,
);
/** Writes a struct to memory of the process; warns in the log of the kernel. Linux 4.8. */
export const probeWriteUser = helper<(address: u64, from: Memory) => i32>(
  'probeWriteUser',
  36,
  [U64, sized()],
  i32,
);
/** Keeps the call stack in the map, and gives its id there; flag 256 for that of user space. Linux 4.6. */
export const getStackid = helper<
  (context: object, stacks: MapSpec<u32, u64[], 'stackTrace'>, flags: u64) => i32
>('getStackid', 27, [context, mapOf('stackTrace'), U64], i32);
/** Writes the addresses of the call stack into a struct; gives their size. Linux 4.18. */
export const getStack = helper<(context: object, to: Memory, flags: u64) => i32>(
  'getStack',
  67,
  [context, sized(), U64],
  i32,
);
/** The address of the traced function. Linux 5.15. */
export const getFuncIp = helper<(context: object) => u64>('getFuncIp', 173, [context], u64);
/** The number that user space gave when it attached the program. Linux 5.15. */
export const getAttachCookie = helper<(context: object) => u64>('getAttachCookie', 174, [context], u64);
/** Has the traced function return that at once (kprobe, of functions that allow it). Linux 4.16. */
export const overrideReturn = helper<(context: object, result: u64) => i32>(
  'overrideReturn',
  58,
  [context, U64],
  i32,
);
/** Reads the counter at an index of the map (or 0xffffffff: of this CPU). Linux 4.15. */
export const perfEventReadValue = helper<
  (events: MapSpec<u32, u32, 'perfEventArray'>, flags: u64, value: Infer<typeof PerfValue>) => i32
>('perfEventReadValue', 55, [mapOf('perfEventArray'), U64, sized(PerfValue)], i32);
/** Reads the counter of the event that called the program. Linux 4.15. */
export const perfProgReadValue = helper<(context: object, value: Infer<typeof PerfValue>) => i32>(
  'perfProgReadValue',
  56,
  [context, sized(PerfValue)],
  i32,
);
