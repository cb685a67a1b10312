/**
 * Types of programs that may run anywhere in the kernel, also while it holds a lock or sets a timer; the verifier refuses them
 * what could wait for that (is_tracing_prog_type in kernel/bpf/verifier.c).
 */
import type { ProgramType } from '@waggle/bpf';

export const RUNNING_ANYWHERE: readonly ProgramType[] = [
  'kprobe',
  'kretprobe',
  'uprobe',
  'uretprobe',
  'tracepoint',
  'rawTracepoint',
  'perfEvent',
];
