/** Programs on the kernel's tracepoints, called with their raw arguments, wherever in the system they fire. */
import type { Program } from '../program/program.ts';
import { RawTracepointOpen } from '../sys/attributes.ts';
import { Command, execute } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { NativeBuffer } from '../sys/memory.ts';
import { attachError, Link } from './link.ts';

/** Attaches a raw tracepoint program, e.g. to `kfree_skb`. */
export function attachRawTracepoint(program: Program, tracepoint: string): Link {
  return open(program, `raw tracepoint ${tracepoint}`, NativeBuffer.text(tracepoint));
}

/**
 * Attaches a program to what it was loaded for: a typed tracepoint (tp_btf) or, on kernels that allow it, a
 * function (fentry, fexit, LSM).
 */
export function attachTracing(program: Program): Link {
  return open(program, 'the target it was loaded for', undefined);
}

function open(program: Program, where: string, name: NativeBuffer | undefined): Link {
  const result = execute(Command.rawTracepointOpen, RawTracepointOpen, { prog_fd: program.fd, name });
  if (result >= 0) return new Link(result, `link of ${program.object} to ${where}`);
  const hint = -result === errno.ENOENT ? 'This kernel has no such tracepoint' : undefined;
  throw attachError(program, where, -result, hint);
}
