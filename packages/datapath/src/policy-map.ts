/** What the policy engine computes, as the policy map has it. */
import { hton16, type Infer, u8 } from '@waggle/bpf';
import {
  ANY_PROTOCOL_BITS,
  type PolicyKey,
  type PolicyValue,
  PROTOCOL_BITS,
  Towards,
  Verdict,
} from './policy.bpf.ts';

/** An entry, as far as the map is concerned; those of the engine are of this form. */
export interface PolicyMapEntry {
  readonly direction: 'ingress' | 'egress';
  /** 0: any. */
  readonly identity: number;
  /** 0: any, then also any port. */
  readonly protocol: number;
  readonly port: number;
  readonly portPrefix: number;
  readonly action: 'allow' | 'deny' | 'redirect';
  readonly audit: boolean;
}

/** What an entry leads to beyond its verdict. */
export interface PolicyMapTarget {
  /** Names the rules that decided. */
  readonly cookie: number;
  /** Where the proxy listens, for a redirect. */
  readonly proxyPort?: number;
}

const ACTIONS = { deny: Verdict.Deny, allow: Verdict.Allow, redirect: Verdict.Redirect } as const;

/** The key of an entry. */
export function policyKey(entry: Omit<PolicyMapEntry, 'action' | 'audit'>): Infer<typeof PolicyKey> {
  const { identity, direction, protocol, port, portPrefix } = entry;
  return {
    prefixLength: protocol === 0 ? ANY_PROTOCOL_BITS : PROTOCOL_BITS + portPrefix,
    identity,
    direction: direction === 'ingress' ? Towards.Endpoint : Towards.Away,
    protocol,
    port: hton16(port),
  };
}

/** The value of an entry. */
export function policyValue(entry: PolicyMapEntry, target: PolicyMapTarget): Infer<typeof PolicyValue> {
  return {
    action: ACTIONS[entry.action],
    audit: entry.audit ? 1 : 0,
    prefixLength: u8(policyKey(entry).prefixLength),
    authentication: 0,
    proxyPort: hton16(target.proxyPort ?? 0),
    cookie: target.cookie,
  };
}
