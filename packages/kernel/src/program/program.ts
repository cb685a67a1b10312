/**
 * A program in the kernel: loaded by us, or opened by pin or id. It can tell about itself, be dumped as the verifier
 * left it and as the JIT made it, and run on test data without being attached.
 */
import { check, KernelError } from '../errors.ts';
import { KernelObject, objectIds, openId, openPin } from '../object.ts';
import { EnableStats, ProgramBindMap, TestRun } from '../sys/attributes.ts';
import { Attribute, Command, execute } from '../sys/bpf.ts';
import { Descriptor } from '../sys/descriptor.ts';
import { errno } from '../sys/errno.ts';
import { information, ProgramInformation } from '../sys/information.ts';
import { NativeBuffer } from '../sys/memory.ts';

/** What the kernel tells about a program. */
export interface ProgramInfo {
  readonly id: number;
  readonly name: string;
  /** The kernel's number of its type (enum bpf_prog_type). */
  readonly type: number;
  /** A digest of its instructions, 16 hex digits as bpftool prints it. */
  readonly tag: string;
  /** Bytes after the verifier's rewrites, and of machine code. */
  readonly translatedSize: number;
  readonly jitedSize: number;
  /** Instructions the verifier walked through. */
  readonly verifiedInstructions: number;
  readonly mapIds: readonly number[];
  readonly btfId: number;
  /** Nanoseconds since boot. */
  readonly loadTime: bigint;
  /** Counted only while statistics are on, see {@link enableStatistics}. */
  readonly runTime: bigint;
  readonly runCount: bigint;
}

/** Input of {@link Program.testRun}. */
export interface TestRunOptions {
  /** The packet; at least 14 bytes for programs on packets. */
  readonly data?: Uint8Array;
  /** The context struct, e.g. `codecOf(XdpMd).encode(…)`. */
  readonly context?: Uint8Array;
  /** How often to run; the packet is not restored between runs. */
  readonly repeat?: number;
  /** XDP only: send the packets for real, as XDP_TX, XDP_REDIRECT or XDP_PASS decide. Yields no data back. */
  readonly liveFrames?: boolean;
  /** Frames in one batch of live frames, up to 256. */
  readonly batchSize?: number;
  /** Run on this CPU (raw tracepoints only). */
  readonly cpu?: number;
}

/** Outcome of {@link Program.testRun}. */
export interface TestRunResult {
  /** What the program returned. */
  readonly result: number;
  /** The packet afterwards; empty with live frames. */
  readonly data: Uint8Array;
  readonly context: Uint8Array;
  /** Mean nanoseconds of one run. */
  readonly duration: number;
}

/** Room for a packet to grow during a test run. */
const GROWTH = 512;
const TEST_RUN_ON_CPU = 1;
const TEST_RUN_LIVE_FRAMES = 2;

/** A program that this process holds. */
export class Program extends KernelObject {
  readonly name: string;

  /** Takes the descriptor over. */
  constructor(fd: number, name: string) {
    super(fd, `program "${name}"`);
    this.name = name;
  }

