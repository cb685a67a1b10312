/**
 * The port on the device that stands for an end: its own if that can be had, and one of those for translation otherwise. Where
 * the search begins depends on the end alone, so that it finds again what the table has forgotten in part.
 */
import {
  type be16,
  type bool,
  CURRENT_NAMESPACE,
  hton16,
  type Infer,
  IpProtocol,
  loop,
  ntoh16,
  ntoh32,
  type SocketTuple4,
  SocketTuple6,
  skcLookupTcp,
  skLookupUdp,
  skRelease,
  type TcContext,
  u16,
  type u32,
  zeroed,
} from '@waggle/bpf';
import { isMapped } from './addresses.bpf.ts';
import { device } from './device-config.bpf.ts';
import {
  Begun,
  create,
  type End,
  isIdle,
  isSameEnd,
  setOpposite,
  TranslationKey,
  takeAway,
  translations,
} from './nat.bpf.ts';
import { publishedAt } from './published.bpf.ts';

/** As many ports are tried, as in the field. */
const TRIES = 128;

/**
 * Finds a port, and makes both entries.
 *
 * @param key - Of what goes out.
 * @param own - What stands for the near end; the port is set.
 * @returns whether there is one.
 */
export function allocate(
  ctx: TcContext,
  key: Infer<typeof TranslationKey>,
  own: Infer<typeof End>,
  now: u32,
): bool {
  const incoming = zeroed(TranslationKey);
  setOpposite(incoming, key, own);
  const hash = hashOf(key.near);
  const wanted = key.near.port.number;
  let found = false;
  loop(TRIES, (turn) => {
    let port: be16 = candidate(hash, turn);
    if (turn === 0 && mayKeep(key)) port = wanted;
    incoming.near.port.number = port;
    found = claim(ctx, incoming, key, now);
    return found;
  });
  if (!found) return false;
  own.port.number = incoming.near.port.number;
  translations.delete(key);
  create(key, own, now, Begun.ByNear);
  return true;
}

/** The port to try in a turn: all of them in a row, if they are few, or else here and there. */
function candidate(hash: u32, turn: u32): be16 {
  const span = device.lastPort - device.firstPort + 1;
  const place = span <= TRIES ? hash + turn : mixed(hash + turn * 0x9e3779b1);
  return hton16(u16(device.firstPort + (place % span)));
}

/** Whether the port is one that may stand for itself. All identifiers of ICMP may: those of the host are translated, too. */
function mayKeep(key: Infer<typeof TranslationKey>): bool {
  if (key.protocol === IpProtocol.Icmp || key.protocol === IpProtocol.Icmpv6) return true;
  const port = ntoh16(key.near.port.number);
  return port >= device.firstPort && port <= device.lastPort;
}

function hashOf(end: Infer<typeof End>): u32 {
  const { address } = end;
  let hash = mixed(ntoh32(address[0] ?? 0));
  hash = mixed(hash ^ ntoh32(address[1] ?? 0));
  hash = mixed(hash ^ ntoh32(address[2] ?? 0));
  hash = mixed(hash ^ ntoh32(address[3] ?? 0));
  return mixed(hash ^ ntoh16(end.port.number));
}

/** Spreads what differs in a few bits over all of them (as MurmurHash3 does in the end). */
function mixed(value: u32): u32 {
  const once = (value ^ (value >>> 16)) * 0x85ebca6b;
  const twice = (once ^ (once >>> 13)) * 0xc2b2ae35;
  return twice ^ (twice >>> 16);
}

/** Makes a port on the device that of an end, if it can be had. */
function claim(
  ctx: TcContext,
  incoming: Infer<typeof TranslationKey>,
  key: Infer<typeof TranslationKey>,
  now: u32,
): bool {
  const held = translations.lookup(incoming);
  if (held) {
    if (held.begun === Begun.ByNear && isSameEnd(held.end, key.near)) return true;
    if (!isIdle(held, incoming, now) || !takeAway(held, incoming)) return false;
  }
  if (publishedAt(incoming.near, incoming.protocol) || isHeard(ctx, incoming)) return false;
  return create(incoming, key.near, now, Begun.ByNear);
}

/** Whether the host has a socket that such packets belong to. */
function isHeard(ctx: TcContext, incoming: Infer<typeof TranslationKey>): bool {
  const { protocol } = incoming;
  if (protocol !== IpProtocol.Tcp && protocol !== IpProtocol.Udp) return false;
  return isMapped(incoming.near.address) ? isHeard4(ctx, incoming) : isHeard6(ctx, incoming);
}

function isHeard4(ctx: TcContext, { far, near, protocol }: Infer<typeof TranslationKey>): bool {
  const ends: Infer<typeof SocketTuple4> = {
    sourceAddress: far.address[3] ?? 0,
    destinationAddress: near.address[3] ?? 0,
    sourcePort: far.port.number,
    destinationPort: near.port.number,
  };
  if (protocol === IpProtocol.Tcp) {
    const socket = skcLookupTcp(ctx, ends, CURRENT_NAMESPACE, 0n);
    if (!socket) return false;
    skRelease(socket);
    return true;
  }
  const socket = skLookupUdp(ctx, ends, CURRENT_NAMESPACE, 0n);
  if (!socket) return false;
  skRelease(socket);
  return true;
}

function isHeard6(ctx: TcContext, { far, near, protocol }: Infer<typeof TranslationKey>): bool {
  const ends = zeroed(SocketTuple6);
  ends.sourceAddress = far.address;
  ends.destinationAddress = near.address;
  ends.sourcePort = far.port.number;
  ends.destinationPort = near.port.number;
  if (protocol === IpProtocol.Tcp) {
    const socket = skcLookupTcp(ctx, ends, CURRENT_NAMESPACE, 0n);
    if (!socket) return false;
    skRelease(socket);
    return true;
  }
  const socket = skLookupUdp(ctx, ends, CURRENT_NAMESPACE, 0n);
  if (!socket) return false;
  skRelease(socket);
  return true;
}
