/**
 * Probes of attachment: a program is really attached, and detached at once. Devices, namespaces and control groups are made
 * for it; the hooks that only the whole system has (tracepoints) get a program that does nothing.
 */
import type { ProgramType } from '@waggle/bpf';
import { attachCgroup } from '../link/cgroup.ts';
import { attachIterator } from '../link/iterator.ts';
import type { Link } from '../link/link.ts';
import { attachNamespace } from '../link/namespace.ts';
import { attachNetfilter } from '../link/netfilter.ts';
import { attachSocketMap } from '../link/sockmap.ts';
import { attachRawTracepoint, attachTracing } from '../link/tracing.ts';
import { attachTcx } from '../link/traffic-control.ts';
import { attachXdp } from '../link/xdp.ts';
import { Filters } from '../net/filters.ts';
import { Qdiscs } from '../net/qdiscs.ts';
import type { Program } from '../program/program.ts';
import { type Feature, type FeatureDefinition, feature } from './feature.ts';
import { tryKprobe, tryTracepoint, tryUprobe } from './perf-attachments.ts';
import { leastProgram, loadCapabilities } from './programs.ts';
import { DEVICE, inNamespaceWithDevice, type Sandbox, withCgroup, withNamespace } from './sandbox.ts';
import { withMap, withProgram } from './trial.ts';

const BTF = 'CONFIG_DEBUG_INFO_BTF';

/** Attaches the least program of a type, and closes the link. */
function attach(type: ProgramType, how: (program: Program) => Link): undefined {
  withProgram(leastProgram(type), (program) => how(program).close());
}

function attachToDevice(type: ProgramType, how: (program: Program, sandbox: Sandbox) => Link): undefined {
  inNamespaceWithDevice((sandbox) => attach(type, (program) => how(program, sandbox)));
}

function tryClsact(): undefined {
  inNamespaceWithDevice(({ socket }) => {
    new Qdiscs(socket).add(DEVICE, { kind: 'clsact' });
    withProgram(leastProgram('tc'), (program) => {
      const place = { device: DEVICE, direction: 'ingress', priority: 1, handle: 1 } as const;
      const filters = new Filters(socket);
      filters.add({ ...place, program, name: 'probe' });
      filters.delete(place);
    });
  });
}

function trySockmap(): undefined {
  withMap('sockMap', (fd) =>
    withProgram(leastProgram('skMsg'), (program) => {
      attachSocketMap(program, 'skMsg', { fd, object: 'a socket map' }).detach();
    }),
  );
}

type Row = Pick<FeatureDefinition, 'title' | 'since' | 'config' | 'meaning' | 'attempt'> & {
  readonly type: ProgramType;
};

