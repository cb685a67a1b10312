/**
 * All that waggle asks a kernel for, by name. A feature is tried once in a process and remembered: kernels do not change
 * while they run. (What an administrator may change meanwhile is in the group `system`; `readHost` reads it afresh.)
 */
import { nearest, WaggleError } from '@waggle/bpf';
import { attachmentFeatures } from './attachments.ts';
import type { Feature, FeatureGroup, ProbeResult } from './feature.ts';
import { helperFeatures } from './helpers.ts';
import { instructionFeatures } from './instructions.ts';
import { mapFeatures } from './maps.ts';
import { networkFeatures } from './network.ts';
import { operationFeatures } from './operations.ts';
import { programFeatures } from './programs.ts';
import { systemFeatures } from './system.ts';

/** The groups, in the order in which people want to read them. */
export const featureGroups: readonly FeatureGroup[] = [
  'system',
  'maps',
  'programs',
  'attachments',
  'helpers',
  'instructions',
  'operations',
  'network',
];

/** Every feature by its name, group by group. */
export const features: ReadonlyMap<string, Feature> = new Map(
  [
    systemFeatures,
    mapFeatures,
    programFeatures,
    attachmentFeatures,
    helperFeatures,
    instructionFeatures,
    operationFeatures,
    networkFeatures,
  ]
    .flat()
    .map((feature) => [feature.name, feature]),
);

/**
 * Finds out whether the running kernel has a feature, by trying it.
 * @throws WaggleError NOT_FOUND for a name that is none.
 */
export function probe(name: string): ProbeResult {
  const feature = features.get(name);
  if (feature === undefined) {
    const near = nearest(name, features.keys());
    throw new WaggleError(
      'NOT_FOUND',
      `there is no feature ${JSON.stringify(name)}`,
      near === undefined ? {} : { hint: `Did you mean ${JSON.stringify(near)}?` },
    );
  }
  return feature.probe();
}

/** Tries all features, or those of some groups; about half a second for all. The results are in the order of the catalogue. */
export function probeAll(groups: readonly FeatureGroup[] = featureGroups): Map<string, ProbeResult> {
  const wanted = [...features.values()].filter(({ group }) => groups.includes(group));
  return new Map(wanted.map(({ name }) => [name, probe(name)]));
}
