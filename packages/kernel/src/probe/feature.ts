/**
 * A feature of the kernel and how to find out whether it is there: by trying it. Versions and configuration files are
 * only asked afterwards, to say why it is not: distributions backport, containers hide, and lockdown refuses what
 * both promise.
 */
import type { Capability } from './capabilities.ts';
import { classify } from './classify.ts';
import { readSituation } from './situation.ts';

/** What a feature is a part of. */
export type FeatureGroup =
  | 'maps'
  | 'programs'
  | 'attachments'
  | 'helpers'
  | 'instructions'
  | 'operations'
  | 'network'
  | 'system';

/**
 * Why a feature is not there: `denied` to this process, refused to everyone by kernel lockdown, left out when the kernel
 * was built, younger than this kernel, there but `not set up` on this host (not mounted, switched off), or none of these.
 */
export type MissingReason = 'denied' | 'locked down' | 'not built in' | 'too old' | 'not set up' | 'unclear';

/** What trying a feature showed. */
export type ProbeResult =
  | { readonly available: true; readonly detail?: string }
  | {
      readonly available: false;
      readonly reason: MissingReason;
      /** The error number of the refusal, positive, where the kernel gave one. */
      readonly errno?: number;
      /** Half a sentence: `needs Linux 6.6, this is 5.15`. */
      readonly detail: string;
    };

/** One feature of the kernel. */
export interface Feature {
  /** Stable and unique: `map lruHash`, `attach tcx`. */
  readonly name: string;
  readonly group: FeatureGroup;
  /** What it is in the kernel's own terms. */
  readonly title: string;
  /** The first kernel that has it. */
  readonly since: string;
  /** The options that build it in, where there is a choice. */
  readonly config?: string;
  /** What is lost without it, and what waggle does instead. */
  readonly meaning: string;
  /** Tries it at the first call, remembers the answer, and leaves nothing behind. Never throws. */
  probe(): ProbeResult;
}

/** What {@link feature} needs to make a feature. */
export interface FeatureDefinition extends Omit<Feature, 'probe'> {
  /** The capabilities that trying it takes. */
  readonly needs: readonly Capability[];
  /** Tries it; throws what the kernel answered. May return a result that says more than "yes". */
  readonly attempt: () => ProbeResult | undefined;
}

/** Makes a feature of its definition. */
export function feature({ needs, attempt, ...description }: FeatureDefinition): Feature {
  const attemptOnce = (): ProbeResult => {
    try {
      return attempt() ?? { available: true };
    } catch (error) {
      return classify(error, { ...description, needs }, readSituation());
    }
  };
  let result: ProbeResult | undefined;
  return { ...description, probe: () => (result ??= attemptOnce()) };
}
