/**
 * Programs on perf events: tracepoints by name, functions of user-space files (uprobes), and the clock. Each is a
 * perf event that gets the program; the link owns the event, so closing the link ends both.
 */
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codecOf, struct, u32, u64, WaggleError } from '@waggle/bpf';
import { check, KernelError } from '../errors.ts';
import { findMount, unmount } from '../host/mounts.ts';
import type { Program } from '../program/program.ts';
import { LinkCreatePerfEvent } from '../sys/attributes.ts';
import { Attribute } from '../sys/bpf.ts';
import { Descriptor } from '../sys/descriptor.ts';
import { errno } from '../sys/errno.ts';
import * as libc from '../sys/libc.ts';
import { NativeBuffer } from '../sys/memory.ts';
import { AttachType } from './attach-type.ts';
import { symbolOffset } from './elf-symbol.ts';
import { createLink, type Link } from './link.ts';

/** The first 72 bytes of struct perf_event_attr (include/uapi/linux/perf_event.h, PERF_ATTR_SIZE_VER1). */
const PerfEventAttribute = struct('perf_event_attr', {
  type: u32,
  size: u32,
  config: u64,
  sample_period: u64,
  sample_type: u64,
  read_format: u64,
  flags: u64,
  wakeup_events: u32,
  bp_type: u32,
  config1: u64,
  config2: u64,
});

const TYPE_SOFTWARE = 1;
const TYPE_TRACEPOINT = 2;
const SOFTWARE_CPU_CLOCK = 0n;
/** attr.flags: take sample_period as a frequency. */
const FLAG_FREQUENCY = 1n << 10n;
const FLAG_CLOSE_ON_EXEC = 8;
const IOCTL_ENABLE = 0x2400;

/** Whose events: of one process (on all CPUs) or of everything on one CPU. */
interface Scope {
  readonly pid: number;
  readonly cpu: number;
}

const NONE = { type: 0, config: 0n, sample_period: 0n, flags: 0n, config1: 0n, config2: 0n };

/** Opens a perf event, gives it the program, and starts it. */
function attachPerfEvent(
  program: Program,
  event: Partial<typeof NONE>,
  { pid, cpu }: Scope,
  where: string,
  keep?: NativeBuffer,
): Link {
  const codec = codecOf(PerfEventAttribute);
  const attribute = NativeBuffer.from(
    codec.encode({
      ...{ size: codec.size, sample_type: 0n, read_format: 0n, wakeup_events: 0, bp_type: 0 },
      ...NONE,
      ...event,
    }),
  );
  const fd = libc.perfEventOpen(attribute.address, pid, cpu, -1, FLAG_CLOSE_ON_EXEC);
  if (fd < 0) throw perfError(program, where, -fd, keep);
  const perfEvent = new Descriptor(fd, where);
  try {
    const link = createLink(
      new Attribute(LinkCreatePerfEvent, {
        prog_fd: program.fd,
        target_fd: perfEvent.fd,
        attach_type: AttachType.perfEvent,
      }),
      program,
      where,
    );
    const enabled = libc.ioctl(perfEvent.fd, IOCTL_ENABLE, 0);
    if (enabled < 0) link.close();
    check(enabled, 'start', where);
    return link;
  } finally {
    perfEvent.close();
  }
}

function perfError(program: Program, where: string, number: number, path?: NativeBuffer): KernelError {
  const denied = number === errno.EACCES || number === errno.EPERM;
  const hint = denied
    ? 'Perf events need CAP_PERFMON, or kernel.perf_event_paranoid <= 1'
    : path && number === errno.EINVAL
      ? 'The offset must be the start of an instruction in an executable part of the file'
      : undefined;
  return new KernelError(`attach ${program.object} to`, where, number, hint === undefined ? {} : { hint });
}

/**
 * Attaches a tracepoint program, e.g. to `syscalls/sys_enter_openat`.
 * @throws WaggleError NOT_FOUND when the kernel has no such tracepoint; KernelError when it has no tracefs.
 */
export function attachTracepoint(program: Program, category: string, name: string): Link {
  const where = `tracepoint ${category}/${name}`;
  const config = BigInt(tracepointId(category, name));
  return attachPerfEvent(program, { type: TYPE_TRACEPOINT, config }, { pid: -1, cpu: 0 }, where);
}

function tracepointId(category: string, name: string): number {
  if (![category, name].every((part) => /^\w+$/.test(part))) {
    throw new WaggleError('INVALID', `${category}/${name} is no name of a tracepoint`);
  }
  return withTracefs((root) => {
    try {
      return Number(readFileSync(`${root}/events/${category}/${name}/id`, 'utf8'));
    } catch (cause) {
      const message = `this kernel has no tracepoint ${category}/${name}`;
      throw new WaggleError('NOT_FOUND', message, { cause });
    }
  });
}

/** Many hosts have no tracefs mounted; it is enough to have it for the moment of a look. */
function withTracefs<T>(look: (root: string) => T): T {
  const mounted = findMount('tracefs');
  if (mounted) return look(mounted.mountPoint);
  const root = mkdtempSync(join(tmpdir(), 'waggle-tracefs-'));
  try {
    const result = libc.mount('tracefs', root, 'tracefs', 0, 'mode=0700');
    check(result, 'mount', 'tracefs', { hint: 'Tracepoints are named by tracefs (CONFIG_FTRACE)' });
    try {
      return look(root);
    } finally {
      unmount(root);
    }
  } finally {
    rmdirSync(root);
  }
}

/** Where a uprobe is placed. */
export interface UprobeTarget {
  /** An executable or library. */
  readonly path: string;
  /** A function of its symbol table, or the offset of an instruction in the file. */
  readonly symbol?: string;
  readonly offset?: number;
  /** At the function's return instead of its start. */
  readonly onReturn?: boolean;
  /** One process; all by default. */
  readonly pid?: number;
}

/**
 * Attaches a kprobe-type program to a function of a user-space file, in every process that runs it.
 * @throws WaggleError NOT_FOUND when the file has no such symbol, NOT_SUPPORTED when the kernel has no uprobes.
 */
export function attachUprobe(program: Program, target: UprobeTarget): Link {
  const { path, symbol, offset = 0, onReturn = false, pid = -1 } = target;
  const start = symbol === undefined ? 0 : symbolOffset(path, symbol);
  const file = NativeBuffer.text(path);
  const event = {
    type: uprobeEventType(),
    config: onReturn ? 1n : 0n,
    config1: BigInt(file.address),
    config2: BigInt(start + offset),
  };
  const where = `${onReturn ? 'uretprobe' : 'uprobe'} ${path}:${symbol ?? ''}+${offset}`;
  return attachPerfEvent(program, event, { pid, cpu: pid === -1 ? 0 : -1 }, where, file);
}

function uprobeEventType(): number {
  try {
    return Number(readFileSync('/sys/bus/event_source/devices/uprobe/type', 'utf8'));
  } catch (cause) {
    throw new WaggleError('NOT_SUPPORTED', 'this kernel has no uprobes (CONFIG_UPROBES)', { cause });
  }
}

/** Attaches a perf_event program to the clock of one CPU: it samples what runs there `frequency` times a second. */
export function attachCpuClock(program: Program, cpu: number, frequency: number): Link {
  const event = {
    type: TYPE_SOFTWARE,
    config: SOFTWARE_CPU_CLOCK,
    sample_period: BigInt(frequency),
    flags: FLAG_FREQUENCY,
  };
  return attachPerfEvent(program, event, { pid: -1, cpu }, `clock of CPU ${cpu}`);
}
