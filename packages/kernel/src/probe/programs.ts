/**
 * Probes of program types: each loads a program that returns at once. The ones that belong to a function, type or
 * tracepoint of the kernel name one that every kernel with such programs has.
 */
import { type Infer, type ProgramType, programTypes } from '@waggle/bpf';
import { kernelBtf } from '../btf/index.ts';
import type { ProgramLoad } from '../sys/attributes.ts';
import type { AttributeValues } from '../sys/bpf.ts';
import type { Capability } from './capabilities.ts';
import { type Feature, feature } from './feature.ts';
import { programMeanings } from './program-meanings.ts';
import { returning, type TrialProgram, withProgram } from './trial.ts';

type Fields = AttributeValues<Infer<typeof ProgramLoad>>;

/** BPF_F_SLEEPABLE: the only kind of syscall program that there is. */
const SLEEPABLE = 1 << 4;

/** The types that watch rather than decide; the kernel wants another capability for them. */
const watching: readonly ProgramType[] = [
  'kprobe',
  'kretprobe',
  'uprobe',
  'uretprobe',
  'tracepoint',
  'perfEvent',
  'rawTracepoint',
  'btfTracepoint',
  'fentry',
  'fexit',
  'iterator',
  'structOps',
  'lsm',
];

/** What a program of a type belongs to in the kernel, as fields of BPF_PROG_LOAD. */
const targets: Partial<Record<ProgramType, () => Fields>> = {
  btfTracepoint: () => ({ attach_btf_id: kernelBtf().require('btf_trace_kfree_skb', 'typedef') }),
  fentry: () => ({ attach_btf_id: kernelBtf().require('bpf_fentry_test1', 'function') }),
  fexit: () => ({ attach_btf_id: kernelBtf().require('bpf_fentry_test1', 'function') }),
  lsm: () => ({ attach_btf_id: kernelBtf().require('bpf_lsm_file_open', 'function') }),
  iterator: () => ({ attach_btf_id: kernelBtf().require('bpf_iter_task', 'function') }),
  structOps: () => ({
    attach_btf_id: kernelBtf().require('tcp_congestion_ops', 'struct'),
    expected_attach_type: memberIndex('tcp_congestion_ops', 'ssthresh'),
  }),
  syscall: () => ({ prog_flags: SLEEPABLE }),
};

/** The types whose programs may only return 0; for many of the others 0 means refusal. */
const returningZero: readonly ProgramType[] = [
  'btfTracepoint',
  'fentry',
  'fexit',
  'lsm',
  'iterator',
  'structOps',
];

/** The least program of a type. */
export function leastProgram(type: ProgramType): TrialProgram {
  return { type, body: returning(returningZero.includes(type) ? 0 : 1), fields: targets[type]?.() ?? {} };
}

/** The capabilities that loading a program of a type takes. */
export function loadCapabilities(type: ProgramType): readonly Capability[] {
  if (type === 'syscall' || type === 'socketFilter') return ['CAP_BPF'];
  return ['CAP_BPF', watching.includes(type) ? 'CAP_PERFMON' : 'CAP_NET_ADMIN'];
}

/** One feature for each row of the table of program types: `program xdp`. */
export const programFeatures: readonly Feature[] = Object.entries(programTypes).map(([key, info]) => {
  const type = key as ProgramType;
  const [meaning, config] = programMeanings[type];
  const kernelName = info.kernelName.replace('BPF_PROG_TYPE_', '');
  return feature({
    name: `program ${type}`,
    group: 'programs',
    title: `${kernelName} program${info.attachName === undefined ? '' : ` (${info.attachName})`}`,
    since: info.since,
    config,
    meaning,
    needs: loadCapabilities(type),
    attempt: () => withProgram(leastProgram(type), () => undefined),
  });
});

function memberIndex(struct: string, member: string): number {
  const members = kernelBtf().findType(struct, 'struct')?.members ?? [];
  return members.findIndex(({ name }) => name === member);
}
