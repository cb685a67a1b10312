/**
 * Translations: an end of a connection on this side (near), and what stands for it beyond a device. Each has two entries, one for
 * what goes out and one for what comes in. What comes in is found by the whole connection, so that one port serves many, as
 * long as they lead to different far ends.
 *
 * A translation lives as long as its connection: that alone says whether its port can be had. The table forgets what was unused
 * for longest, each entry by itself; so whoever is used sees to it every few seconds that the other one is there.
 */
import {
  atomic,
  be16,
  type bool,
  getPrandomU32,
  type Infer,
  IpProtocol,
  lruHashMap,
  type Ref,
  struct,
  Update,
  u8,
  u32,
  zeroed,
} from '@waggle/bpf';
import { Address } from './addresses.bpf.ts';
import { findConnection, Seen } from './connection.bpf.ts';
import { device, isDeviceAddress } from './device-config.bpf.ts';
import { isLess, Tuple } from './flow.bpf.ts';

/** A port or an identifier, with the zeros that make it as long as what checksums are made of. */
export const Port = struct('nat_port', { number: be16, zero: be16 });
export const End = struct('nat_end', { address: Address, port: Port });

/** Which way packets go through the device. */
export const Way = { Out: 0, In: 1 } as const;

/** A connection as it is before translation. The far port is 0 for ICMP. */
export const TranslationKey = struct('nat_key', {
  near: End,
  far: End,
  protocol: u8,
  /** See {@link Way}. */
  way: u8,
});

export const Translation = struct('nat_value', {
  /** What stands for the near end. */
  end: End,
  /** When it was last used, roughly: seconds of the coarse clock. */
  seen: u32,
  /** Who changes this may take the entry away. */
  claim: u32,
  /** Who begins such connections, see {@link Begun}: the far end those to a published port, the near end all others. */
  begun: u8,
});

/** What is known of the connection between an end on this side and a far one: by whom it was begun. */
export const Begun = { Unknown: 0, ByNear: 1, ByFar: 2 } as const;

/** Two for each connection. */
export const MAX_TRANSLATIONS = 524_288;
export const translations = lruHashMap({
  name: 'translations',
  key: TranslationKey,
  value: Translation,
  maxEntries: MAX_TRANSLATIONS,
});

/** How long a translation lives without a connection, in seconds. */
export const GRACE = 60;
/** How rarely it is noted that a translation is used, and looked after. */
const SLACK = 4;

export function isSameAddress(a: Infer<typeof Address>, b: Infer<typeof Address>): bool {
  return a[3] === b[3] && a[2] === b[2] && a[1] === b[1] && a[0] === b[0];
}

export function isSameEnd(a: Infer<typeof End>, b: Infer<typeof End>): bool {
  return a.port.number === b.port.number && isSameAddress(a.address, b.address);
}

/** Makes the key of what goes the other way, where `near` is the near end. */
export function setOpposite(
  opposite: Infer<typeof TranslationKey>,
  key: Infer<typeof TranslationKey>,
  near: Infer<typeof End>,
): void {
  opposite.near = near;
  opposite.far = key.far;
  opposite.protocol = key.protocol;
  opposite.way = key.way === Way.Out ? Way.In : Way.Out;
}

/** See {@link Begun}. @param near - The end on this side, as the endpoint knows it. */
export function begunBy(near: Infer<typeof End>, key: Infer<typeof TranslationKey>, now: u32): u8 {
  const { far, protocol } = key;
  const tuple = zeroed(Tuple);
  const isIcmp = protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6;
  const farPort = isIcmp ? near.port.number : far.port.number;
  const nearIsLow = isLess(near.address, far.address);
  if (nearIsLow) {
    tuple.low = near.address;
    tuple.high = far.address;
  } else {
    tuple.low = far.address;
    tuple.high = near.address;
  }
  tuple.lowPort = nearIsLow ? near.port.number : farPort;
  tuple.highPort = nearIsLow ? farPort : near.port.number;
  tuple.protocol = protocol;
  const connection = findConnection(tuple);
  if (!connection || connection.expires <= now) return Begun.Unknown;
  return ((connection.seen & Seen.FromLow) !== 0) === nearIsLow ? Begun.ByNear : Begun.ByFar;
}

/** Whether a translation still holds for what goes out. */
export function holdsOut(entry: Ref<typeof Translation>, key: Infer<typeof TranslationKey>, now: u32): bool {
  if (entry.begun === Begun.ByFar) {
    if (!device.published) return false;
  } else if (!isDeviceAddress(entry.end.address)) {
    return false;
  }
  if (now - entry.seen < SLACK) return true;
  const begun = begunBy(key.near, key, now);
  if (begun !== Begun.Unknown && begun !== entry.begun) return false;
  if (!keepOpposite(entry, key, now)) return false;
  entry.seen = now;
  return true;
}

/** Whether a translation still holds for what comes in. That keeps it only while there is a connection, whoever sends. */
export function holdsIn(entry: Ref<typeof Translation>, key: Infer<typeof TranslationKey>, now: u32): bool {
  if (now - entry.seen < SLACK) return true;
  const begun = begunBy(entry.end, key, now);
  if (begun === Begun.Unknown) return now - entry.seen < GRACE;
  if (begun !== entry.begun) return false;
  keepOpposite(entry, key, now);
  entry.seen = now;
  return true;
}

/** Sees to it that the entry for the other way is there. @returns whether it is this one's. */
function keepOpposite(entry: Ref<typeof Translation>, key: Infer<typeof TranslationKey>, now: u32): bool {
  const other = zeroed(TranslationKey);
  setOpposite(other, key, entry.end);
  const opposite = translations.lookup(other);
  if (!opposite) return create(other, key.near, now, entry.begun);
  if (!isSameEnd(opposite.end, key.near)) return false;
  opposite.seen = now;
  return true;
}

/**
 * Adds an entry, unless there is one. Where a published port leads is said by who publishes it, whatever was there before.
 * @param begun - By whom.
 */
export function create(key: Infer<typeof TranslationKey>, end: Infer<typeof End>, now: u32, begun: u8): bool {
  const entry = zeroed(Translation);
  entry.end = end;
  entry.seen = now;
  entry.claim = getPrandomU32();
  entry.begun = begun;
  return translations.update(key, entry, begun === Begun.ByFar ? Update.Any : Update.IfAbsent) === 0;
}

/** Whether a port on the device that somebody has is in use no more. */
export function isIdle(held: Ref<typeof Translation>, key: Infer<typeof TranslationKey>, now: u32): bool {
  return now - held.seen >= GRACE && begunBy(held.end, key, now) !== Begun.ByNear;
}

/** Takes a port from whom it is of no use to. Of several who try, also with an old view of it, one succeeds. */
export function takeAway(held: Ref<typeof Translation>, key: Infer<typeof TranslationKey>): bool {
  const { claim } = held;
  const other = zeroed(TranslationKey);
  setOpposite(other, key, held.end);
  if (atomic.compareExchange(held, 'claim', claim, getPrandomU32()) !== claim) return false;
  const opposite = translations.lookup(other);
  if (opposite && isSameEnd(opposite.end, key.near)) translations.delete(other);
  return translations.delete(key) === 0;
}