  static #adopt(fd: number): Program {
    return new Program(fd, information(fd, ProgramInformation, 'program').name);
  }

  /** Opens a pinned program. @throws KernelError NOT_FOUND */
  static openPinned(path: string): Program {
    return Program.#adopt(openPin(path, 'program'));
  }

  /** Opens a program by its id. @throws KernelError NOT_FOUND */
  static openById(id: number): Program {
    return Program.#adopt(openId(Command.programGetFdById, id, `program ${id}`));
  }

  /** The ids of all programs in the kernel. */
  static ids(): number[] {
    return [...objectIds(Command.programGetNextId)];
  }

  /** What the kernel tells about the program. */
  info(): ProgramInfo {
    const { nr_map_ids } = information(this.fd, ProgramInformation, this.object);
    const mapIds = new NativeBuffer(nr_map_ids * 4);
    const raw = information(this.fd, ProgramInformation, this.object, { nr_map_ids, map_ids: mapIds });
    return {
      id: raw.id,
      name: raw.name,
      type: raw.type,
      tag: Buffer.from(raw.tag).toString('hex'),
      translatedSize: raw.xlated_prog_len,
      jitedSize: raw.jited_prog_len,
      verifiedInstructions: raw.verified_insns,
      mapIds: Array.from({ length: nr_map_ids }, (_, index) => mapIds.view.getUint32(index * 4, true)),
      btfId: raw.btf_id,
      loadTime: raw.load_time,
      runTime: raw.run_time_ns,
      runCount: raw.run_cnt,
    };
  }

  /** The instructions as the verifier left them (`bpftool prog dump xlated opcodes`). */
  translated(): Uint8Array {
    const { xlated_prog_len } = information(this.fd, ProgramInformation, this.object);
    const code = new NativeBuffer(xlated_prog_len);
    information(this.fd, ProgramInformation, this.object, { xlated_prog_len, xlated_prog_insns: code });
    return code.bytes;
  }

  /** The machine code; empty when the JIT is off or kernel addresses are hidden from us. */
  jited(): Uint8Array {
    const { jited_prog_len } = information(this.fd, ProgramInformation, this.object);
    const code = new NativeBuffer(jited_prog_len);
    information(this.fd, ProgramInformation, this.object, { jited_prog_len, jited_prog_insns: code });
    return code.bytes;
  }

  /**
   * Runs the program on test data (BPF_PROG_TEST_RUN), attached or not.
   * @throws KernelError NOT_SUPPORTED for a program type that cannot be run like this.
   */
  testRun(options: TestRunOptions = {}): TestRunResult {
    const { data, context, repeat = 1, liveFrames = false, batchSize = 0, cpu } = options;
    const dataIn = NativeBuffer.from(data ?? new Uint8Array());
    const contextIn = NativeBuffer.from(context ?? new Uint8Array());
    const dataOut = new NativeBuffer(data && !liveFrames ? data.length + GROWTH : 0);
    const contextOut = new NativeBuffer(context && !liveFrames ? context.length : 0);
    const run = new Attribute(TestRun, {
      prog_fd: this.fd,
      ...(data ? { data_in: dataIn, data_size_in: dataIn.size } : {}),
      ...(dataOut.size > 0 ? { data_out: dataOut, data_size_out: dataOut.size } : {}),
      ...(context ? { ctx_in: contextIn, ctx_size_in: contextIn.size } : {}),
      ...(contextOut.size > 0 ? { ctx_out: contextOut, ctx_size_out: contextOut.size } : {}),
      repeat,
      flags: (liveFrames ? TEST_RUN_LIVE_FRAMES : 0) | (cpu === undefined ? 0 : TEST_RUN_ON_CPU),
      cpu: cpu ?? 0,
      batch_size: batchSize,
    });
    let result: number;
    do result = run.execute(Command.programTestRun);
    while (result === -errno.EINTR);
    if (result < 0) throw this.#testRunError(-result, options);
    return {
      result: run.get('retval'),
      data: dataOut.bytes.subarray(0, Math.min(run.get('data_size_out'), dataOut.size)),
      context: contextOut.bytes.subarray(0, Math.min(run.get('ctx_size_out'), contextOut.size)),
      duration: run.get('duration'),
    };
  }

  #testRunError(number: number, { data }: TestRunOptions): KernelError {
    const hint =
      number === errno.EINVAL && (data?.length ?? 0) < 14
        ? 'Programs on packets need a packet of at least 14 bytes'
        : number === errno.ENOTSUPP
          ? 'Programs of this type cannot be run on test data'
          : undefined;
    return new KernelError('test-run', this.object, number, hint === undefined ? {} : { hint });
  }

  /** Keeps a map alive as long as the program, although no instruction names it (5.10). */
  bindMap(map: { readonly fd: number; readonly object: string }): void {
    const values = { prog_fd: this.fd, map_fd: map.fd };
    check(execute(Command.programBindMap, ProgramBindMap, values), `bind ${map.object} to`, this.object);
  }
}

/** Counts runs and run time of all programs until the returned object is closed (costs about 20 ns a run). */
export function enableStatistics(): Disposable & { close(): void } {
  const fd = check(execute(Command.enableStats, EnableStats, { type: 0 }), 'enable', 'run statistics');
  const descriptor = new Descriptor(fd, 'run statistics');
  return { close: () => descriptor.close(), [Symbol.dispose]: () => descriptor.close() };
}
