/**
 * What programs do with structs of the kernel beyond reading their fields: ask whether the running kernel has a field, and
 * follow an address of which the verifier knows no type. In user space these throw.
 */
import type { KernelStruct } from '../kernel-types.ts';
import type { u64 } from '../scalar.ts';
import { programOnly } from './program-only.ts';

/** The task that the program runs for; `type` is a declaration of `task_struct`. Linux 5.11. */
export const currentTask: <T>(type: KernelStruct<T>) => T = programOnly('currentTask');

/**
 * Whether the running kernel has that field. It is known when the program is loaded, and code that it rules out is dropped
 * then, so that the code may read fields which this kernel lacks.
 */
export const fieldExists: <T>(type: KernelStruct<T>, field: keyof T & string) => boolean =
  programOnly('fieldExists');

/**
 * The struct of the kernel at an address; null for 0. Its fields are read by bpf_probe_read_kernel(), which gives 0 where there
 * is no memory. Linux 5.5.
 */
export const kernelAt: <T>(type: KernelStruct<T>, address: u64) => T | null = programOnly('kernelAt');
