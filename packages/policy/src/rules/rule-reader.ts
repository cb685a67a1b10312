/** A rule: a bare one, or the `spec` of a CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy. */
import type { Explanations, Fields, Part } from '../documents/part.ts';
import { type Label, sortLabels } from '../labels/label.ts';
import { type LabelSelector, WILDCARD_SELECTOR } from '../labels/selector.ts';
import { type ElementContext, PEER_EXPLANATIONS, type PeerField, peerFields, readPeers } from './peers.ts';
import { readIcmpRule, readPortRule } from './ports.ts';
import type { Action, Authentication, Direction, Origin, Rule, RuleElement, RuleSection } from './rule.ts';
import { readRuleLabel } from './rule-labels.ts';
import { type Scope, scopePeer, scopeSubject, selectsInit } from './scope.ts';
import { readSelector } from './selector-reader.ts';

/** What the document around a rule gives it. */
export interface RuleContext {
  readonly scope: Scope;
  readonly origin: Origin;
  /** Labels beside those that the rule names itself. */
  readonly labels: readonly Label[];
  /** Whether the document asks for audit mode. A bare rule may ask itself. */
  readonly audit: boolean;
  /** For rules that have none of their own. */
  readonly description?: string;
}

const SECTIONS = ['ingress', 'ingressDeny', 'egress', 'egressDeny'] as const;
const RULE_FIELDS = [
  'endpointSelector',
  'nodeSelector',
  ...SECTIONS,
  'enableDefaultDeny',
  'labels',
  'description',
  'log',
] as const;
const BARE_FIELDS = [...RULE_FIELDS, 'audit'] as const;
type RuleField = (typeof BARE_FIELDS)[number];

const RULE_EXPLANATIONS: Explanations = {
  audit: 'In a policy with metadata, audit mode is the annotation policy.waggle.io/audit: "true".',
};

/**
 * Reads a rule.
 *
 * @param part - The rule.
 * @param context - What is around it.
 */
export function readRule(part: Part, context: RuleContext): Rule | undefined {
  const { scope, origin } = context;
  const bare = scope.kind === 'bare';
  const fields: Fields<RuleField> | undefined = bare
    ? part.fields(BARE_FIELDS)
    : part.fields(RULE_FIELDS, RULE_EXPLANATIONS);
  if (fields === undefined) return undefined;
  const subject = readSubject(fields, scope);
  if (!SECTIONS.some((name) => fields.has(name))) {
    part.refuse('This rule says nothing.', `At least one of ${SECTIONS.join(', ')} is needed.`);
  }
  const subjectIsInit = subject.kind === 'endpoints' && selectsInit(subject.written);
  const host = subject.kind === 'nodes';
  const defaultDeny = fields.get('enableDefaultDeny')?.fields(['ingress', 'egress']);
  const [ingress, egress] = (['ingress', 'egress'] as const).map((direction) => {
    const around = { direction, scope, subjectIsInit, host };
    const elements = [
      ...readElements(fields.get(direction), { ...around, action: 'allow' }),
      ...readElements(fields.get(`${direction}Deny`), { ...around, action: 'deny' }),
    ];
    return section(elements, defaultDeny?.get(direction)?.boolean());
  });
  const labels = fields.get('labels')?.list(readRuleLabel) ?? [];
  const description = fields.get('description')?.text() ?? context.description;
  const log = fields.get('log')?.fields(['value'])?.get('value')?.text();
  const audit = (bare ? fields.get('audit')?.boolean() : undefined) ?? context.audit;
  return {
    subject: { kind: subject.kind, selector: subject.selector },
    ...(ingress && { ingress }),
    ...(egress && { egress }),
    labels: sortLabels([...context.labels, ...labels]),
    ...(description !== undefined && { description }),
    ...(log !== undefined && { log }),
    audit,
    origin,
  };
}

interface Subject {
  readonly kind: 'endpoints' | 'nodes';
  /** As written, without what the document adds. */
  readonly written: LabelSelector;
  readonly selector: LabelSelector;
}

