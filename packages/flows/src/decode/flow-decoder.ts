/**
 * Makes flows of records: the packet is read, numbers get the names that they had at the time, and the rules that decided are found.
 */
import {
  decodePacket,
  EventType,
  type Packet,
  Point,
  Refuser,
  reasonName,
  Towards,
} from '@waggle/datapath/events';
import type { Flow, FlowEndpoint, FlowIp, FlowPolicy, TrafficDirection } from '../flow.ts';
import type { EndpointName, Names, RuleName } from '../names/names.ts';
import type { FlowStore } from '../store/flow-store.ts';
import type { RecordView } from '../store/record.ts';
import { addressTextOf } from './address-text.ts';
import { dropReasonOf, isTracedReply, subtypeOf, verdictOf } from './record-facts.ts';
import { summaryOf, transportOf } from './transport.ts';

export interface DecoderOptions {
  readonly names: Names;
  readonly nodeName: string;
  /** From nanoseconds of the monotonic clock to nanoseconds since 1970. */
  readonly wallTime: (time: bigint) => bigint;
}

const NO_LABELS: readonly string[] = [];

interface Ends {
  readonly source: FlowEndpoint;
  readonly destination: FlowEndpoint;
  readonly direction?: TrafficDirection;
  readonly isReply?: boolean;
}

export class FlowDecoder {
  readonly #store: FlowStore;
  readonly #options: DecoderOptions;
  readonly #record: RecordView;

  constructor(store: FlowStore, options: DecoderOptions) {
    this.#store = store;
    this.#options = options;
    this.#record = store.view();
  }

  /** The flow of a record that is in the store, and that is one of a packet. */
  flowOf(sequence: number): Flow {
    const record = this.#record.moveTo(this.#store.wordOf(sequence));
    const { names, nodeName, wallTime } = this.#options;
    const { time, type } = record;
    const packet = decodePacket(record.packet);
    const ip = packet.ip && ipOf(record, packet.ip);
    const reason = dropReasonOf(record);
    const device = names.deviceName(record.interface, time);
    const l4 = transportOf(packet);
    return {
      kind: 'flow',
      sequence,
      time: wallTime(record.exactTime),
      nodeName,
      verdict: verdictOf(record),
      ...(reason !== 0 && { dropReason: reason, dropReasonText: reasonName(reason) }),
      ...(packet.ethernet && {
        ethernet: { source: packet.ethernet.source, destination: packet.ethernet.destination },
      }),
      ...(ip && { ip }),
      ...(l4 && { l4 }),
      ...this.#ends(record, ip),
      eventType: { type, subtype: subtypeOf(record) },
      ...(type === EventType.PolicyVerdict && { policyMatchType: record.reason }),
      ...(type === EventType.Trace && { tracePoint: record.subtype, traceReason: record.reason }),
      ...(record.interface !== 0 && {
        interface: { index: record.interface, ...(device !== undefined && { name: device }) },
      }),
      ...(record.proxyPort !== 0 && { proxyPort: record.proxyPort }),
      ...this.#rules(record),
      length: record.length,
      malformed: packet.truncated,
      summary: summaryOf(packet),
    };
  }

