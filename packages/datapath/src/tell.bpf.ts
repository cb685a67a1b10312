/**
 * How events get to user space. Each CPU keeps an account: so many drops and so many other events a second, no more, so that a
 * flood of packets is no flood of events; what was lost is counted there.
 *
 * Waking user space costs more than all the rest. A CPU does so at most every 8 milliseconds or so; whoever is awake goes on
 * looking for longer than that (events/reader.ts).
 */
import {
  type bool,
  type Infer,
  ktimeGetCoarseNs,
  ktimeGetNs,
  type Ref,
  skbLoadBytes,
  type TcContext,
  type u8,
  u16,
  u32,
} from '@waggle/bpf';
import { type Connection, Seen } from './connection.bpf.ts';
import {
  type Account,
  accounts,
  type Event,
  EventType,
  events,
  monitoring,
  TraceReason,
} from './event.bpf.ts';
import type { Flow } from './flow.bpf.ts';
import { type PolicyValue, Towards, Verdict } from './policy.bpf.ts';

const NANOSECONDS = 1_000_000_000n;
/** Of nanoseconds: 2^23 are 8.4 ms. */
const WAKE_SHIFT = 23n;
/** Of BPF_RB_*: a reader that has read all that came before is woken, or nobody is. */
const Wake = { Idle: 0n, Nobody: 1n } as const;

/** Tells of a packet that is dropped. */
export function tellDrop(ctx: TcContext, flow: Infer<typeof Flow>, reason: u8, towards: u8): void {
  if (!monitoring.drops) return;
  const event = begin(flow, EventType.Drop, reason, towards);
  if (!event) return;
  event.interface = ctx.interfaceIndex;
  event.source = flow.source;
  event.destination = flow.destination;
  event.cookie = flow.cookie;
  event.reason = flow.refuser;
  finish(ctx, event);
}

/**
 * Tells what a policy said about a connection.
 *
 * @param entry - That decided; null where there is none.
 */
export function tellVerdict(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  connection: Infer<typeof Connection>,
  entry: Ref<typeof PolicyValue> | null,
  towards: u8,
): void {
  if (!monitoring.verdicts) return;
  const event = begin(flow, EventType.PolicyVerdict, entry?.action ?? Verdict.Deny, towards);
  if (!event) return;
  const fromLow = (connection.seen & Seen.FromLow) !== 0;
  const isLow = fromLow === (towards === Towards.Away);
  event.interface = isLow ? connection.toLow : connection.toHigh;
  event.source = connection.initiator;
  event.destination = connection.responder;
  event.reason = entry?.match ?? 0;
  event.audit = entry?.audit ?? 0;
  event.cookie = entry?.cookie ?? 0;
  event.proxyPort = entry?.proxyPort ?? 0;
  event.port = connection.port;
  event.protocol = flow.tuple.protocol;
  finish(ctx, event);
}

/**
 * Tells where a packet was seen.
 *
 * @param device - The host's end of the endpoint that it goes to or comes from, or another device.
 */
export function tellTrace(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  connection: Infer<typeof Connection>,
  point: u8,
  device: u32,
): void {
  const event = begin(flow, EventType.Trace, point, 0);
  if (!event) return;
  const fromLow = (connection.seen & Seen.FromLow) !== 0;
  const upwards = flow.upwards === 1;
  const isForth = fromLow === upwards;
  event.interface = device;
  event.source = isForth ? connection.initiator : connection.responder;
  event.destination = isForth ? connection.responder : connection.initiator;
  event.reason = reasonOf(flow, isForth);
  event.cookie = connection.egressCookie;
  event.responderCookie = connection.ingressCookie;
  event.audit = connection.audit;
  event.originalSource = upwards ? flow.tuple.low : flow.tuple.high;
  finish(ctx, event);
}

function reasonOf(flow: Infer<typeof Flow>, isForth: bool): u8 {
  if (flow.related === 1) return TraceReason.Related;
  if (flow.isFirst === 1) return TraceReason.New;
  return isForth ? TraceReason.Established : TraceReason.Reply;
}

/**
 * Room for an event, or null. What it says by its type is still to be said. All events about one packet have one time: the exact
 * clock costs as much as the buffer.
 */
function begin(flow: Infer<typeof Flow>, type: u8, subtype: u8, towards: u8): Infer<typeof Event> | null {
  const account = accounts.lookup(0);
  const isDenial = type === EventType.PolicyVerdict && subtype === Verdict.Deny;
  if (!account || !mayTell(account, isDenial || type === EventType.Drop)) return null;
  const event = events.reserve();
  if (!event) {
    account.lost += 1n;
    return null;
  }
  if (flow.told === 0n) flow.told = ktimeGetNs();
  event.time = flow.told;
  event.type = type;
  event.subtype = subtype;
  event.towards = towards;
  event.reason = 0;
  event.interface = 0;
  event.source = 0;
  event.destination = 0;
  event.cookie = 0;
  event.responderCookie = 0;
  event.originalSource = [0, 0, 0, 0];
  event.port = 0;
  event.proxyPort = 0;
  event.protocol = 0;
  event.audit = 0;
  return event;
}

/** Whether this CPU may tell one more in this second. The clock is looked at only when it has told as many as it may. */
function mayTell(account: Ref<typeof Account>, isDrop: bool): bool {
  const told = isDrop ? account.drops : account.others;
  if (told >= (isDrop ? monitoring.dropRate : monitoring.rate)) {
    const second = u32(ktimeGetCoarseNs() / NANOSECONDS);
    if (account.second === second) {
      account.limited += 1n;
      return false;
    }
    account.second = second;
    account.drops = 0;
    account.others = 0;
  }
  if (isDrop) account.drops += 1;
  else account.others += 1;
  return true;
}

/** Copies what the event has room for of the packet, and gives the event to user space. */
function finish(ctx: TcContext, event: Infer<typeof Event>): void {
  const { length } = ctx;
  const wanted = length < monitoring.snapLength ? length : monitoring.snapLength;
  event.length = length;
  event.captured = 0;
  if (wanted > 0 && skbLoadBytes(ctx, 0, event.data, wanted) === 0) event.captured = u16(wanted);
  const wakes = isTimeToWake(u32(event.time >> WAKE_SHIFT));
  events.submit(event, wakes ? Wake.Idle : Wake.Nobody);
}

/** Whether this CPU has woken nobody for long enough. */
function isTimeToWake(now: u32): bool {
  const account = accounts.lookup(0);
  if (!account || account.woken === now) return false;
  account.woken = now;
  return true;
}