function readSubject(fields: Fields<RuleField>, scope: Scope): Subject {
  const endpoints = fields.get('endpointSelector');
  const nodes = fields.get('nodeSelector');
  if (endpoints !== undefined && nodes !== undefined) {
    nodes.refuse('A rule has either an endpointSelector or a nodeSelector, not both.');
  } else if (endpoints === undefined && nodes === undefined) {
    fields.part.refuse(
      'It is not said whom this rule is about.',
      'Needed is an endpointSelector or a nodeSelector; {} selects all.',
    );
  } else if (nodes !== undefined && scope.kind === 'namespaced') {
    nodes.refuse(
      'Nodes have no namespace, so a CiliumNetworkPolicy cannot have a nodeSelector.',
      'A CiliumClusterwideNetworkPolicy can.',
    );
  }
  const written =
    (endpoints && readSelector(endpoints)) ?? (nodes && readSelector(nodes)) ?? WILDCARD_SELECTOR;
  if (nodes !== undefined) return { kind: 'nodes', written, selector: written };
  return { kind: 'endpoints', written, selector: scopeSubject(written, scope) };
}

/**
 * A section for one direction, or nothing when the rule does not speak of it.
 *
 * @param elements - All elements for the direction.
 * @param defaultDeny - As the rule says it; without a word it is so if there are elements.
 */
export function section(elements: readonly RuleElement[], defaultDeny?: boolean): RuleSection | undefined {
  const denies = defaultDeny ?? elements.length > 0;
  return elements.length === 0 && !denies ? undefined : { elements, defaultDeny: denies };
}

const readElements = (part: Part | undefined, context: ElementContext): RuleElement[] =>
  part?.list((item) => readElement(item, context)) ?? [];

type ElementField = PeerField | RequiresField | 'toPorts' | 'icmps' | 'authentication';
type RequiresField = 'fromRequires' | 'toRequires';

function elementFields(direction: Direction, action: Action): ElementField[] {
  const requires = direction === 'ingress' ? 'fromRequires' : 'toRequires';
  const fields: ElementField[] = [...peerFields(direction, action), requires, 'toPorts', 'icmps'];
  return action === 'allow' ? [...fields, 'authentication'] : fields;
}

const ELEMENT_FIELDS: Readonly<Record<Direction, Readonly<Record<Action, readonly ElementField[]>>>> = {
  ingress: { allow: elementFields('ingress', 'allow'), deny: elementFields('ingress', 'deny') },
  egress: { allow: elementFields('egress', 'allow'), deny: elementFields('egress', 'deny') },
};

function readElement(part: Part, context: ElementContext): RuleElement | undefined {
  const { direction, action } = context;
  const explanations = action === 'deny' ? PEER_EXPLANATIONS : {};
  const fields = part.fields(ELEMENT_FIELDS[direction][action], explanations);
  if (fields === undefined) return undefined;
  const peers = readPeers(fields, context);
  const requires = readRequires(fields.get(direction === 'ingress' ? 'fromRequires' : 'toRequires'), context);
  const toPorts = fields.get('toPorts')?.list((item) => readPortRule(item, context)) ?? [];
  const icmpsPart = fields.get('icmps');
  const icmps = icmpsPart?.list(readIcmpRule) ?? [];
  if (toPorts.length > 0 && icmps.length > 0) {
    icmpsPart?.refuse(
      'toPorts and icmps cannot be in one element.',
      'Make two elements of it: elements are alternatives.',
    );
  }
  const mode = fields.get('authentication')?.fields(['mode'])?.need('mode');
  const authentication = mode?.oneOf<Authentication>(['required', 'disabled', 'test-always-fail']);
  const ports = [...toPorts, ...icmps];
  return {
    action,
    // An element that names neither peers nor ports speaks of nobody: `ingress: [{}]` only switches to denying by default.
    ...(peers ? { peers } : ports.length === 0 && { peers: [] }),
    ...(requires.length > 0 && { requires }),
    ...(ports.length > 0 && { ports }),
    ...(authentication && { authentication }),
    place: part.place,
  };
}

const readRequires = (part: Part | undefined, { scope, subjectIsInit }: ElementContext): LabelSelector[] =>
  part?.list((item) => {
    const selector = readSelector(item);
    return selector && scopePeer(selector, scope, subjectIsInit, true);
  }) ?? [];
