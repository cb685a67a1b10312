/**
 * Why the kernel said no. A refused map or program may be wrong itself, or its whole type may be missing here; the
 * probe of that type tells the two apart, and says what is missing.
 */
import type { ErrorCode } from '@waggle/bpf';
import type { KernelErrorOptions } from '../errors.ts';
import { errno } from '../sys/errno.ts';
import type { Feature, MissingReason } from './feature.ts';
import { mapFeatures } from './maps.ts';
import { programFeatures } from './programs.ts';

/** Only these features: to import the whole catalogue here would make everything depend on everything. */
const features = new Map<string, Feature>(
  [...mapFeatures, ...programFeatures].map((feature) => [feature.name, feature]),
);

const codes: Partial<Record<MissingReason, ErrorCode>> = {
  denied: 'DENIED',
  'locked down': 'LOCKED_DOWN',
  'not built in': 'NOT_SUPPORTED',
  'too old': 'NOT_SUPPORTED',
};

/** Refusals that are about this one attempt, whatever the kernel can do. */
const passing: readonly number[] = [
  errno.EAGAIN,
  errno.EINTR,
  errno.EMFILE,
  errno.ENFILE,
  errno.ENOMEM,
  errno.ENOSPC,
  errno.EFAULT,
];

/**
 * Explains a refusal by the feature that it may be due to, e.g. `map lruHash`. The feature is tried at most once in a
 * process, with system calls of the probe's own, so a refusal in there is never explained in turn.
 * @param number the error number of the refusal, positive.
 * @returns code and hint when the feature is missing in this kernel, nothing when it is there or unknown. Never throws.
 */
export function explainRefusal(feature: string, number: number): KernelErrorOptions {
  if (passing.includes(number)) return {};
  const known = features.get(feature);
  if (known === undefined) return {};
  const result = known.probe();
  const code = result.available ? undefined : codes[result.reason];
  if (result.available || code === undefined) return {};
  return { code, hint: `No ${known.title} here: ${result.detail}` };
}
