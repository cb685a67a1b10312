/** Policy that lets everything pass. */
import type { PolicyMapEntry } from '@waggle/datapath';

/** The entry that lets everything pass in one direction. */
export const anything = (direction: PolicyMapEntry['direction']): PolicyMapEntry => ({
  direction,
  identity: 0,
  protocol: 0,
  port: 0,
  portPrefix: 0,
  action: 'allow',
  audit: false,
});

/** Those of both directions. */
export const ANYTHING: readonly PolicyMapEntry[] = [anything('ingress'), anything('egress')];
