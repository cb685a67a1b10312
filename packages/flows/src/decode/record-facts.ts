/**
 * What follows from a record alone, without its packet and without names: shared by those who make flows of records, by the quick
 * tests of filters, and by metrics, so that they cannot differ.
 */
import { EventType, TraceReason, Verdict } from '@waggle/datapath/events';
import type { FlowVerdict } from '../flow.ts';
import { LOST_RECORD, type RecordView } from '../store/record.ts';

/** The field's numbers: no rule allows it, a rule denies it. */
const POLICY_DENIED = 133;
const DENIED_BY_RULE = 181;

/** Whether a record is of a packet, of a type that is known here. */
export function isFlow(record: RecordView): boolean {
  const { type } = record;
  return type === EventType.Drop || type === EventType.Trace || type === EventType.PolicyVerdict;
}

export const isLoss = (record: RecordView): boolean => record.type === LOST_RECORD;

export function verdictOf(record: RecordView): FlowVerdict {
  if (record.type === EventType.Drop) return 'dropped';
  if (record.type !== EventType.PolicyVerdict) return 'forwarded';
  if (record.subtype === Verdict.Deny) return 'dropped';
  if (record.audit !== 0) return 'audit';
  return record.subtype === Verdict.Redirect ? 'redirected' : 'forwarded';
}

/** Why it was dropped; 0 where it was not. */
export function dropReasonOf(record: RecordView): number {
  if (record.type === EventType.Drop) return record.subtype;
  if (verdictOf(record) !== 'dropped') return 0;
  return record.cookie === 0 ? POLICY_DENIED : DENIED_BY_RULE;
}

/** The field's subtype of the event. */
export const subtypeOf = (record: RecordView): number =>
  record.type === EventType.PolicyVerdict ? 0 : record.subtype;

/** Of a trace, whether the packet answers; undefined where the program could not tell. */
export function isTracedReply(record: RecordView): boolean | undefined {
  return record.reason > TraceReason.Related ? undefined : record.reason === TraceReason.Reply;
}
