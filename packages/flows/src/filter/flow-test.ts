/**
 * What a filter is made of. A test says of a flow whether it matches; and of a record, before anything is decoded, whether it may.
 * "May not" must be certain, "may" need not: the flow decides.
 */
import type { PacketPeek } from '../decode/packet-peek.ts';
import type { Flow } from '../flow.ts';
import type { RecordView } from '../store/record.ts';

export interface FlowTest {
  readonly matches: (flow: Flow) => boolean;
  /** What the record alone tells. */
  readonly may?: (record: RecordView) => boolean;
  /** What its packet tells, at a glance; asked after that. */
  readonly mayBePacket?: (packet: PacketPeek, record: RecordView) => boolean;
}

/** Of things that no flow has yet. */
export const NEVER: FlowTest = { matches: () => false, may: () => false };
