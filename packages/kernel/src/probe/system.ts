/**
 * The host as a whole: what kernel it runs, how it is set up, and what this process may do. Facts first; the features of
 * the group `system` are made of them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { machine } from 'node:os';
import { KERNEL_BTF_PATH } from '../btf/index.ts';
import { findMount } from '../host/mounts.ts';
import { absentCapabilities, type Capability, missingCapabilities } from './capabilities.ts';
import {
  type Feature,
  type FeatureDefinition,
  feature,
  type MissingReason,
  type ProbeResult,
} from './feature.ts';
import { isLockedDown, isOlder, type Lockdown, readSituation } from './situation.ts';

/** The oldest kernel that waggle is made for. */
const OLDEST_KERNEL = '5.15';

/** The capabilities that waggle works with. */
const WANTED: readonly Capability[] = ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON', 'CAP_SYS_ADMIN'];

/** What this process may do. */
export interface Privileges {
  readonly uid: number;
  /** Those of the capabilities waggle works with that it lacks. */
  readonly missing: readonly Capability[];
  /** All capabilities that it lacks. */
  readonly absent: readonly Capability[];
  /** In a user namespace of its own capabilities count for little. */
  readonly userNamespace: boolean;
}

/** Facts about this host. */
export interface Host {
  /** As uname(2) tells it: `6.18.44-generic`. */
  readonly kernel: string;
  /** The machine, as uname(2) tells it: `x86_64`. */
  readonly architecture: string;
  /** Whether the kernel tells its types. */
  readonly btf: boolean;
  readonly jit: 'on' | 'off' | 'unknown';
  readonly lockdown: Lockdown;
  /** Where the file systems are mounted, if they are. */
  readonly cgroup2: string | undefined;
  readonly bpffs: string | undefined;
  /** kernel.unprivileged_bpf_disabled: 0 open to everyone, 1 closed until reboot, 2 closed. */
  readonly unprivilegedBpf: number | undefined;
  readonly privileges: Privileges;
}

/** Reads the facts as they are now. */
export function readHost(): Host {
  const { release, lockdown, unprivilegedBpf, capabilities, userNamespace } = readSituation();
  return {
    kernel: release,
    architecture: machine(),
    btf: existsSync(KERNEL_BTF_PATH),
    jit: readJit(),
    lockdown,
    cgroup2: findMount('cgroup2')?.mountPoint,
    bpffs: findMount('bpf')?.mountPoint,
    unprivilegedBpf,
    privileges: {
      uid: process.geteuid?.() ?? 0,
      missing: missingCapabilities(capabilities, WANTED),
      absent: absentCapabilities(capabilities),
      userNamespace,
    },
  };
}

/** The setting is readable for everybody on most kernels; one that compiles always may have no other value. */
function readJit(): Host['jit'] {
  try {
    return readFileSync('/proc/sys/net/core/bpf_jit_enable', 'utf8').trim() === '0' ? 'off' : 'on';
  } catch {
    return 'unknown';
  }
}

const yes = (detail: string): ProbeResult => ({ available: true, detail });
const no = (reason: MissingReason, detail: string): ProbeResult => ({ available: false, reason, detail });

type Row = Pick<FeatureDefinition, 'title' | 'since' | 'config' | 'meaning'> & {
  readonly judge: (host: Host) => ProbeResult;
};

