/** The datapath as that in which policies are put in force. */
import type { Datapath } from '@waggle/datapath';
import type { EnforcementTarget } from './enforcer.ts';
import type { ForcedEntry } from './forced-entries.ts';

export const targetOf = (datapath: Datapath): EnforcementTarget => ({
  apply: ({ policies, peers }) =>
    datapath.apply({
      policies: policies.map(({ identity, entries }) => ({
        identity,
        entries,
        target: ({ cookie }: ForcedEntry) => ({ cookie }),
      })),
      peers,
    }),
  prepare: (identity) => datapath.preparePolicy(identity),
  peers: () => [...datapath.peers()].map(({ prefix, identity }) => [prefix, identity] as const),
});
