/**
 * The BTF of the running kernel, and what it says about the kernel's own numbers. The kernel exposes it as a file, whole
 * and in its native byte order (Documentation/bpf/btf.rst); its types cannot change while the kernel runs, so it is read once.
 */

import { readFileSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf';
import { Btf } from '@waggle/compiler';

/** Where the kernel exposes its BTF. */
export const KERNEL_BTF_PATH = '/sys/kernel/btf/vmlinux';

const parsed = new Map<string, Btf>();

/**
 * Returns the BTF of the running kernel, read at the first call and remembered. `path` names another file of the same
 * content. Throws NOT_SUPPORTED when the kernel has no BTF, MALFORMED when the file is something else.
 */
export function kernelBtf(path: string = KERNEL_BTF_PATH): Btf {
  const known = parsed.get(path);
  if (known) return known;
  const btf = Btf.parse(read(path), { name: path === KERNEL_BTF_PATH ? 'vmlinux' : path });
  parsed.set(path, btf);
  return btf;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new WaggleError('NOT_SUPPORTED', `the kernel's type information cannot be read from ${path}`, {
      hint: 'It takes a kernel built with CONFIG_DEBUG_INFO_BTF=y and sysfs mounted on /sys',
      cause,
    });
  }
}

const PREFIX = 'SKB_DROP_REASON_';

/** Reasons above these bits are those of a subsystem (`SKB_DROP_REASON_SUBSYS_SHIFT`). */
const CORE_MASK = 0xffff;

/** Enums in which subsystems list their own reasons, number of the subsystem included. */
const SUBSYSTEM_ENUMS = ['mac80211_drop_reason', 'ovs_drop_reason'];

/**
 * Returns the names of the reasons for which the kernel drops packets, by the number that tracepoint skb:kfree_skb
 * reports: those of `enum skb_drop_reason` without their prefix (`NETFILTER_DROP`), and those of the subsystems whose
 * types are in this BTF. The numbers differ from kernel to kernel. Throws NOT_FOUND for kernels before 5.17, which
 * have no such enum.
 */
export function dropReasons(btf: Btf = kernelBtf()): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [name, value] of btf.enumValues('skb_drop_reason')) {
    // The mask of subsystems and the count at the end are no reasons.
    if (name === `${PREFIX}SUBSYS_MASK` || name === `${PREFIX}MAX`) continue;
    names.set(Number(value), name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name);
  }
  for (const subsystem of SUBSYSTEM_ENUMS) {
    if (btf.find(subsystem, 'enum') === undefined) continue;
    for (const [name, value] of btf.enumValues(subsystem)) {
      // Names that start with an underscore or end in MAX only mark where the reasons begin and end.
      const isReason = Number(value) > CORE_MASK && !name.startsWith('_') && !name.endsWith('_MAX');
      if (isReason) names.set(Number(value), name);
    }
  }
  return names;
}
