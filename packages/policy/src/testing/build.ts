/**
 * Rules in few words, for tables of tests: `rule('app=web', { ingress: [allow(from('app=a'), tcp(80))] })`. Only values; what
 * a user's document means is the parser's to say.
 */
import type { Identity, NamedPort } from '../identity/identity.ts';
import { type Label, parseLabel } from '../labels/label.ts';
import type { LabelSelector } from '../labels/selector.ts';
import type { HttpRule, L7Rules } from '../rules/l7.ts';
import type { Action, Peer, Port, PortRule, Protocol, Rule, RuleElement } from '../rules/rule.ts';

const PLACE = { path: '' };

/** Labels, separated by blanks; of Kubernetes where they name no source. */
export const labels = (text: string): Label[] => text.split(' ').map((label) => parseLabel(label, 'k8s'));

/** A selector for all of these labels; `` selects everything. */
export const selector = (text: string): LabelSelector => ({
  requirements: text
    .split(' ')
    .filter((label) => label !== '')
    .map((label) => parseLabel(label))
    .map(({ source, key, value }) => ({ source, key, operator: 'in', values: [value] })),
});

/** An identity. */
export const identity = (id: number, text: string, namedPorts: readonly NamedPort[] = []): Identity => ({
  id,
  labels: labels(text),
  namedPorts,
});

/** Peers by labels. */
export const endpoints = (text: string): Peer => ({ kind: 'endpoints', selector: selector(text) });

/** One port, or a range. */
export const range = (protocol: Protocol, first: number, last = first): Port => ({
  kind: 'range',
  protocol,
  first,
  last,
});

/** Ports of one rule, all with the same L7 rules. */
export const on = (ports: readonly Port[], l7?: L7Rules): PortRule => ({
  ports,
  place: PLACE,
  ...(l7 === undefined ? {} : { l7 }),
});

/** What a proxy for HTTP checks. */
export const http = (...rules: readonly HttpRule[]): L7Rules => ({ parser: 'http', http: rules });

const element =
  (action: Action) =>
  (peers?: readonly Peer[], ports?: readonly PortRule[]): RuleElement => ({
    action,
    place: PLACE,
    ...(peers === undefined ? {} : { peers }),
    ...(ports === undefined ? {} : { ports }),
  });

/** An element that allows its peers (absent: everybody) its ports (absent: all). */
export const allow = element('allow');
/** An element that denies them. */
export const deny = element('deny');

/** A rule for a subject. A direction that is named denies by default, even without an element. */
export function rule(
  subject: string,
  sections: { readonly ingress?: readonly RuleElement[]; readonly egress?: readonly RuleElement[] },
  more: Partial<Rule> = {},
): Rule {
  const { ingress, egress } = sections;
  return {
    subject: { kind: 'endpoints', selector: selector(subject) },
    labels: [],
    audit: false,
    origin: { kind: 'Rule', ...PLACE },
    ...(ingress === undefined ? {} : { ingress: { elements: ingress, defaultDeny: true } }),
    ...(egress === undefined ? {} : { egress: { elements: egress, defaultDeny: true } }),
    ...more,
  };
}
