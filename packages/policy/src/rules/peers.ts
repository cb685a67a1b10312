/** The peers of an element: from… and to… lists. One element speaks of one kind of peer. */
import type { Explanations, Fields, Part } from '../documents/part.ts';
import { formatCidr } from '../identity/cidr.ts';
import { readFqdn } from './fqdn.ts';
import { readExcept, readPrefix } from './prefix.ts';
import { readGroup, readServices } from './references.ts';
import { type Action, type Direction, ENTITIES, type Peer } from './rule.ts';
import { type Scope, scopePeer } from './scope.ts';
import { readSelector } from './selector-reader.ts';

/** What is known of the rule around an element. */
export interface ElementContext {
  readonly direction: Direction;
  readonly action: Action;
  readonly scope: Scope;
  /** Whether the subject is made of endpoints without labels yet (reserved:init). */
  readonly subjectIsInit: boolean;
  /** Whether the subject is nodes. */
  readonly host: boolean;
}

type ReadPeers = (item: Part, context: ElementContext) => readonly Peer[];

const readEndpoints: ReadPeers = (item, { scope, subjectIsInit }) => {
  const selector = readSelector(item);
  if (selector === undefined) return [];
  return [{ kind: 'endpoints', selector: scopePeer(selector, scope, subjectIsInit, false) }];
};

const readNodes: ReadPeers = (item) => {
  const selector = readSelector(item);
  return selector === undefined ? [] : [{ kind: 'nodes', selector }];
};

const readEntity: ReadPeers = (item) => {
  const entity = item.oneOf(ENTITIES);
  return entity === undefined ? [] : [{ kind: 'entity', entity }];
};

const readCidr: ReadPeers = (item) => {
  const cidr = readPrefix(item, 'allowed');
  return cidr === undefined ? [] : [{ kind: 'cidr', cidr: formatCidr(cidr), except: [] }];
};

const readFqdnPeer: ReadPeers = (item) => {
  const fqdn = readFqdn(item);
  return fqdn === undefined ? [] : [{ kind: 'fqdn', ...fqdn }];
};

const readGroupPeer: ReadPeers = (item) => {
  const group = readGroup(item);
  return group === undefined ? [] : [{ kind: 'group', group }];
};

const readServicePeers: ReadPeers = (item, { scope }) =>
  readServices(item, scope).map((service) => ({ kind: 'service', service }));

const INGRESS = {
  fromEndpoints: readEndpoints,
  fromNodes: readNodes,
  fromEntities: readEntity,
  fromCIDR: readCidr,
  fromCIDRSet: readCidrSet,
  fromGroups: readGroupPeer,
} as const satisfies Record<string, ReadPeers>;

const EGRESS = {
  toEndpoints: readEndpoints,
  toNodes: readNodes,
  toEntities: readEntity,
  toCIDR: readCidr,
  toCIDRSet: readCidrSet,
  toGroups: readGroupPeer,
  toServices: readServicePeers,
  toFQDNs: readFqdnPeer,
} as const satisfies Record<string, ReadPeers>;

export type PeerField = keyof typeof INGRESS | keyof typeof EGRESS;

const READERS: Readonly<Record<Direction, readonly (readonly [PeerField, ReadPeers])[]>> = {
  ingress: Object.entries(INGRESS) as [PeerField, ReadPeers][],
  egress: Object.entries(EGRESS) as [PeerField, ReadPeers][],
};

/** The fields for peers in elements of a direction that allow or deny. */
export const peerFields = (direction: Direction, action: Action): readonly PeerField[] =>
  READERS[direction].map(([name]) => name).filter((name) => action === 'allow' || name !== 'toFQDNs');

/** What to say of fields for peers where they do not belong. */
export const PEER_EXPLANATIONS: Explanations = {
  toFQDNs: 'Names can be allowed, not denied: use toCIDR, or leave the name out of what is allowed.',
};

/**
 * The peers of an element.
 *
 * @returns Nothing when it names none; an empty list when a list of it is empty: then it speaks of nobody.
 */
export function readPeers(fields: Fields<PeerField>, context: ElementContext): readonly Peer[] | undefined {
  const lists = READERS[context.direction].flatMap(([name, read]) => {
    const part = fields.get(name);
    return part === undefined ? [] : [{ name, items: part.items(), read, part }];
  });
  const [first, second] = lists.filter(({ items }) => items.length > 0);
  if (first !== undefined && second !== undefined) {
    second.part.refuse(
      `${second.name} and ${first.name} cannot be in one element.`,
      'Make two elements of it: elements are alternatives.',
    );
  }
  if (lists.length === 0) return undefined;
  const peers = lists.flatMap(({ items, read }) => items.flatMap((item) => read(item, context)));
  return lists.some(({ items }) => items.length === 0) ? [] : peers;
}

/** `{ cidr | cidrGroupRef | cidrGroupSelector, except }`. */
export function readCidrSet(item: Part): readonly Peer[] {
  const fields = item.fields(['cidr', 'cidrGroupRef', 'cidrGroupSelector', 'except']);
  if (fields === undefined) return [];
  const cidrPart = fields.get('cidr');
  const groupPart = fields.get('cidrGroupRef');
  const selectorPart = fields.get('cidrGroupSelector');
  const except = fields.get('except');
  if ([cidrPart, groupPart, selectorPart].filter((part) => part !== undefined).length !== 1) {
    item.refuse('One of cidr, cidrGroupRef and cidrGroupSelector is needed, and only one.');
    return [];
  }
  if (cidrPart !== undefined) {
    const cidr = readPrefix(cidrPart, 'refused');
    const texts = readExcept(except, cidr);
    return cidr === undefined ? [] : [{ kind: 'cidr', cidr: formatCidr(cidr), except: texts }];
  }
  const texts = readExcept(except, undefined);
  const name = groupPart?.word();
  if (name !== undefined) return [{ kind: 'cidrGroup', name, except: texts }];
  const selector = selectorPart && readSelector(selectorPart);
  return selector === undefined ? [] : [{ kind: 'cidrGroupSelector', selector, except: texts }];
}
