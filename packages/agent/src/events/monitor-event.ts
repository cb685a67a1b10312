/** Events of the datapath for those who follow: with names for numbers, as data that goes through JSON. */
import type { DatapathEvent, DropEvent, TraceEvent, VerdictEvent } from '@waggle/datapath';
import type { MonitorEvent } from '../control.ts';

/** An endpoint of this host, as events name it. */
export interface NamedEndpoint {
  readonly id: number;
  readonly name: string;
}

/** What numbers in events stand for; undefined for what is not known, or not any more. */
export interface EventNames {
  /** The endpoint whose pair has this device as the host's end. */
  endpointAt(device: number): NamedEndpoint | undefined;
  /** The endpoint of this host that has an address. */
  endpointOf(address: string): NamedEndpoint | undefined;
  deviceAt(index: number): string | undefined;
  labelsOf(identity: number): readonly string[] | undefined;
  /** The rule that a cookie names. */
  ruleOf(cookie: number): string | undefined;
}

/** One end of a packet; for a verdict, of the connection. */
export interface EventEnd {
  /** 0 where it is not known. */
  readonly identity: number;
  readonly labels?: readonly string[];
  /** The endpoint of this host that is there. */
  readonly endpoint?: NamedEndpoint;
}

/** What names add to an event. */
interface Names {
  /** The endpoint that it is about. */
  readonly endpoint?: NamedEndpoint;
  /** The name of its device. */
  readonly device?: string;
  readonly source: EventEnd;
  readonly destination: EventEnd;
  /** The packet's first bytes, in hexadecimal. */
  readonly data: string;
}
type Named<Event> = Omit<Event, 'source' | 'destination' | 'data'> & Names;

/** A drop or a verdict, with the rule that decided. */
export type NamedDrop = Named<DropEvent> & { readonly rule?: string };
export type NamedVerdict = Named<VerdictEvent> & { readonly rule?: string };
/** A packet that was seen, with the rules that let its connection pass. */
export type NamedTrace = Named<TraceEvent> & {
  readonly egressRule?: string;
  readonly ingressRule?: string;
};
/** Each is a {@link MonitorEvent}. */
export type NamedEvent = NamedDrop | NamedVerdict | NamedTrace;

/** An event with names. */
export function monitorEvent(event: DatapathEvent, names: EventNames): MonitorEvent & NamedEvent {
  const { data, source, destination } = event;
  const endpoint = names.endpointAt(event.interface);
  const device = names.deviceAt(event.interface);
  const ends = endpointsOf(event, endpoint, names);
  return {
    ...event,
    ...rulesOf(event, names),
    ...(endpoint && { endpoint }),
    ...(device !== undefined && { device }),
    source: endOf(source, ends.source, names),
    destination: endOf(destination, ends.destination, names),
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  };
}

/** The endpoints at both ends, as far as they are of this host. */
function endpointsOf(
  { packet: { ip }, ...event }: DatapathEvent,
  own: NamedEndpoint | undefined,
  names: EventNames,
): { readonly source?: NamedEndpoint | undefined; readonly destination?: NamedEndpoint | undefined } {
  const source = ip && names.endpointOf(ip.source);
  const destination = ip && names.endpointOf(ip.destination);
  if (event.type !== 'policy-verdict') return { source, destination };
  // A verdict is about who began and who answers, whichever of the two sent this packet.
  const other = source?.id === own?.id ? destination : source;
  return event.direction === 'egress'
    ? { source: own, destination: other }
    : { source: other, destination: own };
}

function endOf(identity: number, endpoint: NamedEndpoint | undefined, names: EventNames): EventEnd {
  const labels = names.labelsOf(identity);
  return { identity, ...(labels && { labels }), ...(endpoint && { endpoint }) };
}

function rulesOf(event: DatapathEvent, names: EventNames) {
  if (event.type !== 'trace') {
    const rule = names.ruleOf(event.cookie);
    return rule === undefined ? {} : { rule };
  }
  const egressRule = names.ruleOf(event.egressCookie);
  const ingressRule = names.ruleOf(event.ingressCookie);
  return {
    ...(egressRule !== undefined && { egressRule }),
    ...(ingressRule !== undefined && { ingressRule }),
  };
}
