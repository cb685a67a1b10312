/**
 * The host as a whole: what kernel it runs, how it is set up, and what this process may do. Facts first; the features of
 * the group `system` are made of them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { arch, machine } from 'node:os';
import { KERNEL_BTF_PATH } from '../btf/index.ts';
import { findMount } from '../host/mounts.ts';
import { absentCapabilities, type Capability, missingCapabilities } from './capabilities.ts';
import { type Feature, type FeatureDefinition, feature, type MissingReason, type ProbeResult } from './feature.ts';
import { isLockedDown, isOlder, type Lockdown, readSituation, type Situation, versionOf } from './situation.ts';

/** The oldest kernel that waggle is made for. */
export const OLDEST_KERNEL = '5.15';

/** What this process may do. */
export interface Privileges {
  readonly uid: number;
  /** Whether it has the capabilities that waggle asks for. */
  readonly sufficient: boolean;
  /** Those of them that it lacks. */
  readonly missing: readonly Capability[];
  /** All that it lacks. */
  readonly absent: readonly Capability[];
  readonly userNamespace: boolean;
}
void arch;
void machine;
void existsSync;
