/** What the policy engine computes, as the policy map has it, and back. */
import { codecOf, hton16, type Infer, ntoh16, u8 } from '@waggle/bpf';
import type { PackedElements } from '@waggle/kernel';
import {
  ANY_PROTOCOL_BITS,
  Match,
  PolicyKey,
  PolicyValue,
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

/** What names an entry. */
export type PolicyMapKey = Omit<PolicyMapEntry, 'action' | 'audit'>;

/** What an entry leads to beyond its verdict. */
export interface PolicyMapTarget {
  /** Names the rules that decided. */
  readonly cookie: number;
  /** Where the proxy listens, for a redirect. */
  readonly proxyPort?: number;
}

const ACTIONS = { deny: Verdict.Deny, allow: Verdict.Allow, redirect: Verdict.Redirect } as const;

/** The key of an entry. */
export function policyKey(entry: PolicyMapKey): Infer<typeof PolicyKey> {
  const { identity, direction, protocol, port, portPrefix } = entry;
  return {
    prefixLength: protocol === 0 ? ANY_PROTOCOL_BITS : PROTOCOL_BITS + portPrefix,
    identity,
    direction: direction === 'ingress' ? Towards.Endpoint : Towards.Away,
    protocol,
    port: hton16(port),
  };
}

/** What of a packet a key names. */
function matchOf({ identity, protocol, portPrefix }: PolicyMapKey): u8 {
  if (protocol === 0) return identity === 0 ? Match.All : Match.Peer;
  if (portPrefix === 0) return identity === 0 ? Match.Protocol : Match.PeerAndProtocol;
  return identity === 0 ? Match.Port : Match.PeerAndPort;
}

/** The value of an entry. */
export function policyValue(entry: PolicyMapEntry, target: PolicyMapTarget): Infer<typeof PolicyValue> {
  return {
    action: ACTIONS[entry.action],
    audit: entry.audit ? 1 : 0,
    prefixLength: u8(policyKey(entry).prefixLength),
    authentication: 0,
    match: matchOf(entry),
    proxyPort: hton16(target.proxyPort ?? 0),
    cookie: target.cookie,
  };
}

/** An entry as it is read from a map. */
export interface InstalledEntry extends PolicyMapEntry, Required<PolicyMapTarget> {}

/** The entry that a key and a value stand for. */
export function installedEntry(
  key: Infer<typeof PolicyKey>,
  value: Infer<typeof PolicyValue>,
): InstalledEntry {
  return {
    direction: key.direction === Towards.Endpoint ? 'ingress' : 'egress',
    identity: key.identity,
    protocol: key.protocol,
    port: ntoh16(key.port),
    portPrefix: Math.max(0, key.prefixLength - PROTOCOL_BITS),
    action: actionOf(value.action),
    audit: value.audit !== 0,
    cookie: value.cookie,
    proxyPort: ntoh16(value.proxyPort),
  };
}

function actionOf(verdict: number): PolicyMapEntry['action'] {
  if (verdict === Verdict.Deny) return 'deny';
  return verdict === Verdict.Allow ? 'allow' : 'redirect';
}

const keys = codecOf(PolicyKey);
const values = codecOf(PolicyValue);

/** Keys, side by side. */
export function packKeys(list: readonly PolicyMapKey[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(list.length * keys.size));
  for (const [index, key] of list.entries()) keys.write(view, index * keys.size, policyKey(key));
  return new Uint8Array(view.buffer);
}

/** Entries, side by side. */
export function packEntries<E extends PolicyMapEntry>(
  list: readonly E[],
  target: (entry: E) => PolicyMapTarget,
): PackedElements {
  const view = new DataView(new ArrayBuffer(list.length * values.size));
  for (const [index, entry] of list.entries()) {
    values.write(view, index * values.size, policyValue(entry, target(entry)));
  }
  return { keys: packKeys(list), values: new Uint8Array(view.buffer) };
}

/** What makes one policy of another. */
export interface PolicyDifference {
  /** Keys. */
  readonly removed: Uint8Array;
  readonly upserted: PackedElements;
}

/** What has to be done to `before`, so that it is `after`. */
export function difference(before: PackedElements, after: PackedElements): PolicyDifference {
  const left = new Map(elements(before));
  const upserted: [string, string][] = [];
  for (const [key, value] of new Map(elements(after))) {
    if (left.get(key) !== value) upserted.push([key, value]);
    left.delete(key);
  }
  return {
    removed: joined([...left.keys()]),
    upserted: {
      keys: joined(upserted.map(([key]) => key)),
      values: joined(upserted.map(([, value]) => value)),
    },
  };
}

/** Elements as texts of a character a byte, which can be compared. */
function* elements(packed: PackedElements): Generator<[string, string]> {
  const keyBytes = Buffer.from(packed.keys.buffer, packed.keys.byteOffset, packed.keys.length);
  const valueBytes = Buffer.from(packed.values.buffer, packed.values.byteOffset, packed.values.length);
  for (let index = 0; index * keys.size < keyBytes.length; index++) {
    yield [
      keyBytes.toString('latin1', index * keys.size, (index + 1) * keys.size),
      valueBytes.toString('latin1', index * values.size, (index + 1) * values.size),
    ];
  }
}

const joined = (texts: readonly string[]): Uint8Array =>
  new Uint8Array(Buffer.from(texts.join(''), 'latin1'));
