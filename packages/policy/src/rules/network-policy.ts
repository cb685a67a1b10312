/** NetworkPolicy of Kubernetes (networking.k8s.io/v1), as a rule. */
import type { Part } from '../documents/part.ts';
import { formatCidr } from '../identity/cidr.ts';
import { KUBERNETES_SOURCE, NAMESPACE_LABELS_PREFIX } from '../labels/label.ts';
import { WILDCARD_SELECTOR } from '../labels/selector.ts';
import { LAST_PORT, portsOf, readPortNumberOrName, withEnd } from './ports.ts';
import { readExcept, readPrefix } from './prefix.ts';
import type { Direction, Peer, PortRule, Rule, RuleElement } from './rule.ts';
import type { RuleContext } from './rule-reader.ts';
import { section } from './rule-reader.ts';
import { IN_A_NAMESPACE, inNamespace } from './scope.ts';
import { type KeyReader, readSelector } from './selector-reader.ts';

/** In Kubernetes, keys of labels have no source. */
const podLabel: KeyReader = (text) => ({ source: KUBERNETES_SOURCE, key: text });
const namespaceLabel: KeyReader = (text) => ({
  source: KUBERNETES_SOURCE,
  key: `${NAMESPACE_LABELS_PREFIX}${text}`,
});

const PEERS = { ingress: 'from', egress: 'to' } as const;

/**
 * Reads the `spec` of a NetworkPolicy.
 *
 * @param part - The spec.
 * @param namespace - The policy's.
 * @param context - What is around it.
 */
export function readNetworkPolicy(part: Part, namespace: string, context: RuleContext): Rule | undefined {
  const fields = part.fields(['podSelector', 'ingress', 'egress', 'policyTypes']);
  if (fields === undefined) return undefined;
  const podSelector = fields.need('podSelector');
  const selected = (podSelector && readSelector(podSelector, podLabel)) ?? WILDCARD_SELECTOR;
  const types = fields.get('policyTypes')?.list((item) => item.oneOf(['Ingress', 'Egress'])) ?? [];
  const [ingress, egress] = (['ingress', 'egress'] as const).map(
    (direction) =>
      fields
        .get(direction)
        ?.list((item) => readElement(item, direction, namespace))
        .flat() ?? [],
  );
  // Without rules for a direction, the policy is about it if it says so; about ingress also if it says nothing.
  const aboutIngress = types.includes('Ingress') || !types.includes('Egress');
  return {
    subject: {
      kind: 'endpoints',
      selector: { requirements: [...selected.requirements, inNamespace(namespace)] },
    },
    ...optional('ingress', section(ingress ?? [], aboutIngress || (ingress ?? []).length > 0)),
    ...optional('egress', section(egress ?? [], types.includes('Egress') || (egress ?? []).length > 0)),
    labels: context.labels,
    audit: context.audit,
    origin: context.origin,
  };
}

const optional = <Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [key in Name]?: Value } => (value === undefined ? {} : ({ [name]: value } as { [key in Name]: Value }));

/** An entry of ingress or egress: one element for all its endpoints, one for each prefix. */
function readElement(part: Part, direction: Direction, namespace: string): RuleElement[] {
  const name = PEERS[direction];
  const fields = part.fields([name, 'ports']);
  if (fields === undefined) return [];
  const listed = fields.get(name)?.list((item) => readPeer(item, namespace)) ?? [];
  const ports = fields.get('ports')?.list(readPort) ?? [];
  // No peers, or an empty list of them: everybody.
  const peers: readonly Peer[] =
    listed.length > 0 ? listed : [{ kind: 'endpoints', selector: WILDCARD_SELECTOR }];
  return [{ action: 'allow', peers, ...(ports.length > 0 && { ports }), place: part.place }];
}

/** `{ podSelector, namespaceSelector }` or `{ ipBlock }`. */
function readPeer(part: Part, namespace: string): Peer | undefined {
  const fields = part.fields(['podSelector', 'namespaceSelector', 'ipBlock']);
  if (fields === undefined) return undefined;
  const pods = fields.get('podSelector');
  const namespaces = fields.get('namespaceSelector');
  const block = fields.get('ipBlock');
  if (block !== undefined && (pods !== undefined || namespaces !== undefined)) {
    return block.refuse('An ipBlock cannot stand beside a podSelector or a namespaceSelector.');
  }
  if (block !== undefined) return readIpBlock(block);
  if (pods === undefined && namespaces === undefined) {
    return part.refuse('This peer is nobody.', 'Needed is a podSelector, a namespaceSelector or an ipBlock.');
  }
  const podRequirements = (pods && readSelector(pods, podLabel)?.requirements) ?? [];
  if (namespaces === undefined) {
    return { kind: 'endpoints', selector: { requirements: [...podRequirements, inNamespace(namespace)] } };
  }
  const written = readSelector(namespaces, namespaceLabel)?.requirements ?? [];
  const namespaceRequirements = written.length === 0 ? [IN_A_NAMESPACE] : written;
  return { kind: 'endpoints', selector: { requirements: [...podRequirements, ...namespaceRequirements] } };
}

function readIpBlock(part: Part): Peer | undefined {
  const fields = part.fields(['cidr', 'except']);
  const cidrPart = fields?.need('cidr');
  const cidr = cidrPart && readPrefix(cidrPart, 'refused');
  const except = readExcept(fields?.get('except'), cidr);
  return cidr && { kind: 'cidr', cidr: formatCidr(cidr), except };
}

/** `{ protocol, port, endPort }`: TCP where no protocol is named, all ports where no port is. */
function readPort(part: Part): PortRule | undefined {
  const fields = part.fields(['protocol', 'port', 'endPort']);
  if (fields === undefined) return undefined;
  const protocolPart = fields.get('protocol');
  const protocol = protocolPart === undefined ? 'TCP' : protocolPart.oneOf(['TCP', 'UDP', 'SCTP']);
  const portPart = fields.get('port');
  const port = portPart === undefined ? { first: 0, last: LAST_PORT } : readPortNumberOrName(portPart);
  const endPart = fields.get('endPort');
  const end = endPart?.integer(1, LAST_PORT);
  if (endPart !== undefined && portPart === undefined)
    return endPart.refuse('An endPort needs a port beside it.');
  if (protocol === undefined || port === undefined) return undefined;
  const range = endPart !== undefined && end !== undefined ? withEnd(endPart, port, end) : port;
  return range === undefined ? undefined : { ports: portsOf({ protocol, port: range }), place: part.place };
}
