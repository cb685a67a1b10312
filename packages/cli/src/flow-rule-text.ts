/**
 * The rule that decided about a flow, for people: its name and where its author wrote it; where none did, what was missing. It is said
 * of verdicts of policies and of what policies dropped.
 */
import { DropReason, type Flow, type Policy, TrafficDirection, Verdict } from '@waggle/flows/hubble/client';
import { isPolicyVerdict, portOf, whoText } from './flow-parts.ts';

/** The label of a rule that says where it was written; waggle's servers send it. */
const SOURCE_LABEL = 'waggle:source=';

/** The field's number of "everything is allowed", which no rule says. */
const MATCH_ALL = 4;

/** What decided; undefined where no policy did. */
export function ruleText(flow: Flow): string | undefined {
  const isEgress = flow.trafficDirection === TrafficDirection.EGRESS;
  const denied = isEgress ? flow.egressDeniedBy : flow.ingressDeniedBy;
  const allowed = isEgress ? flow.egressAllowedBy : flow.ingressAllowedBy;
  if (isDenied(flow)) {
    if (denied.length > 0) return `denied by ${rulesText(denied)}`;
    return `denied by default: no rule allows ${missingText(flow, isEgress)}`;
  }
  if (!isPolicyVerdict(flow)) return undefined;
  if (flow.verdict === Verdict.AUDIT)
    return denied.length > 0
      ? `would be denied by ${rulesText(denied)}`
      : `would be denied by default: no rule allows ${missingText(flow, isEgress)}`;
  if (allowed.length > 0) return `allowed by ${rulesText(allowed)}`;
  return flow.policyMatchType === MATCH_ALL
    ? `allowed by default: no policy restricts ${isEgress ? 'egress' : 'ingress'}`
    : 'allowed by default';
}

function isDenied({ verdict, dropReasonDesc, eventType }: Flow): boolean {
  if (verdict !== Verdict.DROPPED) return false;
  if (eventType?.type === 5) return true;
  return dropReasonDesc === DropReason.POLICY_DENIED || dropReasonDesc === DropReason.POLICY_DENY;
}

const rulesText = (policies: readonly Policy[]): string => policies.map(oneRule).join(', ');

function oneRule({ name, namespace, labels }: Policy): string {
  const [source] = labels.filter((label) => label.startsWith(SOURCE_LABEL));
  const called = namespace === '' || namespace === 'default' ? name : `${namespace}/${name}`;
  const named = called === '' ? 'a rule without a name' : called;
  return source === undefined ? named : `${named} (${source.slice(SOURCE_LABEL.length)})`;
}

/** What a rule would have to allow. */
function missingText(flow: Flow, isEgress: boolean): string {
  const port = portOf(flow, 'destination');
  const protocol = flow.l4?.protocol.case;
  const on =
    protocol === undefined ? '' : port === undefined ? ` by ${protocol}` : ` on ${protocol} port ${port}`;
  return isEgress
    ? `egress to ${whoText(flow, 'destination')}${on}`
    : `ingress from ${whoText(flow, 'source')}${on}`;
}
