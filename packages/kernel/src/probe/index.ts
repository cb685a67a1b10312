/** Feature probes: what the running kernel can do, found by trying it. */

export type { Capability } from './capabilities.ts';
export { featureGroups, features, probe, probeAll } from './catalogue.ts';
export { explainRefusal } from './explain.ts';
export type { Feature, FeatureGroup, MissingReason, ProbeResult } from './feature.ts';
export { type Need, neededFeatures, needs, type UnmetNeed, unmetNeeds } from './needs.ts';
export type { Lockdown } from './situation.ts';
export { type Host, type Privileges, readHost } from './system.ts';
