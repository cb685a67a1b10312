/**
 * Probes of helper functions: a call of each, without caring for its arguments. The verifier looks the function up before it
 * looks at the arguments, so only a function that is not there is answered with one of a few sentences.
 */
import type { ProgramType } from '@waggle/bpf';
import { callHelper, exit, Helper } from '@waggle/compiler';
import { KernelError } from '../errors.ts';
import { errno } from '../sys/errno.ts';
import { close } from '../sys/libc.ts';
import { NativeBuffer } from '../sys/memory.ts';
import { type Feature, feature } from './feature.ts';
import { leastProgram, loadCapabilities } from './programs.ts';
import { load } from './trial.ts';

/** The verifier's words for a function that this kernel, or this type of program, does not have. */
const ABSENT = /unknown func|invalid func|cannot use helper/;

const LOG_SIZE = 4096;

type Row = readonly [name: string, number: number, type: ProgramType, since: string, meaning: string];

const rows: readonly Row[] = [
  ['csum_diff', Helper.csumDiff, 'tc', '4.6', 'no address translation; waggle needs it for services'],
  ['skb_set_tunnel_key', Helper.skbSetTunnelKey, 'tc', '4.3', 'no tunnels between nodes by programs'],
  [
    'redirect_peer',
    Helper.redirectPeer,
    'tc',
    '5.10',
    'packets to a namespace take a longer way, by redirect',
  ],
  [
    'redirect_neigh',
    Helper.redirectNeigh,
    'tc',
    '5.10',
    'packets to neighbours take the way through the stack',
  ],
  ['check_mtu', Helper.checkMtu, 'tc', '5.12', 'programs cannot tell that a packet is too large for its way'],
  ['sk_assign', Helper.skAssign, 'tc', '5.7', 'packets cannot be handed to a proxy without netfilter'],
  ['sk_lookup_tcp', Helper.skLookupTcp, 'tc', '4.20', 'programs cannot ask which socket a packet is for'],
  [
    'skc_lookup_tcp',
    Helper.skcLookupTcp,
    'tc',
    '5.2',
    'programs cannot ask which connection a packet is for',
  ],
  ['fib_lookup', Helper.fibLookup, 'xdp', '4.18', 'XDP cannot route; packets take the way through the stack'],
  ['tcp_gen_syncookie', Helper.tcpGenSyncookie, 'xdp', '5.3', 'no SYN cookies in XDP; the stack makes them'],
  [
    'ktime_get_coarse_ns',
    Helper.ktimeGetCoarseNs,
    'tc',
    '5.11',
    'reading the clock costs more: ktime_get_ns',
  ],
  [
    'get_netns_cookie',
    Helper.getNetnsCookie,
    'cgroupConnect4',
    '5.7',
    'sockets cannot be told apart by namespace',
  ],
  [
    'get_socket_cookie',
    Helper.getSocketCookie,
    'cgroupConnect4',
    '4.18',
    'sockets have no number; waggle needs it',
  ],
  [
    'get_current_cgroup_id',
    Helper.getCurrentCgroupId,
    'cgroupConnect4',
    '4.18',
    'sockets are not known by service',
  ],
  ['ringbuf_output', Helper.ringbufOutput, 'tc', '5.8', 'no events: no flows, no drops; waggle needs it'],
  ['ringbuf_reserve', Helper.ringbufReserve, 'tc', '5.8', 'events are copied once more: ringbuf_output'],
  ['user_ringbuf_drain', Helper.userRingbufDrain, 'tc', '6.1', 'user space cannot stream to programs'],
  ['dynptr_read', Helper.dynptrRead, 'tc', '5.19', 'no pointers that know their length'],
  ['loop', Helper.loop, 'tc', '5.17', 'loops cost the verifier more: they are walked through'],
  ['for_each_map_elem', Helper.forEachMapElem, 'tc', '5.13', 'programs cannot walk through a map'],
  [
    'map_lookup_percpu_elem',
    Helper.mapLookupPercpuElem,
    'tc',
    '5.19',
    "programs see their own CPU's values only",
  ],
  ['timer_start', Helper.timerStart, 'tc', '5.15', 'no timers in programs; user space removes what expires'],
  ['strncmp', Helper.strncmp, 'tc', '5.17', 'texts are compared byte by byte'],
  ['send_signal', Helper.sendSignal, 'rawTracepoint', '5.3', 'tracing programs cannot stop a process'],
  ['d_path', Helper.dPath, 'iterator', '5.10', 'tracing programs cannot tell the path of a file'],
  ['get_current_task_btf', Helper.getCurrentTaskBtf, 'rawTracepoint', '5.11', 'tasks are read without types'],
];

/** `helper fib_lookup` … */
export const helperFeatures: readonly Feature[] = rows.map(([name, number, type, since, meaning]) =>
  feature({
    name: `helper ${name}`,
    group: 'helpers',
    title: `bpf_${name}() in ${type} programs`,
    since,
    meaning,
    needs: loadCapabilities(type),
    attempt: () => tryCall(name, number, type),
  }),
);

function tryCall(name: string, helper: number, type: ProgramType): undefined {
  const log_buf = new NativeBuffer(LOG_SIZE);
  const fields = { ...leastProgram(type).fields, log_buf, log_size: LOG_SIZE, log_level: 1 };
  const result = load({ type, body: [callHelper(helper), exit()], fields });
  if (result >= 0) {
    close(result);
    return;
  }
  const log = Buffer.from(log_buf.bytes).toString('latin1');
  const isAbsent = ABSENT.test(log);
  // Without a word from the verifier the program did not come as far as to it.
  if (isAbsent || log.startsWith('\0'))
    throw new KernelError('call', `bpf_${name}`, isAbsent ? errno.EINVAL : -result);
}
