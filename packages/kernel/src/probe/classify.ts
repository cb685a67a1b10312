/**
 * From a refusal to a reason. EPERM means a missing privilege, lockdown or a filter of system calls; EINVAL and its like
 * mean that the kernel does not know what was asked of it: it is too old, or was built without. Pure.
 */
import { WaggleError } from '@waggle/bpf';
import { KernelError } from '../errors.ts';
import { errno, errnoName, errnoText } from '../sys/errno.ts';
import { type Capability, missingCapabilities } from './capabilities.ts';
import type { Feature, ProbeResult } from './feature.ts';
import { isLockedDown, isOlder, type Situation, versionOf } from './situation.ts';

/** What is known of a feature before it is tried. */
export interface Expectation extends Pick<Feature, 'since' | 'config'> {
  readonly needs: readonly Capability[];
}

/** How the kernel says that it does not know something; which of these depends on the place. */
const unknownToKernel: readonly number[] = [
  errno.EINVAL,
  errno.ENOTSUPP,
  errno.EOPNOTSUPP,
  errno.ENOENT,
  errno.ENOSYS,
  errno.ENODEV,
  errno.ENXIO,
  errno.E2BIG,
  errno.EPROTONOSUPPORT,
  errno.EAFNOSUPPORT,
];

/** Says why a feature is missing, from what trying it threw. */
export function classify(error: unknown, expectation: Expectation, situation: Situation): ProbeResult {
  if (error instanceof KernelError) {
    const { errno: number } = error;
    if (number === errno.EPERM || number === errno.EACCES) return refused(number, expectation, situation);
    if (unknownToKernel.includes(number)) return { ...missing(expectation, situation), errno: number };
    return { available: false, reason: 'unclear', errno: number, detail: firstSentence(error) };
  }
  // What the kernel does not list (a type in its BTF, a tracepoint) has no error number.
  if (error instanceof WaggleError && (error.code === 'NOT_FOUND' || error.code === 'NOT_SUPPORTED')) {
    return missing(expectation, situation);
  }
  return { available: false, reason: 'unclear', detail: String(error) };
}

function refused(number: number, { needs }: Expectation, situation: Situation): ProbeResult {
  const denied = (detail: string): ProbeResult => ({
    available: false,
    reason: 'denied',
    errno: number,
    detail,
  });
  const absent = missingCapabilities(situation.capabilities, needs);
  if (absent.length > 0) return denied(`needs ${list(absent)}${unprivileged(situation, absent)}`);
  if (situation.userNamespace) return denied('refused to processes in a user namespace of their own');
  if (isLockedDown(situation.lockdown)) {
    const level = situation.lockdown === 'on' ? '' : ` (${situation.lockdown})`;
    const detail = `kernel lockdown${level} refuses it even to root`;
    return { available: false, reason: 'locked down', errno: number, detail };
  }
  const filter = situation.seccomp ? ', perhaps by the seccomp filter of this container' : '';
  return denied(`refused with ${errnoName(number)} in spite of all capabilities${filter}`);
}

function unprivileged({ unprivilegedBpf }: Situation, absent: readonly Capability[]): string {
  if (!absent.includes('CAP_BPF') || unprivilegedBpf === undefined) return '';
  return ` (kernel.unprivileged_bpf_disabled is ${unprivilegedBpf})`;
}

function missing({ since, config }: Expectation, { release }: Situation) {
  if (isOlder(release, since)) {
    const detail = `needs Linux ${since}, this is ${versionOf(release).join('.')}`;
    return { available: false, reason: 'too old', detail } as const;
  }
  const detail = config === undefined ? 'this kernel was built without it' : `needs a kernel with ${config}`;
  return { available: false, reason: 'not built in', detail } as const;
}

function firstSentence({ errno: number, operation, object }: KernelError): string {
  return `${operation} ${object}: ${errnoName(number)} (${errnoText(number)})`;
}

function list(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
