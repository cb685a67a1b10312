/**
 * Rules, as the engine takes them: checked, in one form whatever document they came in, each part with the place where its
 * author wrote it. A rule says whom it is about (its subject) and lists elements for each direction. An element allows or
 * denies: its peers AND its ports; elements are alternatives.
 */
import type { Label } from '../labels/label.ts';
import type { LabelSelector } from '../labels/selector.ts';
import type { L7Rules } from './l7.ts';

export type Direction = 'ingress' | 'egress';
export type Action = 'allow' | 'deny';

/** Where something was written. */
export interface Place {
  /** As it was given to the parser; absent for text without a file. */
  readonly file?: string;
  /** From 1; absent where a document has no lines (values that a program made). */
  readonly line?: number;
  /** The path in the document, as `spec.ingress[0].toPorts[1]`. */
  readonly path: string;
}

/** Where a rule stands, and the document that it came from. */
export interface Origin extends Place {
  readonly kind: 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy' | 'NetworkPolicy' | 'Rule';
  /** Absent for bare rules. */
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
}

/** Names for peers that have no labels of their own. `cluster` is everything that is not outside of it. */
export const ENTITIES = [
  'all',
  'world',
  'world-ipv4',
  'world-ipv6',
  'host',
  'remote-node',
  'cluster',
  'init',
  'health',
  'unmanaged',
  'kube-apiserver',
  'ingress',
  'none',
] as const;
export type Entity = (typeof ENTITIES)[number];

/**
 * Whom an element speaks of.
 * - `endpoints`: identities by labels (never nodes); a selector without requirements is everybody, the world included.
 * - `nodes`: nodes by labels.
 * - `cidr`: addresses outside of the cluster; `except` lies within.
 * - `cidrGroup`, `cidrGroupSelector`: CIDRs kept under a name or labels, see {@link CidrGroup}.
 * - `fqdn`: addresses that DNS gave for a name (lower case, with its final dot) or a pattern of names.
 * - `service`, `group`: kept until somebody resolves them; until then nobody.
 */
export type Peer =
  | { readonly kind: 'endpoints'; readonly selector: LabelSelector }
  | { readonly kind: 'nodes'; readonly selector: LabelSelector }
  | { readonly kind: 'entity'; readonly entity: Entity }
  | { readonly kind: 'cidr'; readonly cidr: string; readonly except: readonly string[] }
  | { readonly kind: 'cidrGroup'; readonly name: string; readonly except: readonly string[] }
  | {
      readonly kind: 'cidrGroupSelector';
      readonly selector: LabelSelector;
      readonly except: readonly string[];
    }
  | { readonly kind: 'fqdn'; readonly matchName: string }
  | { readonly kind: 'fqdn'; readonly matchPattern: string }
  | { readonly kind: 'service'; readonly service: ServiceReference }
  | { readonly kind: 'group'; readonly group: CloudGroup };

/** A Kubernetes service, by name or by labels; without a namespace, of any. */
export type ServiceReference =
  | { readonly name: string; readonly namespace?: string }
  | { readonly selector: LabelSelector; readonly namespace?: string };

/** A group of a cloud provider (toGroups). */
export interface CloudGroup {
  readonly aws: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly securityGroupsIds?: readonly string[];
    readonly securityGroupsNames?: readonly string[];
    readonly region?: string;
  };
}

export const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6', 'VRRP', 'IGMP'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** IANA's number of each protocol. */
export const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = {
  ICMP: 1,
  IGMP: 2,
  TCP: 6,
  UDP: 17,
  ICMPv6: 58,
  VRRP: 112,
  SCTP: 132,
};

/**
 * The ports of one protocol; for ICMP the type is the port. `ANY` in a document has become one of these for each of TCP, UDP
 * and SCTP.
 * - `range`: `first` to `last`, both included; all ports: 0 to 65535.
 * - `named`: what the endpoint at the receiving end calls a port.
 */
export type Port =
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly first: number; readonly last: number }
  | { readonly kind: 'named'; readonly protocol: Protocol; readonly name: string };

/** Ports, and what is asked of the traffic to them beyond. */
export interface PortRule {
  readonly ports: readonly Port[];
  /** What a proxy has to check. Absent: the traffic passes without one. */
  readonly l7?: L7Rules;
  readonly place: Place;
}

/** How peers have to prove who they are. */
export type Authentication = 'required' | 'disabled' | 'test-always-fail';

/** One alternative of a rule in one direction. */
export interface RuleElement {
  readonly action: Action;
  /** Absent: everybody. Empty: nobody. */
  readonly peers?: readonly Peer[];
  /** Further requirements to all `endpoints` peers of all rules with this subject (fromRequires, toRequires). */
  readonly requires?: readonly LabelSelector[];
  /** Absent: all protocols and ports. */
  readonly ports?: readonly PortRule[];
  readonly authentication?: Authentication;
  readonly place: Place;
}

/** What a rule says of one direction. */
export interface RuleSection {
  readonly elements: readonly RuleElement[];
  /** Whether the subject is denied everything else in this direction from now on. */
  readonly defaultDeny: boolean;
}

/** A rule. */
export interface Rule {
  readonly subject: { readonly kind: 'endpoints' | 'nodes'; readonly selector: LabelSelector };
  /** Absent: the rule does not speak of this direction. */
  readonly ingress?: RuleSection;
  readonly egress?: RuleSection;
  /** What the rule is managed by: rules are deleted and replaced by their labels. */
  readonly labels: readonly Label[];
  readonly description?: string;
  /** Text for the log of flows that this rule decided (`log.value`). */
  readonly log?: string;
  /** Whether the rule only reports what it would drop. */
  readonly audit: boolean;
  readonly origin: Origin;
}

/** CIDRs under a name. */
export interface CidrGroup {
  readonly name: string;
  readonly labels: readonly Label[];
  readonly cidrs: readonly string[];
  readonly place: Place;
}
