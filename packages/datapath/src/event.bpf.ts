/**
 * What the datapath tells user space: packets that are dropped, verdicts of policies, and where packets were seen; each with the
 * packet's first bytes, in one ring buffer. Whether something is told is decided before anything is copied, and what is not
 * wanted at all leaves no code.
 */
import {
  array,
  be16,
  be32,
  bool,
  bytes,
  config,
  perCpuArrayMap,
  ringBuffer,
  struct,
  u8,
  u16,
  u32,
  u64,
} from '@waggle/bpf';

/** What an event is about: the field's numbers. */
export const EventType = { Drop: 1, Trace: 4, PolicyVerdict: 5 } as const;

/** Where a packet was seen: the field's numbers. */
export const Point = {
  ToEndpoint: 0,
  ToProxy: 1,
  ToHost: 2,
  ToStack: 3,
  ToOverlay: 4,
  FromEndpoint: 5,
  FromProxy: 6,
  FromHost: 7,
  FromStack: 8,
  FromOverlay: 9,
  FromNetwork: 10,
  ToNetwork: 11,
} as const;

/** What a traced packet is to its connection: the field's numbers. */
export const TraceReason = { New: 0, Established: 1, Reply: 2, Related: 3, Unknown: 5 } as const;

/**
 * Whose policy refused a packet: that of the end that began its connection, about what goes out, or that of the end that is to
 * answer, about what comes in. Both are asked where the packet is sent, and both kinds are dropped there.
 */
export const Refuser = { Nobody: 0, Initiator: 1, Responder: 2 } as const;

/**
 * How much is told of packets that pass: nothing; all, wherever they are seen; all, where they are sent on; of a connection its
 * first packet, TCP flags that are new, and a packet every 5 seconds, each way; of a connection its begin and its end.
 */
export const Aggregation = { Off: 0, None: 1, Low: 2, Medium: 3, Maximum: 4 } as const;

/** As much of a packet as an event has room for. */
export const MAX_SNAP = 128;

/** What a program tells; given when it is loaded. */
export const monitoring = config(
  {
    /** See {@link Aggregation}. */
    aggregation: u8,
    /** Seconds, for `Medium`. */
    interval: u16,
    drops: bool,
    verdicts: bool,
    /** Bytes of each packet, at most {@link MAX_SNAP}. */
    snapLength: u8,
    /** Events a second of each CPU: of drops and denials, and of all others. */
    dropRate: u32,
    rate: u32,
  },
  { name: 'monitoring' },
);

export const Event = struct('event', {
  /** Nanoseconds of the monotonic clock. */
  time: u64,
  /** See {@link EventType}. */
  type: u8,
  /** The reason to drop; where the packet was seen, see {@link Point}; for a verdict the action of the entry. */
  subtype: u8,
  /** Whether the packet goes to the endpoint or away from it. */
  towards: u8,
  /** For a drop, see {@link Refuser}; for a trace, {@link TraceReason}; for a verdict, what of the packet its entry names, `Match`. */
  reason: u8,
  /** The host's end of the endpoint that it is about, or the device where it was seen. */
  interface: u32,
  /** Identities, as the packet goes; for a verdict those of who began and who answers. 0 where they are not known. */
  source: u32,
  destination: u32,
  /** Names the rules: of the entry that decided; for a trace of those where it began and where it is answered. */
  cookie: u32,
  responderCookie: u32,
  /** The source as it was before it was translated; zeros where it was not. */
  originalSource: array(be32, 4),
  /** As policy was asked, for verdicts; the port of the proxy, where an entry redirects. */
  port: be16,
  proxyPort: be16,
  protocol: u8,
  /** Whether rules in audit mode would have dropped it. */
  audit: u8,
  /** How much of the packet there is; what is behind that is not of this packet. */
  captured: u16,
  /** Bytes of the whole packet. */
  length: u32,
  data: bytes(MAX_SNAP),
});

/** As much as 41,000 events; {@link Datapath} takes another size. */
export const EVENT_BYTES = 8 << 20;
export const events = ringBuffer({ name: 'events', bytes: EVENT_BYTES, record: Event });

/** What each CPU has told, and what it has not. */
export const Account = struct('event_account', {
  /** In which second it told so many of each kind. */
  second: u32,
  drops: u32,
  others: u32,
  /** When it last woke user space, in units of {@link WAKE_SHIFT}. */
  woken: u32,
  /** Events for which the buffer had no room, and those that were too many for a second. */
  lost: u64,
  limited: u64,
});
export const accounts = perCpuArrayMap({ name: 'accounts', value: Account, maxEntries: 1 });
