/**
 * Ports of the host's devices that lead to endpoints. A connection to one of them is translated as a masqueraded one is, by the same
 * two entries; it is only begun by who is far away.
 */
import { type bool, hashMap, type Infer, type Ref, struct, u8, type u32, zeroed } from '@waggle/bpf';
import { device } from './device-config.bpf.ts';
import { Begun, create, End, isSameEnd, setOpposite, type Translation, TranslationKey } from './nat.bpf.ts';

/** An address and a port of a device. */
export const PublishedPort = struct('published_port', { end: End, protocol: u8 });
/** As many as there is room for: one for each address that a port is published at. */
export const MAX_PUBLISHED = 16_384;
/** What is published where: the address and the port of an endpoint. */
export const published = hashMap({
  name: 'published',
  key: PublishedPort,
  value: End,
  maxEntries: MAX_PUBLISHED,
  preallocate: false,
});

/** The end of an endpoint that is behind a port of the device; null where nothing is published. */
export function publishedAt(end: Infer<typeof End>, protocol: u8): Ref<typeof End> | null {
  if (!device.published) return null;
  const key = zeroed(PublishedPort);
  key.end = end;
  key.protocol = protocol;
  return published.lookup(key);
}

/** Whether a translation is one of those that endpoints begin, or leads to where its port is published now. */
export function isStillMeant(entry: Ref<typeof Translation>, target: Ref<typeof End> | null): bool {
  if (entry.begun === Begun.ByNear) return true;
  return target !== null && isSameEnd(entry.end, target);
}

/**
 * Makes both entries of a connection to a published port.
 *
 * @param key - Of what comes in.
 * @param near - The end of the endpoint.
 */
export function enter(key: Infer<typeof TranslationKey>, near: Infer<typeof End>, now: u32): void {
  const opposite = zeroed(TranslationKey);
  setOpposite(opposite, key, near);
  create(opposite, key.near, now, Begun.ByFar);
  create(key, near, now, Begun.ByFar);
}
