/** Translations, as people want to see them, and which of them nobody needs any more. */
import { type Infer, IpProtocol } from '@waggle/bpf';
import { addressText, isLower } from './address-words.ts';
import { Seen } from './connection.bpf.ts';
import { getConnection } from './connection-tables.ts';
import type { Tuple } from './flow.bpf.ts';
import type { DatapathMaps } from './layout.ts';
import { Begun, type End, GRACE, type Translation, type TranslationKey, Way } from './nat.bpf.ts';

/** A connection that leaves with another source. */
export interface TranslationView {
  /** IANA's number. */
  readonly protocol: number;
  /** The end on this side, as it calls itself. For ICMP the port is the identifier. */
  readonly source: string;
  readonly sourcePort: number;
  /** What stands for it. */
  readonly translated: string;
  readonly translatedPort: number;
  readonly destination: string;
  /** 0 for ICMP. */
  readonly destinationPort: number;
  /** Since when it was not used, roughly. */
  readonly idleSeconds: number;
}

type Key = Infer<typeof TranslationKey>;
type Value = Infer<typeof Translation>;

/** What goes out by another name. @param now seconds since the machine was started. */
export function* listTranslations(
  { translations }: Pick<DatapathMaps, 'translations'>,
  now: number,
): Generator<TranslationView> {
  for (const [{ near, far, protocol, way }, { end, seen }] of translations) {
    if (way !== Way.Out) continue;
    yield {
      protocol,
      source: addressText(near.address),
      sourcePort: near.port.number,
      translated: addressText(end.address),
      translatedPort: end.port.number,
      destination: addressText(far.address),
      destinationPort: far.port.number,
      idleSeconds: Math.max(now - seen, 0),
    };
  }
}

/**
 * Removes translations whose connections are over, as programs do when they want the port.
 * @returns how many entries there were, two for each.
 */
export function collectTranslations(
  maps: Pick<DatapathMaps, 'translations' | 'connections4' | 'connections6'>,
  now: number,
): number {
  const idle = [...maps.translations].filter(
    ([key, value]) => now - value.seen >= GRACE && !isLive(key, value),
  );
  maps.translations.deleteAll(idle.map(([key]) => key));
  return idle.length;

  function isLive(key: Key, value: Value): boolean {
    const near = key.way === Way.Out ? key.near : value.end;
    const { tuple, nearIsLow } = tupleOf(near, key);
    const connection = getConnection(maps, tuple);
    if (!connection || connection.expires <= now) return false;
    const isByNear = ((connection.seen & Seen.FromLow) !== 0) === nearIsLow;
    return isByNear === (value.begun !== Begun.ByFar);
  }
}

function tupleOf(near: Infer<typeof End>, { far, protocol }: Key) {
  const isIcmp = protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6;
  const farPort = isIcmp ? near.port.number : far.port.number;
  const nearIsLow = isLower(near.address, far.address);
  const tuple: Infer<typeof Tuple> = {
    low: nearIsLow ? near.address : far.address,
    high: nearIsLow ? far.address : near.address,
    lowPort: nearIsLow ? near.port.number : farPort,
    highPort: nearIsLow ? farPort : near.port.number,
    protocol,
  };
  return { tuple, nearIsLow };
}
