/**
 * From machine code to a program in the kernel: puts the maps' descriptors into the instructions, adds the BTF that
 * names functions and source lines, and loads. A refusal comes with the verifier's reason; a program type that this
 * kernel lacks comes with what is missing.
 */
import { type Infer, type ProgramType, programTypes, WaggleError } from '@waggle/bpf';
import { BtfBuilder, type Code, encodeFunctionInfo, encodeLineInfo, SLOT } from '@waggle/compiler';
import { kernelBtf } from '../btf/index.ts';
import { tryLoadBtf } from '../btf-object.ts';
import { KernelError } from '../errors.ts';
import { explainRefusal } from '../probe/explain.ts';
import { ProgramLoad } from '../sys/attributes.ts';
import { Attribute, Command } from '../sys/bpf.ts';
import type { Descriptor } from '../sys/descriptor.ts';
import { errno } from '../sys/errno.ts';
import { NativeBuffer } from '../sys/memory.ts';
import { withoutSignals } from '../sys/signals.ts';
import { Program } from './program.ts';
import { VerifierError } from './verifier-error.ts';

/** A program that is ready to load: pure data. */
export interface ProgramSpec {
  readonly type: ProgramType;
  /** Up to 15 letters, digits, `_` and `.`. */
  readonly name: string;
  readonly code: Code;
  /** The licence that the program declares; helpers marked GPL-only need a compatible one. Default `GPL`. */
  readonly license?: string;
  /** What btfTracepoint, fentry, fexit, lsm and iterator programs are for: the name of a tracepoint, function, hook or iterator. */
  readonly target?: string;
  /** BPF_F_* flags of BPF_PROG_LOAD, e.g. 1 << 5 for XDP programs that take multi-buffer packets. */
  readonly flags?: number;
}

/** What loading needs from the running system. */
export interface LoadOptions {
  /** The maps that the instructions name. */
  readonly maps?: Readonly<Record<string, { readonly fd: number }>>;
  /** Called with the verifier's log of an accepted program (log level 2: each instruction with register states). */
  readonly onLog?: (log: string) => void;
}

type LoadAttribute = Attribute<Infer<typeof ProgramLoad>>;

const LOG_START = 1 << 19;
/** So much of the end of a log is enough to tell why a program was refused. */
const REFUSAL_LOG = 1 << 19;
const LOG_LIMIT = 1 << 26;
/** What the verifier says last, whatever it said before. */
const LAST_LINE = /processed \d+ insns .*\s*$/;
const LOG_INSTRUCTIONS = 1;
const LOG_STATES = 2;

/**
 * Loads a program.
 * @throws VerifierError when the verifier refuses it; KernelError DENIED, LOCKED_DOWN, NOT_SUPPORTED; WaggleError NOT_FOUND
 *   for a map or target that is not there.
 */
export function loadProgram(spec: ProgramSpec, { maps = {}, onLog }: LoadOptions = {}): Program {
  const { type, name, code, license = 'GPL', flags } = spec;
  const object = `program "${name}"`;
  const { number, attachType } = programTypes[type];
  const instructions = NativeBuffer.from(link(spec, maps));
  const btf = programBtf(spec, object);
  try {
    const attribute = new Attribute(ProgramLoad, {
      prog_type: number,
      insn_cnt: code.bytes.length / SLOT,
      insns: instructions,
      license: NativeBuffer.text(license),
      prog_flags: flags,
      prog_name: name,
      expected_attach_type: attachType,
      attach_btf_id: attachTarget(spec),
      ...btf?.fields,
    });
    // Without a log first: the verifier is several times faster then, and most programs are fine.
    const result = onLog ? undefined : load(attribute);
    if (result !== undefined && result >= 0) return new Program(result, name);
    const logged = onLog
      ? loadWithLog(attribute, LOG_STATES)
      : loadWithLog(attribute, LOG_INSTRUCTIONS, REFUSAL_LOG);
    // What a log that is too long hides is known from before.
    if (logged.result < 0) throw refusal(spec, object, -(result ?? logged.result), logged.log);
    onLog?.(logged.log);
    return new Program(logged.result, name);
  } finally {
    btf?.descriptor.close();
  }
}

/**
 * Loading may be interrupted by a signal (EAGAIN), and the kernel asks to try again. A profiler sends signals faster than a large
 * program is verified.
 */
function load(attribute: LoadAttribute): number {
  const result = attribute.execute(Command.programLoad);
  return result === -errno.EAGAIN ? withoutSignals(() => attribute.execute(Command.programLoad)) : result;
}