  #ends(record: RecordView, ip: FlowIp | undefined): Ends {
    const { names } = this.#options;
    const { time, type } = record;
    const subject = names.endpointAt(record.interface, time);
    const source = ip && names.endpointOf(ip.source, time);
    const destination = ip && names.endpointOf(ip.destination, time);
    if (type === EventType.Drop) {
      return {
        source: this.#end(source, record.source, time),
        destination: this.#end(destination, record.destination, time),
        direction: directionOfDrop(record),
      };
    }
    if (type === EventType.Trace) {
      const isReply = isTracedReply(record);
      const sends = sendsSubject(record, subject, source);
      const direction = isReply === undefined ? undefined : sends !== isReply ? 'egress' : 'ingress';
      return {
        source: this.#end(source, record.source, time),
        destination: this.#end(destination, record.destination, time),
        ...(direction && { direction }),
        ...(isReply !== undefined && { isReply }),
      };
    }
    // A verdict is about who began and who answers, whichever of the two sent this packet.
    const direction = directionOf(record);
    const fromSubject = subject !== undefined && source?.id === subject.id;
    const toSubject = subject !== undefined && destination?.id === subject.id;
    const isBack = direction === 'egress' ? toSubject && !fromSubject : fromSubject && !toSubject;
    return {
      source: this.#end(source, isBack ? record.destination : record.source, time),
      destination: this.#end(destination, isBack ? record.source : record.destination, time),
      direction,
      ...(verdictOf(record) !== 'dropped' && { isReply: isBack }),
    };
  }

  #end(endpoint: EndpointName | undefined, told: number, time: number): FlowEndpoint {
    const identity = told === 0 ? (endpoint?.identity ?? 0) : told;
    const known = this.#options.names.labelsOf(identity, time);
    const { namespace, cluster } = known ?? {};
    return {
      identity,
      labels: known?.texts ?? NO_LABELS,
      ...(endpoint && { id: endpoint.id, name: shortName(endpoint.name, namespace) }),
      ...(namespace !== undefined && { namespace }),
      ...(cluster !== undefined && { clusterName: cluster }),
    };
  }

  #rules(
    record: RecordView,
  ): Pick<Flow, 'egressAllowedBy' | 'ingressAllowedBy' | 'egressDeniedBy' | 'ingressDeniedBy'> {
    const { names } = this.#options;
    const { time, cookie, responderCookie } = record;
    const isDrop = verdictOf(record) === 'dropped';
    const [first, second] = [names.ruleOf(cookie, time), names.ruleOf(responderCookie, time)];
    const egress = policiesOf('egress', first, second);
    const ingress = policiesOf('ingress', first, second);
    return {
      egressAllowedBy: isDrop ? NONE : egress,
      ingressAllowedBy: isDrop ? NONE : ingress,
      egressDeniedBy: isDrop ? egress : NONE,
      ingressDeniedBy: isDrop ? ingress : NONE,
    };
  }
}

const NONE: readonly FlowPolicy[] = [];

/** Those of two rules that are about a direction. */
function policiesOf(
  direction: TrafficDirection,
  first: RuleName | undefined,
  second: RuleName | undefined,
): readonly FlowPolicy[] {
  if (!first && !second) return NONE;
  return [first, second].flatMap((rule) => (rule?.direction === direction ? [rule.policy] : []));
}

/** Both ends' policies are asked where a packet is sent, and there it is dropped, whichever refused it. */
function directionOfDrop(record: RecordView): TrafficDirection {
  if (record.reason === Refuser.Initiator) return 'egress';
  return record.reason === Refuser.Responder ? 'ingress' : directionOf(record);
}

const directionOf = ({ towards }: RecordView): TrafficDirection =>
  towards === Towards.Endpoint ? 'ingress' : 'egress';

/** Whether the end that a trace is about sends the packet: an endpoint, or the host at one of its devices. */
function sendsSubject(
  { subtype }: RecordView,
  subject: EndpointName | undefined,
  source: EndpointName | undefined,
): boolean {
  if (subject && source) return subject.id === source.id && subtype !== Point.ToEndpoint;
  return subtype !== Point.ToEndpoint && subtype !== Point.FromNetwork;
}

/** A trace knows the source before it was translated; the packet has it as it is by now. */
function ipOf(record: RecordView, { version, source, destination }: NonNullable<Packet['ip']>): FlowIp {
  if (record.type !== EventType.Trace) return { version, source, destination };
  if (!record.hasOriginalSource) return { version, source, destination };
  const original = addressTextOf(record.originalSource);
  if (original === source) return { version, source, destination };
  return { version, source: original, sourceTranslated: source, destination };
}

/** Endpoints of a namespace may be called NAMESPACE/NAME. */
const shortName = (name: string, namespace: string | undefined): string =>
  namespace !== undefined && name.startsWith(`${namespace}/`) ? name.slice(namespace.length + 1) : name;
