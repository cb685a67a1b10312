/**
 * The program that steers: for a new connection, or a datagram to no connected socket, it finds the binding of the
 * address and port, and gives the packet to a socket of the binding's label.
 *
 * A binding covers a prefix of addresses and a block of ports; it is found by its exact bits in a hash, once for each *level*:
 * a length of prefix together with a length of port block that some binding has. Levels are tried from the most specific one
 * on, so that the first hit is the right one and the number of bindings does not matter, only that of levels: one or two
 * as a rule. A port is a block of 16 bits, all ports are one of 0 bits, and a range is cut into blocks (see ports.ts).
 *
 * User space writes all maps. What has to change at once is written beside what is in use, and `active` is set then.
 */
import {
  array,
  arrayMap,
  arrayOfMaps,
  atomic,
  be32,
  type bool,
  hashMap,
  type Infer,
  IpProtocol,
  ntoh16,
  ntoh32,
  perCpuArrayMap,
  Sk,
  type SkLookupContext,
  skAssign,
  skLookup,
  skRelease,
  sockMap,
  struct,
  u8,
  u16,
  u32,
  u64,
} from '@waggle/bpf';

/** Kinds of sockets: TCP and UDP over IPv4, TCP and UDP over IPv6. A level, a target and a socket are of one kind. */
export const KINDS = 4;
/** Levels of a kind. */
export const MAX_LEVELS = 128;
export const MAX_LABELS = 1024;
/** Connections of a label are spread over this many buckets, and the buckets over its sockets. */
export const BUCKETS = 64;
/** Sockets of a label; with more, some would have no bucket. */
export const SLOTS = 64;
/** Sockets of a bucket: the first that is alive gets the connection. */
export const ALTERNATIVES = 4;

/** What happens when no socket of the label is alive. */
export const WhenMissing = { Drop: 0, Pass: 1, Fallback: 2 } as const;

export const Level = struct('level', {
  mask: array(be32, 4),
  portMask: u16,
  prefixLength: u8,
  portLength: u8,
});
export const Levels = struct('levels', { count: u32, levels: array(Level, MAX_LEVELS) });

export const TargetKey = struct('target_key', {
  address: array(be32, 4),
  port: u16,
  kind: u8,
  generation: u8,
  prefixLength: u8,
  portLength: u8,
});
export const Target = struct('target', {
  binding: u32,
  label: u32,
  missing: u32,
  fallback: u32,
  lookups: u64,
});

/** Slots of the label's sockets, each counted from 1: 0 is none. */
export const Bucket = struct('bucket', { slots: array(u16, ALTERNATIVES) });

/** What is known of a socket. The program has no use for it, but it changes with the buckets. */
export const SocketRecord = struct('socket_record', {
  /** 0 for a slot that is free. */
  cookie: u64,
  weight: u8,
  kind: u8,
  /** Of IPv6, and takes IPv4, too. */
  dualStack: u8,
  draining: u8,
});

export const LabelState = struct('label_state', {
  /** By kind and bucket. */
  buckets: array(Bucket, KINDS * BUCKETS),
  /** By slot. */
  sockets: array(SocketRecord, SLOTS),
});

export const Counters = struct('counters', {
  /** Packets to bindings of the label. */
  lookups: u64,
  /** Given to a socket. */
  hits: u64,
  /** No socket of the label was alive. */
  misses: u64,
  /** Refused for that reason. */
  dropped: u64,
  /** Sockets that the kernel did not take, for example UDP for TCP. */
  errors: u64,
});