/**
 * Loads with a buffer for the log that grows until the log fits.
 * @param enough bytes of which the end of the log is enough; a verifier that walks through a million instructions shall not do
 *   so again for the sake of what it said about the first of them.
 */
function loadWithLog(
  attribute: LoadAttribute,
  level: number,
  enough = LOG_LIMIT,
): { result: number; log: string } {
  for (let size = LOG_START; ; size *= 8) {
    const buffer = new NativeBuffer(size);
    attribute.set('log_buf', buffer);
    attribute.set('log_size', size);
    attribute.set('log_level', level);
    const result = load(attribute);
    const log = Buffer.from(buffer.bytes.subarray(0, buffer.bytes.indexOf(0))).toString();
    // Kernels since 6.4 keep the end of a log that is too long and say ENOSPC, earlier ones keep the beginning.
    const ended = size >= enough && LAST_LINE.test(log);
    if (result === -errno.ENOSPC && size < LOG_LIMIT && !ended) continue;
    return { result, log };
  }
}

function refusal(spec: ProgramSpec, object: string, number: number, log: string): KernelError {
  if (log.trim() !== '') return new VerifierError(object, number, log, spec.code.lines);
  return new KernelError('load', object, number, explainRefusal(`program ${spec.type}`, number));
}

/** The instructions with the descriptors of their maps. */
function link(
  { name, code }: ProgramSpec,
  maps: Readonly<Record<string, { readonly fd: number }>>,
): Uint8Array {
  const linked = code.bytes.slice();
  const view = new DataView(linked.buffer);
  for (const { map, slot, valueOffset } of code.mapReferences) {
    const found = maps[map];
    if (!found) {
      throw new WaggleError('NOT_FOUND', `program "${name}" uses the map "${map}", which was not given`, {
        hint: `Pass it: loadProgram(spec, { maps: { ${map} } })`,
      });
    }
    view.setInt32(slot * SLOT + 4, found.fd, true);
    if (valueOffset !== undefined) view.setInt32((slot + 1) * SLOT + 4, valueOffset, true);
  }
  return linked;
}

/** The kernel's BTF id of what a tracing program is for. */
function attachTarget({ type, target, name }: ProgramSpec): number | undefined {
  const names = {
    btfTracepoint: ['btf_trace_', 'typedef'],
    iterator: ['bpf_iter_', 'function'],
    lsm: ['bpf_lsm_', 'function'],
    fentry: ['', 'function'],
    fexit: ['', 'function'],
  } as const;
  if (!(type in names)) return undefined;
  if (target === undefined) {
    throw new WaggleError('BAD_DECLARATION', `program "${name}" of type ${type} needs a target`);
  }
  const [prefix, kind] = names[type as keyof typeof names];
  const id = kernelBtf().find(prefix + target, kind);
  if (id !== undefined) return id;
  throw new WaggleError('NOT_FOUND', `this kernel has no ${type} target "${target}"`, {
    hint: `There is no ${kind} ${prefix}${target} in its BTF`,
  });
}

/** BTF with the names of the program's functions and, where the code has them, its source lines. */
function programBtf({ name, code }: ProgramSpec, object: string) {
  const builder = new BtfBuilder();
  const prototype = builder.functionPrototype(builder.int('int', 4, 'signed'), []);
  const functions = [{ name, slot: 0 }, ...code.functions.filter(({ slot }) => slot > 0)];
  const functionInfo = encodeFunctionInfo(
    functions.map((each) => ({
      instructionOffset: each.slot,
      typeId: builder.function(each.name.replace(/\W/g, '_'), prototype),
    })),
  );
  const lineInfo = encodeLineInfo(
    code.lines.map(({ slot, file, source, line, column }) => ({
      instructionOffset: slot,
      file,
      source,
      line,
      column,
    })),
    builder,
  );
  const descriptor: Descriptor | undefined = tryLoadBtf(builder.build(), object);
  if (!descriptor) return undefined;
  return {
    descriptor,
    fields: {
      prog_btf_fd: descriptor.fd,
      func_info: NativeBuffer.from(functionInfo),
      func_info_rec_size: 8,
      func_info_cnt: functions.length,
      ...(code.lines.length > 0
        ? {
            line_info: NativeBuffer.from(lineInfo),
            line_info_rec_size: 16,
            line_info_cnt: code.lines.length,
          }
        : {}),
    },
  };
}
