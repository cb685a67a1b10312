/** What the datapath tells and how to read it, without the programs that tell: for those who only look on. */
export { accounts, Event, EventType, events, Point, Refuser, TraceReason } from '../event.bpf.ts';
export { Match, Towards, Verdict } from '../policy.bpf.ts';
export { EventClock } from './clock.ts';
export { type DatapathEvent, decodeEvent } from './event.ts';
export { matchName, pointName, reasonName, traceState } from './names.ts';
export { decodePacket, type Packet } from './packet.ts';
export { TCP_FLAGS, type TcpFlagName } from './packet-transport.ts';
export { EventReader, type EventReaderOptions, type LostEvents } from './reader.ts';