/** What is in use: bit 0 which half of `levels`, above it the generation of `targets`. */
export const active = arrayMap({ name: 'active', value: u32, maxEntries: 1 });
/** By half and kind. */
export const levels = arrayMap({ name: 'levels', value: Levels, maxEntries: 2 * KINDS });
export const targets = hashMap({
  name: 'targets',
  key: TargetKey,
  value: Target,
  maxEntries: 262_144,
  preallocate: false,
});
/** The maps of one label: its own, so that whoever may write the pins of these gives it sockets, and nobody else. */
export const labelSockets = sockMap({ name: 'label_sockets', maxEntries: SLOTS });
export const labelState = arrayMap({ name: 'label_state', value: LabelState, maxEntries: 1 });
/** These of all labels. */
export const sockets = arrayOfMaps({ name: 'sockets', inner: labelSockets, maxEntries: MAX_LABELS });
export const states = arrayOfMaps({ name: 'states', inner: labelState, maxEntries: MAX_LABELS });
/** By label. */
export const counters = perCpuArrayMap({ name: 'counters', value: Counters, maxEntries: MAX_LABELS });

const AF_INET6 = 10;

/** Gives the connection to a socket of the label, if one is alive. */
function assign(ctx: SkLookupContext, label: u32, kind: u32): bool {
  const seen = counters.lookup(label);
  if (!seen) return false;
  seen.lookups += 1n;
  const slots = sockets.lookup(label);
  if (!slots) return false;
  const inner = states.lookup(label);
  if (!inner) return false;
  const state = inner.lookup(0);
  if (!state) return false;
  // Both ends that the client chose: connections of one client spread, packets of one UDP flow do not.
  const hash = (ntoh32(ctx.remoteIp4) ^ ntoh32(ctx.remoteIp6[3] ?? 0) ^ ntoh16(ctx.remotePort)) * 0x9e3779b1;
  const bucket = state.buckets[(kind * BUCKETS + (hash >>> 26)) & (KINDS * BUCKETS - 1)];
  if (!bucket) return false;
  for (let index = 0; index < ALTERNATIVES; index++) {
    const slot = bucket.slots[index] ?? 0;
    if (slot === 0) break;
    const socket = slots.lookup(slot - 1);
    if (!socket) continue;
    const refused = skAssign(ctx, socket, 0n);
    skRelease(socket);
    if (refused === 0) {
      seen.hits += 1n;
      return true;
    }
    seen.errors += 1n;
  }
  seen.misses += 1n;
  return false;
}

function deliver(ctx: SkLookupContext, target: Infer<typeof Target>, kind: u32): u32 {
  atomic.add(target, 'lookups', 1n);
  if (assign(ctx, target.label, kind) || target.missing === WhenMissing.Pass) return Sk.Pass;
  if (target.missing === WhenMissing.Fallback && assign(ctx, target.fallback, kind)) return Sk.Pass;
  const seen = counters.lookup(target.label);
  if (seen) seen.dropped += 1n;
  return Sk.Drop;
}

export const steer = skLookup((ctx) => {
  const state = active.lookup(0);
  if (state === null) return Sk.Pass;
  const six = ctx.family === AF_INET6;
  const kind = (six ? 2 : 0) + (ctx.protocol === IpProtocol.Udp ? 1 : 0);
  const list = levels.lookup((state & 1) * KINDS + kind);
  if (!list) return Sk.Pass;
  const first = six ? (ctx.localIp6[0] ?? 0) : ctx.localIp4;
  for (let index = 0; index < MAX_LEVELS; index++) {
    if (index >= list.count) break;
    const level = list.levels[index];
    if (!level) break;
    const target = targets.lookup({
      address: [
        first & (level.mask[0] ?? 0),
        (ctx.localIp6[1] ?? 0) & (level.mask[1] ?? 0),
        (ctx.localIp6[2] ?? 0) & (level.mask[2] ?? 0),
        (ctx.localIp6[3] ?? 0) & (level.mask[3] ?? 0),
      ],
      port: u16(ctx.localPort) & level.portMask,
      kind: u8(kind),
      generation: u8(state >>> 1),
      prefixLength: level.prefixLength,
      portLength: level.portLength,
    });
    if (target) return deliver(ctx, target, kind);
  }
  return Sk.Pass;
});
