/**
 * What decides whether the kernel listens to this process at all: its release, lockdown, and the privileges of the
 * process. A refusal alone does not tell a missing feature from a missing privilege; together with this it does.
 */
import * as fs from 'node:fs';
import { release } from 'node:os';
import { errorNumber } from '../host/files.ts';
import { findMount } from '../host/mounts.ts';
import { errno } from '../sys/errno.ts';

/** The state of kernel lockdown (kernel_lockdown(7)); `on` when only that it is on is known. */
export type Lockdown = 'off' | 'integrity' | 'confidentiality' | 'on' | 'unknown';

/** The circumstances of a refusal. */
export interface Situation {
  /** As uname(2) tells it: `6.18.44-generic`. */
  readonly release: string;
  readonly lockdown: Lockdown;
  /** The effective capabilities as a bit mask (capabilities(7)). */
  readonly capabilities: bigint;
  /** Whether the process is in a user namespace of its own, where its capabilities mean little to bpf(2). */
  readonly userNamespace: boolean;
  /** Whether a seccomp filter looks at its system calls, as in most containers. */
  readonly seccomp: boolean;
  /** kernel.unprivileged_bpf_disabled: 0 open to everyone, 1 closed until reboot, 2 closed. */
  readonly unprivilegedBpf: number | undefined;
}

const KERNEL_LOG = '/dev/kmsg';
/** More than the log of any kernel holds, unless somebody keeps writing while we read. */
const MOST_RECORDS = 100_000;
const LONGEST_RECORD = 8192;

/** Reads the situation of this process now. What cannot be read is unknown, never an error. */
export function readSituation(): Situation {
  const status = readText('/proc/self/status') ?? '';
  const unprivileged = readText('/proc/sys/kernel/unprivileged_bpf_disabled');
  return {
    release: release(),
    lockdown: readLockdown(),
    capabilities: BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`),
    userNamespace: !isInitialUserNamespace(readText('/proc/self/uid_map')),
    seccomp: /^Seccomp:\s*[12]$/m.test(status),
    unprivilegedBpf: unprivileged === undefined ? undefined : Number(unprivileged),
  };
}

/** The state of lockdown: from securityfs where it is mounted, else from what the kernel has logged since it booted. */
export function readLockdown(): Lockdown {
  const securityfs = findMount('securityfs')?.mountPoint;
  if (securityfs !== undefined) {
    const text = readText(`${securityfs}/lockdown`);
    // A kernel without lockdown does not have the file.
    return text === undefined ? 'off' : parseLockdown(text);
  }
  return readLog();
}

/** The state in brackets: `none [integrity] confidentiality`. */
export function parseLockdown(text: string): Lockdown {
  const state = /\[(\w+)\]/.exec(text)?.[1];
  if (state === 'none') return 'off';
  return state === 'integrity' || state === 'confidentiality' ? state : 'unknown';
}

/** Whether lockdown is on, at whatever level. */
export function isLockedDown(lockdown: Lockdown): boolean {
  return lockdown !== 'off' && lockdown !== 'unknown';
}

/** The initial user namespace maps all ids to themselves. */
export function isInitialUserNamespace(uidMap: string | undefined): boolean {
  return uidMap === undefined || /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

/**
 * Whether the first of two kernel releases is older: `5.15.0-91-generic` is older than `6.6`. Only the first two numbers
 * count; features do not come with stable updates.
 */
export function isOlder(kernel: string, than: string): boolean {
  const [major, minor] = versionOf(kernel);
  const [wantedMajor, wantedMinor] = versionOf(than);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** Major and minor number of a release; what does not parse counts as newer than anything. */
export function versionOf(text: string): [major: number, minor: number] {
  const match = /^(\d+)\.(\d+)/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : [Number.POSITIVE_INFINITY, 0];
}

/** What the kernel's log tells of lockdown: its level is not in there, and its beginning may have been overwritten. */
function readLog(): Lockdown {
  let fd: number;
  try {
    fd = fs.openSync(KERNEL_LOG, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch {
    return 'unknown';
  }
  const record = Buffer.alloc(LONGEST_RECORD);
  let fromTheBeginning = false;
  try {
    for (let count = 0; count < MOST_RECORDS; count++) {
      const text = record.toString('latin1', 0, fs.readSync(fd, record));
      if (text.includes('Kernel is locked down from')) return 'on';
      // `priority,number,…;text`
      if (/^\d+,0,/.test(text)) fromTheBeginning = true;
    }
    return 'unknown';
  } catch (error) {
    // EAGAIN: that was the last record. EPIPE: records were overwritten while we read.
    return fromTheBeginning && errorNumber(error) === errno.EAGAIN ? 'off' : 'unknown';
  } finally {
    fs.closeSync(fd);
  }
}

function readText(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
