/**
 * What `waggle doctor` has to say, as a value: the JSON that programs read. Its members only ever become more. Pure.
 */
import type {
  Feature,
  FeatureGroup,
  Host,
  Lockdown,
  MissingReason,
  ProbeResult,
  UnmetNeed,
} from '@waggle/kernel';

/** One feature and what trying it showed. */
export interface FeatureReport {
  readonly name: string;
  readonly group: FeatureGroup;
  readonly title: string;
  readonly available: boolean;
  /** Why it is missing. */
  readonly reason?: MissingReason;
  /** The error number of the refusal. */
  readonly errno?: number;
  /** More about what was found, or why not. */
  readonly detail?: string;
  /** The first kernel that has it. */
  readonly since: string;
  /** The kernel options that build it in. */
  readonly config?: string;
  /** What is lost without it. */
  readonly meaning: string;
}

/** The whole report. */
export interface DoctorReport {
  readonly waggle: string;
  readonly node: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly privileges: {
    readonly uid: number;
    /** Whether they are enough to run waggle, and to try everything below. */
    readonly sufficient: boolean;
    /** The capabilities that waggle works with and this process lacks. */
    readonly missing: readonly string[];
    /** All that it lacks. */
    readonly absent: readonly string[];
    readonly userNamespace: boolean;
  };
  readonly lockdown: Lockdown;
  readonly btf: boolean;
  readonly jit: Host['jit'];
  /** Where the file systems are mounted; null where they are not. */
  readonly cgroup2: string | null;
  readonly bpffs: string | null;
  readonly features: readonly FeatureReport[];
  readonly verdict: {
    /** Whether waggle can run here. */
    readonly ready: boolean;
    /** What it needs and did not find. */
    readonly missing: readonly {
      readonly purpose: string;
      readonly feature: string;
      readonly reason: MissingReason;
      readonly detail: string;
    }[];
  };
}

/** What a report is made of. */
export interface Findings {
  readonly versions: { readonly waggle: string; readonly node: string };
  readonly host: Host;
  /** The features that the user wants to read of, and their results. */
  readonly features: readonly (readonly [Feature, ProbeResult])[];
  readonly unmet: readonly UnmetNeed[];
}

/** Makes the report. */
export function reportOf({ versions, host, features, unmet }: Findings): DoctorReport {
  const { kernel, architecture, lockdown, btf, jit, cgroup2, bpffs, privileges } = host;
  return {
    ...versions,
    kernel,
    architecture,
    privileges: { ...privileges, sufficient: privileges.missing.length === 0 && !privileges.userNamespace },
    lockdown,
    btf,
    jit,
    cgroup2: cgroup2 ?? null,
    bpffs: bpffs ?? null,
    features: features.map(([feature, result]) => featureReport(feature, result)),
    verdict: {
      ready: unmet.length === 0,
      missing: unmet.map(({ purpose, feature, result: { reason, detail } }) => ({
        purpose,
        feature,
        reason,
        detail,
      })),
    },
  };
}

function featureReport(
  { probe: _, name, group, title, ...rest }: Feature,
  result: ProbeResult,
): FeatureReport {
  return { name, group, title, ...result, ...rest };
}
