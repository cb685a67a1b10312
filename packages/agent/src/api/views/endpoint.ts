/** Endpoints in the field's shape. */
import type { EndpointLogLine, EndpointView } from '../../control.ts';
import type { AddressPair, PublishedPort } from '../models/common.ts';
import type {
  Endpoint,
  EndpointConfigurationSpec,
  EndpointConfigurationStatus,
  EndpointPolicy,
  EndpointStatusLog,
  LabelConfiguration,
} from '../models/endpoint.ts';
import { endpointHealth, policyMessage } from './endpoint-health.ts';
import { identityModel } from './identity.ts';

/** The label in which a pod's namespace stands. */
export const NAMESPACE_LABEL = 'k8s:io.kubernetes.pod.namespace=';

/** @param audit - Whether the agent only reports what policies would drop. */
export function endpointModel(view: EndpointView, log: readonly EndpointLogLine[], audit: boolean): Endpoint {
  const { id, state, identity, policy } = view;
  const enabled = policyEnabled(policy.enforced, audit);
  const realizedPolicy: EndpointPolicy = {
    'policy-revision': policy.revision,
    ...(identity && { id: identity.id }),
    'policy-enabled': enabled,
  };
  const message = policyMessage(policy);
  return {
    id,
    spec: configurationOf(view),
    status: {
      'external-identifiers': identifiersOf(view),
      ...(identity && { identity: identityModel(identity) }),
      labels: labelConfiguration(view).status,
      realized: configurationOf(view),
      networking: {
        addressing: [addressesOf(view)],
        mac: view.mac,
        'host-mac': view.hostMac,
        'interface-name': view.interfaceName,
        'interface-index': view.interfaceIndex,
      },
      policy: { spec: realizedPolicy, realized: realizedPolicy },
      log: endpointLog(log.slice(-1)),
      state,
      health: endpointHealth(view),
      namedPorts: view.namedPorts.map(({ name, port, protocol }) => ({
        name,
        port,
        protocol: protocol === 'ICMPv6' ? 'ICMPV6' : protocol,
      })),
      waggle: {
        name: view.name,
        created: view.created,
        'network-namespace': view.namespace,
        'policy-entries': policy.entries,
        'policy-status': policy.status.kind,
        ...(message !== undefined && { 'policy-message': message }),
        ...(view.published.length > 0 && { 'published-ports': view.published.map(publishedModel) }),
      },
    },
  };
}

/** Of the log's lines, oldest first. */
export const endpointLog = (lines: readonly EndpointLogLine[]): EndpointStatusLog =>
  lines.map(({ time, state, code, message }) => ({ timestamp: time, code, message, state })).reverse();

/** Here, all labels are the user's: they can be changed, whoever gave them. */
export function labelConfiguration({
  labels,
  informationLabels,
  identity,
}: EndpointView): LabelConfiguration {
  const user = [...labels];
  return {
    spec: { user },
    status: {
      realized: { user },
      'security-relevant': [...(identity?.labels ?? [])],
      derived: [...informationLabels],
      disabled: [],
    },
  };
}

export function endpointConfiguration(view: EndpointView): EndpointConfigurationStatus {
  const error = policyMessage(view.policy);
  return { realized: configurationOf(view), immutable: {}, ...(error !== undefined && { error }) };
}

const configurationOf = ({ labels }: EndpointView): EndpointConfigurationSpec => ({
  options: {},
  'label-configuration': { user: [...labels] },
});

function identifiersOf({ name, labels, container }: EndpointView) {
  const namespace = labels.find((label) => label.startsWith(NAMESPACE_LABEL))?.slice(NAMESPACE_LABEL.length);
  const isPod = namespace !== undefined && name.startsWith(`${namespace}/`);
  return {
    ...(container?.id !== undefined && { 'container-id': container.id }),
    ...(container?.name !== undefined && { 'container-name': container.name }),
    ...(isPod && {
      'pod-name': name,
      'k8s-namespace': namespace,
      'k8s-pod-name': name.slice(namespace.length + 1),
    }),
  };
}

const publishedModel = ({ hostPort, ...port }: EndpointView['published'][number]): PublishedPort => ({
  ...port,
  'host-port': hostPort,
});

const addressesOf = ({ ipv4, ipv6 }: EndpointView): AddressPair => ({
  ...(ipv4 !== undefined && { ipv4 }),
  ...(ipv6 !== undefined && { ipv6 }),
});

function policyEnabled(
  { ingress, egress }: EndpointView['policy']['enforced'],
  audit: boolean,
): EndpointPolicy['policy-enabled'] {
  const directions = ingress ? (egress ? 'both' : 'ingress') : egress ? 'egress' : 'none';
  return audit && directions !== 'none' ? (`audit-${directions}` as const) : directions;
}
