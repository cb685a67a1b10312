/**
 * Fields that belong to the kernel: a lock or a timer in the value of a map. They have a place in memory and a name in BTF, by
 * which the kernel finds them, but no value: neither user space nor a program reads or writes them, so values have no such
 * field. Programs use them by locked() and startTimer().
 */
/** Bytes of a map's value that only the kernel touches. */
export interface KernelMemory {
  readonly kind: 'kernel';
  readonly size: number;
  readonly alignment: number;
  /** The struct of the kernel. */
  readonly name: 'bpf_spin_lock' | 'bpf_timer';
}

/**
 * A lock that the programs of all CPUs take in turn, with locked(). A struct has at most one, and is the value of a hashMap,
 * an arrayMap or a storage. Linux 5.1.
 */
export const spinLock: KernelMemory = Object.freeze({
  kind: 'kernel',
  name: 'bpf_spin_lock',
  size: 4,
  alignment: 4,
});

/**
 * A timer that calls a function of the program, once startTimer() was called. A struct has at most one, and is the value of a
 * hashMap, a lruHashMap or an arrayMap. Linux 5.15.
 */
export const timer: KernelMemory = Object.freeze({
  kind: 'kernel',
  name: 'bpf_timer',
  size: 16,
  alignment: 8,
});

/** Whether something is memory of the kernel, to be declared as a field. */
export function isKernelMemory(candidate: unknown): candidate is KernelMemory {
  return candidate === spinLock || candidate === timer;
}
