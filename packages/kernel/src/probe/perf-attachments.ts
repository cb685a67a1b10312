/** Trials of what is attached by perf events: tracepoints with stable fields, uprobes, kprobes. */
import { readFileSync } from 'node:fs';
import { check, KernelError } from '../errors.ts';
import { attachTracepoint, attachUprobe } from '../link/perf.ts';
import { errno } from '../sys/errno.ts';
import * as libc from '../sys/libc.ts';
import { NativeBuffer } from '../sys/memory.ts';
import { leastProgram } from './programs.ts';
import { withProgram } from './trial.ts';

/** A function of the C library that hardly any program calls. */
const LIBRARY_FUNCTION = 'getpgid';
/** A kernel function that is there for this purpose. */
const KERNEL_FUNCTION = 'bpf_fentry_test1';

const PERF_ATTRIBUTE_SIZE = 72;
const CLOSE_ON_EXEC = 8;

/** A tracepoint that hardly ever fires. */
export function tryTracepoint(): undefined {
  withProgram(leastProgram('tracepoint'), (program) => attachTracepoint(program, 'skb', 'kfree_skb').close());
}

/** A uprobe in this process only. */
export function tryUprobe(): undefined {
  const path = libraryPath();
  if (path === undefined) throw new KernelError('find', 'the C library of this process', errno.ENOENT);
  withProgram(leastProgram('uprobe'), (program) => {
    attachUprobe(program, { path, symbol: LIBRARY_FUNCTION, pid: process.pid }).close();
  });
}

/** The C library is mapped into every process that is not linked statically; its name depends on which one it is. */
function libraryPath(): string | undefined {
  return /\s(\/\S*\/(?:libc\.so\.6|libc-[\d.]+\.so|ld-musl-\w+\.so\.1))$/m.exec(
    readFileSync('/proc/self/maps', 'utf8'),
  )?.[1];
}

/** A kprobe event without a program. */
export function tryKprobe(): undefined {
  const name = NativeBuffer.text(KERNEL_FUNCTION);
  const attribute = new NativeBuffer(PERF_ATTRIBUTE_SIZE);
  attribute.view.setUint32(0, kprobeEventType(), true);
  attribute.view.setUint32(4, PERF_ATTRIBUTE_SIZE, true);
  attribute.view.setBigUint64(56, BigInt(name.address), true);
  const fd = libc.perfEventOpen(attribute.address, -1, 0, -1, CLOSE_ON_EXEC);
  libc.close(check(fd, 'open', `a kprobe at ${KERNEL_FUNCTION}`));
}

function kprobeEventType(): number {
  try {
    return Number(readFileSync('/sys/bus/event_source/devices/kprobe/type', 'utf8'));
  } catch {
    throw new KernelError('find', 'the events of kprobes', errno.ENOENT);
  }
}
