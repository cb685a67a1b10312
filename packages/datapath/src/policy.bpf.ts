/**
 * The policy map, and how the kernel asks it. There is one for each identity that has endpoints here, shared by all of them:
 * what may come and go is decided by who one is. Entries are made by the policy engine, which has already seen to it that
 * the first hit is right; so this looks, and decides nothing.
 *
 * The key is a prefix tree's: identity of the peer, direction, protocol and port, from the broad to the narrow. One look-up
 * finds the narrowest entry of a peer, a second one that of any identity.
 */
import { be16, type bool, hashOfMaps, type Infer, lpmTrie, type Ref, struct, u8, u32 } from '@waggle/bpf';

export const PolicyKey = struct('policy_key', {
  /** Of the bits that follow; see the constants below. */
  prefixLength: u32,
  /** 0: any. */
  identity: u32,
  /** See {@link Towards}. */
  direction: u8,
  protocol: u8,
  /** The type for ICMP. */
  port: be16,
});

/** Which way a packet goes, seen from the endpoint whose policy is asked. */
export const Towards = { Endpoint: 0, Away: 1 } as const;

/** Bits of a key with neither protocol nor port, with a protocol, with a whole port. */
export const ANY_PROTOCOL_BITS = 40;
export const PROTOCOL_BITS = 48;
export const PORT_BITS = 64;

/** What happens to a packet. */
export const Verdict = { Deny: 0, Allow: 1, Redirect: 2 } as const;

/** What of a packet an entry names: the field's numbers. */
export const Match = {
  None: 0,
  Peer: 1,
  PeerAndPort: 2,
  Port: 3,
  All: 4,
  PeerAndProtocol: 5,
  Protocol: 6,
} as const;

export const PolicyValue = struct(
  'policy_value',
  {
    /** See {@link Verdict}. */
    action: u8,
    /** Allowed, yet to be reported: rules in audit mode would have dropped it. */
    audit: u8,
    /** Bits of the key: whether it has a protocol decides what comes first. */
    prefixLength: u8,
    authentication: u8,
    /** The port of the proxy, where it is redirected. */
    proxyPort: be16,
    /** What of a packet its key names, see {@link Match}. */
    match: u8,
    /** Names the rules that decided. */
    cookie: u32,
  },
  {
    methods: {
      /** Whether the entry is for some protocol. */
      hasProtocol() {
        return this.prefixLength > ANY_PROTOCOL_BITS;
      },
    },
  },
);

/** As many entries as a map holds; the engine refuses to make more. */
export const MAX_POLICY_ENTRIES = 16_384;
/** As many identities as have endpoints on one host. */
export const MAX_POLICIES = 16_384;

/** One identity's policy. */
export const policy = lpmTrie({
  name: 'policy',
  key: PolicyKey,
  value: PolicyValue,
  maxEntries: MAX_POLICY_ENTRIES,
});
/** Whose policy, and of which of the two sets. */
export const PolicyOwner = struct('policy_owner', {
  /** Of the endpoint. */
  identity: u32,
  set: u32,
});
/**
 * The policies of all identities, twice: one set is in force, the other one is where changes are written. Which is which, the
 * lowest bit of the generation says (see connection.bpf.ts), so that any number of policies changes in one instant.
 */
export const policies = hashOfMaps({
  name: 'policies',
  key: PolicyOwner,
  inner: policy,
  maxEntries: 2 * MAX_POLICIES,
});

/** The set that is in force under a generation. */
export const setOf = (generation: u32): u32 => u32(generation & 1);

/** Whether there is a policy for an identity under a generation. */
export function hasPolicy(identity: u32, generation: u32): bool {
  return policies.lookup({ identity, set: setOf(generation) }) !== null;
}

/** A packet, as policy sees it. */
export const Question = struct('policy_question', {
  /** The identity of the endpoint whose policy is asked. */
  subject: u32,
  peer: u32,
  direction: u8,
  protocol: u8,
  port: be16,
});

/**
 * The entry that decides about a packet under a generation: of the peer with a protocol, of anybody with a protocol, of the peer, of anybody. Null
 * where there is none, or no policy at all: then the packet is dropped.
 */
export function findPolicy(
  question: Infer<typeof Question>,
  generation: u32,
): Ref<typeof PolicyValue> | null {
  const entries = policies.lookup({ identity: question.subject, set: setOf(generation) });
  if (!entries) return null;
  const { direction, protocol, port } = question;
  const own = entries.lookup({ prefixLength: PORT_BITS, identity: question.peer, direction, protocol, port });
  if (own?.hasProtocol()) return own;
  const anybody = entries.lookup({ prefixLength: PORT_BITS, identity: 0, direction, protocol, port });
  if (anybody?.hasProtocol()) return anybody;
  return own ?? anybody;
}