const rows: Readonly<Record<string, Row>> = {
  kernel: {
    title: `Linux ${OLDEST_KERNEL} or later`,
    since: OLDEST_KERNEL,
    meaning: 'waggle is not made for kernels this old, and may fail anywhere',
    judge: ({ kernel }) =>
      isOlder(kernel, OLDEST_KERNEL)
        ? no('too old', `needs Linux ${OLDEST_KERNEL}, this is ${kernel}`)
        : yes(kernel),
  },
  capabilities: {
    title: 'the privileges to work with bpf and networks',
    since: '2.2',
    meaning: 'waggle cannot do its work; run it as root',
    judge: ({ privileges: { missing, userNamespace } }) => {
      if (missing.length > 0) return no('denied', `needs ${missing.join(', ')}`);
      return userNamespace ? no('denied', 'this is a user namespace, not the host') : yes(WANTED.join(', '));
    },
  },
  lockdown: {
    title: 'a kernel that is not locked down',
    since: '5.4',
    meaning: 'fentry, LSM and reading kernel memory may be refused; waggle does without them',
    judge: ({ lockdown }) => {
      if (lockdown === 'unknown')
        return no('unclear', 'securityfs is not mounted, and the kernel log does not tell');
      if (!isLockedDown(lockdown)) return yes('off');
      return no('locked down', lockdown === 'on' ? 'the kernel log says so; its level is unknown' : lockdown);
    },
  },
  btf: {
    title: 'types of the kernel',
    since: '5.4',
    config: 'CONFIG_DEBUG_INFO_BTF',
    meaning: 'no typed tracepoints, no iterators, and drops have numbers instead of names',
    judge: ({ btf }) =>
      btf ? yes(KERNEL_BTF_PATH) : no('not built in', 'needs a kernel with CONFIG_DEBUG_INFO_BTF'),
  },
  jit: {
    title: 'programs compiled to machine code',
    since: '3.18',
    config: 'CONFIG_BPF_JIT',
    meaning: 'programs are interpreted, several times slower',
    judge: ({ jit }) => {
      if (jit === 'on') return yes('on');
      if (jit === 'unknown') return no('unclear', 'net.core.bpf_jit_enable cannot be read');
      return no('not set up', 'it is switched off (sysctl net.core.bpf_jit_enable=1)');
    },
  },
  bpffs: {
    title: 'a bpf file system',
    since: '4.4',
    meaning: 'nothing can be pinned; waggle mounts one at /sys/fs/bpf when it starts',
    judge: ({ bpffs }) =>
      bpffs === undefined ? no('not set up', 'none is mounted (mount -t bpf bpf /sys/fs/bpf)') : yes(bpffs),
  },
  cgroup2: {
    title: 'the file system of control groups, version 2',
    since: '4.5',
    config: 'CONFIG_CGROUPS',
    meaning: 'no services and no policy on sockets; waggle needs it',
    judge: ({ cgroup2 }) =>
      cgroup2 === undefined
        ? no('not set up', 'it is not mounted (mount -t cgroup2 none /sys/fs/cgroup)')
        : yes(cgroup2),
  },
  'unprivileged bpf': {
    title: 'bpf(2) closed to unprivileged users',
    since: '4.4',
    meaning: 'every user may load programs, which has been a way to attack kernels',
    judge: ({ unprivilegedBpf }) => {
      if (unprivilegedBpf === undefined)
        return no('unclear', 'kernel.unprivileged_bpf_disabled cannot be read');
      if (unprivilegedBpf === 0)
        return no('not set up', 'it is open (sysctl kernel.unprivileged_bpf_disabled=2)');
      return yes(`kernel.unprivileged_bpf_disabled is ${unprivilegedBpf}`);
    },
  },
  'memory accounting': {
    title: 'memory of maps counted for the control group',
    since: '5.11',
    meaning: 'RLIMIT_MEMLOCK limits the size of maps: run with ulimit -l unlimited',
    judge: ({ kernel }) =>
      isOlder(kernel, '5.11')
        ? no('too old', `needs Linux 5.11, this is ${kernel}`)
        : yes('no limit by RLIMIT_MEMLOCK'),
  },
};

/** `system cgroup2` … */
export const systemFeatures: readonly Feature[] = Object.entries(rows).map(([name, { judge, ...row }]) =>
  feature({ ...row, name: `system ${name}`, group: 'system', needs: [], attempt: () => judge(readHost()) }),
);
