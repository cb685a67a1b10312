/**
 * What the kernel tells about a link: its type, its program, and where it is attached. The second part is a union
 * in the kernel (struct bpf_link_info); here each type has its own shape.
 */
import type { Infer } from '@waggle/bpf';
import { information, type LinkInformation, LinkNameInformation } from '../sys/information.ts';
import { NativeBuffer } from '../sys/memory.ts';

/** enum bpf_link_type, include/uapi/linux/bpf.h, in order. */
const TYPES = [
  'unspecified',
  'raw_tracepoint',
  'tracing',
  'cgroup',
  'iter',
  'netns',
  'xdp',
  'perf_event',
  'kprobe_multi',
  'struct_ops',
  'netfilter',
  'tcx',
  'uprobe_multi',
  'netkit',
  'sockmap',
] as const;

/** Where a link is attached; `attachType` is the kernel's number (enum bpf_attach_type). */
export type LinkTarget =
  | { readonly kind: 'device'; readonly interfaceIndex: number; readonly attachType?: number }
  | { readonly kind: 'cgroup'; readonly cgroupId: bigint; readonly attachType: number }
  | { readonly kind: 'namespace'; readonly inode: number; readonly attachType: number }
  | { readonly kind: 'tracepoint'; readonly name: string }
  | {
      readonly kind: 'netfilter';
      readonly family: number;
      readonly hook: number;
      readonly priority: number;
    }
  | { readonly kind: 'map'; readonly mapId: number; readonly attachType: number }
  | { readonly kind: 'tracing'; readonly attachType: number; readonly btfId: number }
  | { readonly kind: 'other' };

/** What the kernel tells about a link. An interface index of 0 says that the link lost its device. */
export interface LinkInfo {
  readonly id: number;
  /** The kernel's name of the type; `type 99` for one newer than this library. */
  readonly type: (typeof TYPES)[number] | `type ${number}`;
  readonly programId: number;
  readonly target: LinkTarget;
}

/** Decodes the information about the link behind `fd`. */
export function linkInfo(fd: number, raw: Infer<typeof LinkInformation>, object: string): LinkInfo {
  const type = TYPES[raw.type] ?? (`type ${raw.type}` as const);
  return { id: raw.id, type, programId: raw.prog_id, target: target(fd, type, raw, object) };
}

function target(
  fd: number,
  type: LinkInfo['type'],
  raw: Infer<typeof LinkInformation>,
  object: string,
): LinkTarget {
  const { word0, word1, word2 } = raw;
  switch (type) {
    case 'xdp':
      return { kind: 'device', interfaceIndex: word0 };
    case 'tcx':
    case 'netkit':
      return { kind: 'device', interfaceIndex: word0, attachType: word1 };
    case 'cgroup':
      return { kind: 'cgroup', cgroupId: BigInt(word0) | (BigInt(word1) << 32n), attachType: word2 };
    case 'netns':
      return { kind: 'namespace', inode: word0, attachType: word1 };
    case 'raw_tracepoint':
      return { kind: 'tracepoint', name: tracepointName(fd, object) };
    case 'netfilter':
      return { kind: 'netfilter', family: word0, hook: word1, priority: word2 | 0 };
    case 'sockmap':
      return { kind: 'map', mapId: word0, attachType: word1 };
    case 'tracing':
      return { kind: 'tracing', attachType: word0, btfId: word2 };
    default:
      return { kind: 'other' };
  }
}

function tracepointName(fd: number, object: string): string {
  const name = new NativeBuffer(128);
  information(fd, LinkNameInformation, object, { tp_name: name, tp_name_len: name.size });
  return Buffer.from(name.bytes.subarray(0, name.bytes.indexOf(0))).toString();
}