const rows: Readonly<Record<string, Row>> = {
  'xdp generic': {
    type: 'xdp',
    title: 'XDP link, in the stack',
    since: '5.9',
    config: 'CONFIG_NET',
    meaning: 'no filtering of packets before tc on devices without native XDP',
    attempt: () => attachToDevice('xdp', (program) => attachXdp(program, DEVICE, { mode: 'generic' })),
  },
  'xdp native': {
    type: 'xdp',
    title: 'XDP link, in the driver of a veth device',
    since: '5.9',
    config: 'CONFIG_VETH',
    meaning: 'XDP works in the stack only, which is slower',
    attempt: () => attachToDevice('xdp', (program) => attachXdp(program, DEVICE, { mode: 'native' })),
  },
  tcx: {
    type: 'tc',
    title: 'tcx link at ingress and egress of a device',
    since: '6.6',
    config: 'CONFIG_NET_XGRESS',
    meaning: 'no links at devices; waggle attaches by clsact instead',
    attempt: () => attachToDevice('tc', (program) => attachTcx(program, DEVICE, 'ingress')),
  },
  clsact: {
    type: 'tc',
    title: 'classifier at the clsact queueing discipline',
    since: '4.5',
    config: 'CONFIG_NET_CLS_BPF and CONFIG_NET_SCH_INGRESS',
    meaning: 'tc programs are attached by tcx only, which takes Linux 6.6',
    attempt: tryClsact,
  },
  cgroup: {
    type: 'cgroupSkbIngress',
    title: 'cgroup link',
    since: '5.7',
    config: 'CONFIG_CGROUP_BPF',
    meaning: 'no services and no policy on sockets; waggle needs it',
    attempt: () =>
      withCgroup((cgroup) =>
        attach('cgroupSkbIngress', (program) => attachCgroup(program, 'cgroupSkbIngress', cgroup)),
      ),
  },
  sk_lookup: {
    type: 'skLookup',
    title: 'sk_lookup link of a network namespace',
    since: '5.9',
    config: 'CONFIG_INET',
    meaning: 'ports cannot be steered to a proxy by programs',
    attempt: () =>
      withNamespace(({ namespace }) => attach('skLookup', (program) => attachNamespace(program, namespace))),
  },
  netfilter: {
    type: 'netfilter',
    title: 'netfilter link',
    since: '6.4',
    config: 'CONFIG_NETFILTER_BPF_LINK',
    meaning: 'no programs at netfilter hooks; waggle uses tc instead',
    attempt: () =>
      attachToDevice('netfilter', (program) =>
        attachNetfilter(program, { family: 'ipv4', hook: 'input', priority: 1 }),
      ),
  },
  sockmap: {
    type: 'skMsg',
    title: 'sk_msg program at a socket map',
    since: '4.17',
    config: 'CONFIG_INET',
    meaning: 'no short cut between local sockets; data takes the way through the stack',
    attempt: trySockmap,
  },
  'raw tracepoint': {
    type: 'rawTracepoint',
    title: 'raw tracepoint link (kfree_skb)',
    since: '4.17',
    config: 'CONFIG_BPF_EVENTS',
    meaning: 'drops in the stack stay unseen',
    attempt: () => attach('rawTracepoint', (program) => attachRawTracepoint(program, 'kfree_skb')),
  },
  tp_btf: {
    type: 'btfTracepoint',
    title: 'typed tracepoint link (kfree_skb)',
    since: '5.5',
    config: BTF,
    meaning: 'tracepoint arguments have no types; waggle uses raw tracepoints instead',
    attempt: () => attach('btfTracepoint', attachTracing),
  },
  fentry: {
    type: 'fentry',
    title: 'link at the entry of a kernel function',
    since: '5.5',
    config: `CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS and ${BTF}`,
    meaning: 'no tracing of kernel functions; waggle uses tracepoints instead',
    attempt: () => attach('fentry', attachTracing),
  },
  iterator: {
    type: 'iterator',
    title: 'iterator link (tasks)',
    since: '5.8',
    config: BTF,
    meaning: 'no dumps of sockets and tasks by programs; waggle reads /proc and netlink instead',
    attempt: () => attach('iterator', (program) => attachIterator(program)),
  },
  tracepoint: {
    type: 'tracepoint',
    title: 'tracepoint with stable fields (skb:kfree_skb)',
    since: '5.15',
    config: 'CONFIG_BPF_EVENTS and CONFIG_PERF_EVENTS',
    meaning: 'waggle uses raw tracepoints instead',
    attempt: tryTracepoint,
  },
  uprobe: {
    type: 'uprobe',
    title: 'link at a function of the C library',
    since: '5.15',
    config: 'CONFIG_UPROBE_EVENTS',
    meaning: 'no tracing of user-space functions, so no view into TLS',
    attempt: tryUprobe,
  },
  kprobe: {
    type: 'kprobe',
    title: 'event at a kernel function',
    since: '4.17',
    config: 'CONFIG_KPROBE_EVENTS',
    meaning: 'no tracing of kernel functions; waggle uses tracepoints instead',
    attempt: tryKprobe,
  },
};

/** The program types whose hook is found in a network namespace or control group. */
const isNetwork = (type: ProgramType) => loadCapabilities(type).includes('CAP_NET_ADMIN');

/** `attach tcx` … */
export const attachmentFeatures: readonly Feature[] = Object.entries(rows).map(([name, { type, ...row }]) =>
  feature({
    ...row,
    name: `attach ${name}`,
    group: 'attachments',
    needs: isNetwork(type) ? [...loadCapabilities(type), 'CAP_SYS_ADMIN'] : loadCapabilities(type),
  }),
);
