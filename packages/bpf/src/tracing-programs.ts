/**
 * Programs that are attached to code of the kernel or of a process: functions, tracepoints, hooks, timers of
 * perf. They name what they are for, hence each takes a target first. All throw BAD_DECLARATION when the
 * target cannot be one.
 */
import type { CompiledBody } from './compiled.ts';
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import type { Body } from './packet-programs.ts';
import { declareProgram, type ProgramDeclaration, type ProgramOptions } from './program.ts';
import type {
  ArgumentsContext,
  MemoryContext,
  ReturnContext,
  UserArgumentsContext,
} from './program-contexts.ts';
import type { ProgramType } from './program-types.ts';

/** A program that gets a `Context` and whose answer means nothing. */
export type TracingBody<Context> = ((context: Context) => void) | CompiledBody;

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_.]*$/;
const CATEGORY_AND_NAME = /^[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+$/;
const FILE_AND_SYMBOL = /^\/[^:\0]+:[A-Za-z_][A-Za-z0-9_.@]*(\+(0x[0-9a-f]+|[0-9]+))?$/;

/**
 * A tracepoint, as `category/name`. Its fields are at the offsets in its format file, or those of the kernel's struct
 * `trace_event_raw_…`. Linux 4.7.
 */
export function tracepoint(
  name: string,
  body: TracingBody<MemoryContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'tracepoint'> {
  return declareTargeted('tracepoint', name, CATEGORY_AND_NAME, 'sched/sched_switch', body, options);
}

/** A tracepoint by its name, with the arguments that the kernel passes to it. Linux 4.17. */
export function rawTracepoint(
  name: string,
  body: TracingBody<ArgumentsContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'rawTracepoint'> {
  return declareTargeted('rawTracepoint', name, IDENTIFIER, 'sched_switch', body, options);
}

/** Like {@link rawTracepoint}, with arguments whose types are known from BTF. Linux 5.5. */
export function btfTracepoint(
  name: string,
  body: TracingBody<ArgumentsContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'btfTracepoint'> {
  return declareTargeted('btfTracepoint', name, IDENTIFIER, 'sched_switch', body, options);
}

/** The entry of a kernel function. Linux 5.5. */
export function fentry(
  functionName: string,
  body: TracingBody<ArgumentsContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'fentry'> {
  return declareTargeted('fentry', functionName, IDENTIFIER, 'tcp_connect', body, options);
}

/** The return of a kernel function, with its arguments and what it returns. Linux 5.5. */
export function fexit(
  functionName: string,
  body: TracingBody<ReturnContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'fexit'> {
  return declareTargeted('fexit', functionName, IDENTIFIER, 'tcp_connect', body, options);
}

/** The entry of nearly any kernel function, without BTF. Linux 4.1. */
export function kprobe(
  functionName: string,
  body: TracingBody<ArgumentsContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'kprobe'> {
  return declareTargeted('kprobe', functionName, IDENTIFIER, 'tcp_connect', body, options);
}

/** The return of nearly any kernel function, without BTF. Linux 4.1. */
export function kretprobe(
  functionName: string,
  body: TracingBody<Pick<ReturnContext, 'returnValue'>>,
  options?: ProgramOptions,
): ProgramDeclaration<'kretprobe'> {
  return declareTargeted('kretprobe', functionName, IDENTIFIER, 'tcp_connect', body, options);
}

/** The entry of a function of a program or library, as `/path:symbol`. Linux 4.1. */
export function uprobe(
  place: string,
  body: TracingBody<UserArgumentsContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'uprobe'> {
  return declareTargeted('uprobe', place, FILE_AND_SYMBOL, '/usr/lib/libc.so.6:malloc', body, options);
}

/** The return of a function of a program or library, as `/path:symbol`. Linux 4.1. */
export function uretprobe(
  place: string,
  body: TracingBody<Pick<ReturnContext, 'returnValue'>>,
  options?: ProgramOptions,
): ProgramDeclaration<'uretprobe'> {
  return declareTargeted('uretprobe', place, FILE_AND_SYMBOL, '/usr/lib/libc.so.6:malloc', body, options);
}

/** A security hook. Returns 0 to allow, or a negative errno. Linux 5.7. */
export function lsm(
  hook: string,
  body: Body<ArgumentsContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'lsm'> {
  return declareTargeted('lsm', hook, IDENTIFIER, 'socket_connect', body, options);
}

/**
 * Every element of a collection of the kernel (`tcp`, `task`, `bpf_map`, …). Returns 0, or 1 to be asked
 * again. Linux 5.8.
 */
export function iterator(
  collection: string,
  body: Body<MemoryContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'iterator'> {
  return declareTargeted('iterator', collection, IDENTIFIER, 'tcp', body, options);
}

/** A function of a table of functions of the kernel, by the name of the member. Linux 5.6. */
export function structOps(
  member: string,
  body: Body<ArgumentsContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'structOps'> {
  return declareTargeted('structOps', member, IDENTIFIER, 'ssthresh', body, options);
}

/** A sample of a perf event. Linux 4.9. */
export function perfEvent(
  body: TracingBody<MemoryContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'perfEvent'> {
  return declareProgram('perfEvent', body, options);
}

/**
 * A program that user space runs when it wants to; the context is memory that user space passes. Linux 5.14.
 */
export function syscall(body: Body<MemoryContext>, options?: ProgramOptions): ProgramDeclaration<'syscall'> {
  return declareProgram('syscall', body, options);
}

function declareTargeted<Kind extends ProgramType, Context>(
  type: Kind,
  target: string,
  form: RegExp,
  example: string,
  body: ((context: Context) => unknown) | CompiledBody,
  options: ProgramOptions | undefined,
): ProgramDeclaration<Kind> {
  if (typeof target !== 'string' || !form.test(target)) {
    throw new WaggleError('BAD_DECLARATION', `${type} cannot be for ${describe(target)}`, {
      hint: `Its target looks like ${example}`,
    });
  }
  return declareProgram(type, body, options, target);
}
