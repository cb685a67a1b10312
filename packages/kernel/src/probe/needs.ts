/**
 * What waggle cannot do without. Everything else in the catalogue has a substitute, or is for a part of waggle that can be
 * left off. Pure.
 */
import type { ProbeResult } from './feature.ts';

/** Something that waggle has to do, and the features it takes: all of them, of a list within the list any one. */
export interface Need {
  readonly purpose: string;
  readonly features: readonly (string | readonly string[])[];
}

/** A need that is not met: which feature is missing (of alternatives, the first), and what trying it showed. */
export interface UnmetNeed {
  readonly purpose: string;
  readonly feature: string;
  readonly result: Extract<ProbeResult, { available: false }>;
}

/** All needs. */
export const needs: readonly Need[] = [
  {
    purpose: 'to keep identities, policies and connections',
    features: [
      'map hash',
      'map array',
      'map perCpuArray',
      'map perCpuHash',
      'map lruHash',
      'map lpmTrie',
      'map hashOfMaps',
      'map programArray',
    ],
  },
  {
    purpose: 'to load what its compiler makes',
    features: [
      'instruction jump32',
      'instruction atomicFetch',
      'instruction boundedLoop',
      'instruction functionCall',
      'instruction globalData',
    ],
  },
  {
    purpose: 'to enforce policy on network devices',
    features: ['program tc', ['attach tcx', 'attach clsact'], 'helper csum_diff'],
  },
  {
    purpose: 'to balance services and enforce policy on sockets',
    features: [
      'system cgroup2',
      'program cgroupConnect4',
      'program cgroupConnect6',
      'attach cgroup',
      'helper get_socket_cookie',
    ],
  },
  {
    purpose: 'to report flows and drops',
    features: ['map ringBuffer', 'operation ring buffer', 'helper ringbuf_output'],
  },
  { purpose: 'to give endpoints a network of their own', features: ['network namespace', 'network veth'] },
];

/** The names of all features that waggle needs, alternatives included. */
export const neededFeatures: readonly string[] = needs.flatMap(({ features }) => features.flat());

/** The needs that are not met, given what the probes of {@link neededFeatures} showed. */
export function unmetNeeds(results: ReadonlyMap<string, ProbeResult>): UnmetNeed[] {
  const unmet: UnmetNeed[] = [];
  for (const { purpose, features } of needs) {
    for (const entry of features) {
      const alternatives = typeof entry === 'string' ? [entry] : entry;
      const tried = alternatives.map((feature) => ({ feature, result: results.get(feature) }));
      if (tried.some(({ result }) => result?.available)) continue;
      const [first] = tried;
      if (first?.result?.available === false)
        unmet.push({ purpose, feature: first.feature, result: first.result });
    }
  }
  return unmet;
}
