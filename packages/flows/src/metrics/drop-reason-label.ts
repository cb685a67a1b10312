/** Reasons to drop as metrics and Hubble's API call them: `POLICY_DENIED`. */
import { reasonName } from '@waggle/datapath/events';

/** Where the name is not the reason's words in capitals. */
const OTHER_NAMES: Readonly<Record<number, string>> = {
  135: 'CT_TRUNCATED_OR_INVALID_HEADER',
  137: 'CT_UNKNOWN_L4_PROTOCOL',
  155: 'CT_MAP_INSERTION_FAILED',
  160: 'NO_TUNNEL_OR_ENCAPSULATION_ENDPOINT',
  162: 'REACHED_EDT_RATE_LIMITING_DROP_HORIZON',
  181: 'POLICY_DENY',
};

export const dropReasonLabel = (reason: number): string =>
  OTHER_NAMES[reason] ??
  reasonName(reason)
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_');
