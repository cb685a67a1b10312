/** Events as user space has them: plain data, with the numbers of the kernel's records made out. */
import { type Infer, ntoh16 } from '@waggle/bpf';
import { addressText } from '../address-words.ts';
import { type Event, EventType, Refuser } from '../event.bpf.ts';
import { Towards, Verdict } from '../policy.bpf.ts';
import type { EventClock } from './clock.ts';
import {
  type MatchName,
  matchName,
  type PointName,
  pointName,
  reasonName,
  type TraceState,
  traceState,
} from './names.ts';
import { decodePacket, type Packet } from './packet.ts';

/** What all events of packets have. */
interface PacketEvent {
  /** ISO 8601, with microseconds. */
  readonly time: string;
  /** The device: the host's end of the endpoint that it is about. */
  readonly interface: number;
  /** Identities, as the packet goes; for a verdict those of who began and who answers. 0 where they are not known. */
  readonly source: number;
  readonly destination: number;
  /** Bytes of the whole packet. */
  readonly length: number;
  /** Its first bytes, and what they say. */
  readonly data: Uint8Array;
  readonly packet: Packet;
}

/** Which way, seen from the endpoint. */
export type EventDirection = 'ingress' | 'egress';

/** A packet that was dropped. */
export interface DropEvent extends PacketEvent {
  readonly type: 'drop';
  /** The field's number, and its words. */
  readonly reason: number;
  readonly reasonText: string;
  readonly direction: EventDirection;
  /** Whose policy refused it: of the connection's two ends that which began it, about what goes out, or that which answers, about what comes in. */
  readonly refusedBy?: EventDirection;
  /** Names the rules that denied it; 0 where none did. */
  readonly cookie: number;
}

/** What a policy said about a new connection. */
export interface VerdictEvent extends PacketEvent {
  readonly type: 'policy-verdict';
  readonly direction: EventDirection;
  readonly action: 'deny' | 'allow' | 'redirect';
  /** The identity at the other end. */
  readonly remote: number;
  readonly match: MatchName;
  /** Whether rules in audit mode would have denied it. */
  readonly audited: boolean;
  /** Names the rules of the entry that decided; 0 where there is none. */
  readonly cookie: number;
  /** As policy was asked. */
  readonly protocol: number;
  readonly port: number;
  /** Of a redirect. */
  readonly proxyPort?: number;
}

/** A packet that was seen. */
export interface TraceEvent extends PacketEvent {
  readonly type: 'trace';
  readonly point: PointName;
  readonly state: TraceState;
  /** Names the rules that let its connection pass: where it began, and where it is answered. */
  readonly egressCookie: number;
  readonly ingressCookie: number;
  readonly audited: boolean;
  /** The source before it was translated. */
  readonly originalSource?: string;
}

export type DatapathEvent = DropEvent | VerdictEvent | TraceEvent;

type Record = Infer<typeof Event>;

/** Makes out a record; undefined for one of a type that is not known here. */
export function decodeEvent(record: Record, clock: EventClock): DatapathEvent | undefined {
  const data = record.data.subarray(0, record.captured);
  const common = {
    time: clock.text(record.time),
    interface: record.interface,
    source: record.source,
    destination: record.destination,
    length: record.length,
    data,
    packet: decodePacket(data),
  };
  switch (record.type) {
    case EventType.Drop:
      return {
        type: 'drop',
        ...common,
        reason: record.subtype,
        reasonText: reasonName(record.subtype),
        direction: directionOf(record),
        ...refusedBy(record),
        cookie: record.cookie,
      };
    case EventType.PolicyVerdict:
      return { type: 'policy-verdict', ...common, ...verdictOf(record) };
    case EventType.Trace:
      return { type: 'trace', ...common, ...traceOf(record) };
    default:
      return undefined;
  }
}

const directionOf = ({ towards }: Record): EventDirection =>
  towards === Towards.Endpoint ? 'ingress' : 'egress';

function refusedBy({ reason }: Record): Pick<DropEvent, 'refusedBy'> {
  if (reason === Refuser.Initiator) return { refusedBy: 'egress' };
  return reason === Refuser.Responder ? { refusedBy: 'ingress' } : {};
}

function verdictOf(record: Record) {
  const direction = directionOf(record);
  return {
    direction,
    action: actionOf(record.subtype),
    remote: direction === 'ingress' ? record.source : record.destination,
    match: matchName(record.reason),
    audited: record.audit !== 0,
    cookie: record.cookie,
    protocol: record.protocol,
    port: ntoh16(record.port),
    ...(record.proxyPort !== 0 && { proxyPort: ntoh16(record.proxyPort) }),
  };
}

function actionOf(action: number): VerdictEvent['action'] {
  if (action === Verdict.Deny) return 'deny';
  return action === Verdict.Redirect ? 'redirect' : 'allow';
}

function traceOf(record: Record) {
  const isKnown = record.originalSource.some((word) => word !== 0);
  return {
    point: pointName(record.subtype),
    state: traceState(record.reason),
    egressCookie: record.cookie,
    ingressCookie: record.responderCookie,
    audited: record.audit !== 0,
    ...(isKnown && { originalSource: addressText(record.originalSource) }),
  };
}
