/**
 * The tables against the kernel that is running: its own description of itself (BTF) has every number that we
 * wrote down and the place of every field of the contexts.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { before, test } from 'node:test';
import * as contexts from './context.ts';
import { MapFlag, mapTypes } from './map-types.ts';
import { CpuTarget, DeviceTarget } from './object-maps.ts';
import { programTypes } from './program-types.ts';
import type { Struct } from './struct.ts';
import { FlowDissector, Lwt, Sk, Tc, Xdp } from './verdicts.ts';

const BTF = '/sys/kernel/btf/vmlinux';
const noBtf = whyNoBtf();
function whyNoBtf(): string | false {
  if (!existsSync(BTF)) return `there is no ${BTF}`;
  return spawnSync('bpftool', ['version']).status === 0 ? false : 'there is no bpftool';
}

interface KernelStruct {
  readonly size: number;
  readonly members: { readonly name: string; readonly offset: number }[];
}

/** Enumerators of the kernel by name. */
const numbers = new Map<string, number>();
/** Structs of the kernel by name. */
const structs = new Map<string, KernelStruct>();

before(() => {
  if (noBtf) return;
  const dump = spawnSync('bpftool', ['btf', 'dump', 'file', BTF], { encoding: 'utf8', maxBuffer: 1 << 28 });
  let current: KernelStruct | undefined;
  for (const line of dump.stdout.split('\n')) {
    const head = /^\[\d+\] (?:STRUCT '(\w+)' size=(\d+))?/.exec(line);
    if (head !== null) {
      current = head[1] === undefined ? undefined : { size: Number(head[2]), members: [] };
      if (head[1] !== undefined && current !== undefined) structs.set(head[1], current);
      continue;
    }
    const enumerator = /^\t'(\w+)' val=(-?\d+)$/.exec(line);
    if (enumerator !== null) numbers.set(String(enumerator[1]), Number(enumerator[2]));
    const member = /^\t'(.*)' type_id=\d+ bits_offset=(\d+)/.exec(line);
    if (member !== null) current?.members.push({ name: String(member[1]), offset: Number(member[2]) / 8 });
  }
});

test('map types have the numbers of the kernel', { skip: noBtf }, () => {
  const ours = Object.values(mapTypes).map((info) => [info.kernelName, info.number]);
  assert.deepEqual(
    ours,
    ours.map(([name]) => [name, numbers.get(String(name))]),
  );
});

test('map flags have the bits of the kernel', { skip: noBtf }, () => {
  assert.deepEqual(MapFlag, {
    NoPreallocate: numbers.get('BPF_F_NO_PREALLOC'),
    NoCommonLru: numbers.get('BPF_F_NO_COMMON_LRU'),
    NumaNode: numbers.get('BPF_F_NUMA_NODE'),
    ReadOnlyProgram: numbers.get('BPF_F_RDONLY_PROG'),
    WriteOnlyProgram: numbers.get('BPF_F_WRONLY_PROG'),
    Mmapable: numbers.get('BPF_F_MMAPABLE'),
    PreserveElements: numbers.get('BPF_F_PRESERVE_ELEMS'),
    InnerMap: numbers.get('BPF_F_INNER_MAP'),
  });
});

test('program and attach types have the numbers of the kernel', { skip: noBtf }, () => {
  for (const info of Object.values(programTypes)) {
    assert.equal(info.number, numbers.get(info.kernelName), info.kernelName);
    if (info.attachName !== undefined)
      assert.equal(info.attachType, numbers.get(info.attachName), info.attachName);
    assert.equal(info.attachName === undefined, info.attachType === undefined);
  }
});

test('verdicts have the numbers of the kernel', { skip: noBtf }, () => {
  for (const [name, value] of Object.entries(Xdp))
    assert.equal(value, numbers.get(`XDP_${name.toUpperCase()}`));
  for (const [name, value] of Object.entries(Sk))
    assert.equal(value, numbers.get(`SK_${name.toUpperCase()}`));
  assert.equal(Tc.Next, numbers.get('TCX_NEXT'));
  assert.equal(Tc.Ok, numbers.get('TCX_PASS'));
  assert.equal(Tc.Shot, numbers.get('TCX_DROP'));
  assert.equal(Tc.Redirect, numbers.get('TCX_REDIRECT'));
  assert.deepEqual(Lwt, {
    Ok: numbers.get('BPF_OK'),
    Drop: numbers.get('BPF_DROP'),
    Redirect: numbers.get('BPF_REDIRECT'),
    Reroute: numbers.get('BPF_LWT_REROUTE'),
  });
  assert.equal(FlowDissector.Continue, numbers.get('BPF_FLOW_DISSECTOR_CONTINUE'));
});

/**
 * Our structs of the uapi, with the members of C in the same order; - is one without a name: a union of one
 * pointer, or of both.
 */
const uapi: readonly (readonly [type: Struct, members: string])[] = [
  [contexts.XdpMd, 'data data_end data_meta ingress_ifindex rx_queue_index egress_ifindex'],
  [
    contexts.SkBuff,
    `len pkt_type mark queue_mapping protocol vlan_present vlan_tci vlan_proto priority ingress_ifindex ifindex tc_index
     cb hash tc_classid data data_end napi_id family remote_ip4 local_ip4 remote_ip6 local_ip6 remote_port local_port
     data_meta - tstamp wire_len gso_segs - gso_size tstamp_type hwtstamp`,
  ],
  [
    contexts.SockAddr,
    'user_family user_ip4 user_ip6 user_port family type protocol msg_src_ip4 msg_src_ip6 -',
  ],
  [
    contexts.Sock,
    `bound_dev_if family type protocol mark priority src_ip4 src_ip6 src_port dst_port dst_ip4 dst_ip6 state
     rx_queue_mapping`,
  ],
  [
    contexts.SkLookupMd,
    `- family protocol remote_ip4 remote_ip6 remote_port local_ip4 local_ip6 local_port ingress_ifindex`,
  ],
  [
    contexts.SockOpsMd,
    `op - family remote_ip4 local_ip4 remote_ip6 local_ip6 remote_port local_port is_fullsock snd_cwnd srtt_us
     bpf_sock_ops_cb_flags state rtt_min snd_ssthresh rcv_nxt snd_nxt snd_una mss_cache ecn_flags rate_delivered
     rate_interval_us packets_out retrans_out total_retrans segs_in data_segs_in segs_out data_segs_out lost_out
     sacked_out sk_txhash bytes_received bytes_acked - - - skb_len skb_tcp_flags skb_hwtstamp`,
  ],
  [contexts.SkMsgMd, '- - family remote_ip4 local_ip4 remote_ip6 local_ip6 remote_port local_port size -'],
  [contexts.SkReuseportMd, '- - len eth_protocol ip_protocol bind_inany hash - -'],
  [contexts.SockoptMd, '- - - level optname optlen retval'],
  [contexts.SysctlMd, 'write file_pos'],
  [contexts.DeviceAccessMd, 'access_type major minor'],
  [DeviceTarget, 'ifindex bpf_prog'],
  [CpuTarget, 'qsize bpf_prog'],
];

test('contexts are laid out as in the kernel', { skip: noBtf }, () => {
  for (const [type, members] of uapi) {
    const names = members.trim().split(/\s+/);
    const theirs = structs.get(type.name);
    assert.deepEqual(
      { size: type.size, members: type.fields.map((field, index) => [names[index], field.offset]) },
      {
        size: theirs?.size,
        members: theirs?.members.map(({ name, offset }) => [name === '(anon)' ? '-' : name, offset]),
      },
      type.name,
    );
  }
});
