/**
 * The only import of the FFI library: the C library's functions that waggle calls, each under its own name and
 * with fixed types. They return what the kernel returns: a result >= 0, or `-errno`.
 *
 * Addresses are plain numbers here (user space ends below 2^48, so a double holds every one exactly, and passing a
 * number costs less than passing a bigint). They come only from `memory.ts`, which keeps what they point to alive.
 */
import { constants } from 'node:os';
import koffi from 'koffi';

const libc = koffi.load(null);

type Native = (...values: (number | string)[]) => number;

/** Binds one function; `errno` is read at once, before anything else can run on this thread. */
function bind(name: string, result: string, parameters: string[]): Native {
  const native: Native = libc.func(name, result, parameters);
  return (...values) => {
    const returned = native(...values);
    return returned === -1 ? -koffi.errno() : returned;
  };
}

/** System call numbers that differ by architecture (arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h). */
const numbers = (
  {
    x64: { bpf: 321, perfEventOpen: 298, membarrier: 324, pidfdOpen: 434, pidfdGetfd: 438 },
    arm64: { bpf: 280, perfEventOpen: 241, membarrier: 283, pidfdOpen: 434, pidfdGetfd: 438 },
  } as const
)[process.arch as 'x64'];
if (numbers === undefined) throw new Error(`waggle runs on x64 and arm64, not on ${process.arch}`);
const {
  bpf: BPF,
  perfEventOpen: PERF_EVENT_OPEN,
  membarrier: MEMBARRIER,
  pidfdOpen: PIDFD_OPEN,
  pidfdGetfd: PIDFD_GETFD,
} = numbers;

const nativeBpf = libc.func('syscall', 'long', ['long', 'int', 'uintptr_t', 'uint32_t']);
const syscallBpf: Native = nativeBpf;
const SYSCALL_PARAMETERS = ['long', 'uintptr_t', 'long', 'long', 'long', 'long'];
const syscall = bind('syscall', 'long', SYSCALL_PARAMETERS);
const syscallLong = libc.func('syscall', 'long', SYSCALL_PARAMETERS);

/** bpf(2). Written out because it is the hot path of every map operation. */
export function bpf(command: number, attribute: number, size: number): number {
  const returned = syscallBpf(BPF, command, attribute, size);
  return returned === -1 ? -koffi.errno() : returned;
}

/** bpf(2) on another thread; whether it succeeded, for its errno is that thread's. What `attribute` points to has to stay until then. */
export function bpfAside(command: number, attribute: number, size: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    nativeBpf.async(BPF, command, attribute, size, (error: Error | null, returned: number) =>
      error ? reject(error) : resolve(returned >= 0),
    );
  });
}

/** perf_event_open(2); `cpu` or `pid` may be -1, `groupFd` -1 for none. */
export function perfEventOpen(
  attribute: number,
  pid: number,
  cpu: number,
  groupFd: number,
  flags: number,
): number {
  return syscall(PERF_EVENT_OPEN, attribute, pid, cpu, groupFd, flags);
}

/** membarrier(2). */
export function membarrier(command: number): number {
  return syscall(MEMBARRIER, command, 0, 0, 0, 0);
}

/** membarrier(2) on a thread of its own; whether it succeeded, for the errno stays on that thread. */
export function membarrierAside(command: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    syscallLong.async(MEMBARRIER, command, 0, 0, 0, 0, (error: Error | null, returned: number) =>
      error ? reject(error) : resolve(returned === 0),
    );
  });
}

/** pidfd_open(2): a descriptor for a process. */
export function pidfdOpen(pid: number): number {
  return syscall(PIDFD_OPEN, pid, 0, 0, 0, 0);
}

/** pidfd_getfd(2): a duplicate of another process's descriptor. */
export function pidfdGetfd(pidfd: number, targetFd: number): number {
  return syscall(PIDFD_GETFD, pidfd, targetFd, 0, 0, 0);
}

export const close = bind('close', 'int', ['int']);
export const ioctl = bind('ioctl', 'int', ['int', 'ulong', 'uintptr_t']);
export const fcntl = bind('fcntl', 'int', ['int', 'int', 'long']);
export const flock = bind('flock', 'int', ['int', 'int']);
export const setns = bind('setns', 'int', ['int', 'int']);
export const unshare = bind('unshare', 'int', ['int']);
export const mount = bind('mount', 'int', ['str', 'str', 'str', 'ulong', 'str']);
export const fchdir = bind('fchdir', 'int', ['int']);
export const umount2 = bind('umount2', 'int', ['str', 'int']);
export const socket = bind('socket', 'int', ['int', 'int', 'int']);
export const bindSocket = bind('bind', 'int', ['int', 'uintptr_t', 'uint32_t']);
export const setsockopt = bind('setsockopt', 'int', ['int', 'int', 'int', 'uintptr_t', 'uint32_t']);
export const getsockopt = bind('getsockopt', 'int', ['int', 'int', 'int', 'uintptr_t', 'uintptr_t']);
export const send = bind('send', 'long', ['int', 'uintptr_t', 'size_t', 'int']);
const nativeSend = libc.func('send', 'long', ['int', 'uintptr_t', 'size_t', 'int']);

/** send(2) on another thread: the result, or -EIO, for its errno is that thread's. What `address` points to has to stay until then. */
export function sendAside(fd: number, address: number, length: number, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    nativeSend.async(fd, address, length, flags, (error: Error | null, sent: number) => {
      if (error) reject(error);
      else resolve(sent === -1 ? -constants.errno.EIO : sent);
    });
  });
}

export const recv = bind('recv', 'long', ['int', 'uintptr_t', 'size_t', 'int']);
/** pthread_sigmask(3), which answers the error number itself. */
export const pthreadSigmask: Native = libc.func('pthread_sigmask', 'int', ['int', 'uintptr_t', 'uintptr_t']);
export const munmap = bind('munmap', 'int', ['uintptr_t', 'size_t']);
/** if_nametoindex(3): the index, or 0 when there is no such device. */
export const interfaceIndex: (name: string) => number = libc.func('if_nametoindex', 'uint', ['str']);
export const pageSize: number = libc.func('getpagesize', 'int', [])();

/** mmap(2) at an address of the kernel's choice; the address, or `-errno`. */
export const mmap = bind('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'long']);

/** Address of the first byte of `memory`; valid as long as `memory` is referenced. */
export function addressOf(memory: ArrayBufferLike): number {
  return Number(koffi.address(memory));
}

/** `length` bytes at `address` as an ArrayBuffer, without a copy and without ownership. */
export function viewOf(address: number, length: number): ArrayBuffer {
  return koffi.view(BigInt(address), length);
}

/** A watch on a file descriptor, from {@link watchReadable}. */
export interface Watch {
  /** Ends the watch; the descriptor may be closed afterwards. */
  close(): void;
  /** Lets the process end although the watch is on. */
  unref(): void;
}

/** Calls back on the event loop whenever `fd` is readable (level triggered, libuv's uv_poll). */
export function watchReadable(fd: number, callback: () => void): Watch {
  return koffi.node.poll(fd, { readable: true }, callback);
}
