/** Why packets are dropped, and what else is counted: the field's numbers, so that clients that know them name ours right. */

/** Reasons below this one are no reasons to drop. */
export const FIRST_DROP = 130;

export const Reason = {
  Forwarded: 0,
  InvalidSource: 132,
  PolicyDenied: 133,
  InvalidPacket: 134,
  MissedTailCall: 140,
  WriteFailed: 141,
  UnknownTransport: 142,
  /** For an address that is not that of the endpoint where it would go. */
  UnroutableAddress: 151,
  ConnectionTableFull: 155,
  InvalidExtensionHeader: 156,
  UnsupportedEthernet: 166,
  NoTranslation: 167,
  UntranslatableProtocol: 168,
  FirstFragmentMissing: 175,
  ForbiddenIcmpv6: 176,
  DeniedByRule: 181,
  /** For the link alone: groups that nobody is in here. */
  IgmpHandled: 199,
  MulticastHandled: 201,
} as const;
