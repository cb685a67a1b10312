/** Models of endpoints as they are. What is ours alone stands under `status.waggle`. */
import * as z from 'zod';
import { AddressPair, ConfigurationMap, ErrorMessage, Labels, Port, PublishedPort } from './common.ts';
import { Identity } from './identity.ts';
import { models } from './registry.ts';

export const EndpointState = z
  .enum([
    'waiting-for-identity',
    'not-ready',
    'waiting-to-regenerate',
    'regenerating',
    'restoring',
    'ready',
    'disconnecting',
    'disconnected',
    'invalid',
  ])
  .register(models, { id: 'EndpointState', description: 'How far an endpoint has come.' });

export const EndpointStatusChange = z
  .object({
    timestamp: z.string(),
    code: z.enum(['OK', 'Failed']),
    message: z.string(),
    state: EndpointState,
  })
  .register(models, { id: 'EndpointStatusChange', description: "A line of an endpoint's log." });

export const EndpointStatusLog = z.array(EndpointStatusChange).register(models, {
  id: 'EndpointStatusLog',
  description: "An endpoint's log, newest first.",
});
export type EndpointStatusLog = z.output<typeof EndpointStatusLog>;

export const EndpointHealthStatus = z
  .enum(['OK', 'Bootstrap', 'Pending', 'Warning', 'Failure', 'Disabled'])
  .register(models, {
    id: 'EndpointHealthStatus',
    description:
      'Bootstrap: being made. Pending: a change is under way. Warning: what was in force before a change still is. Failure: no policy is in force. Disabled: no traffic.',
  });
export type EndpointHealthStatus = z.output<typeof EndpointHealthStatus>;

export const EndpointHealth = z
  .object({
    overallHealth: EndpointHealthStatus,
    bpf: EndpointHealthStatus,
    policy: EndpointHealthStatus,
    connected: z.boolean(),
  })
  .register(models, { id: 'EndpointHealth', description: 'How an endpoint and its parts are.' });
export type EndpointHealth = z.output<typeof EndpointHealth>;

export const LabelConfigurationSpec = z
  .strictObject({ user: Labels.exactOptional() })
  .register(models, { id: 'LabelConfigurationSpec', description: 'The labels that an endpoint shall have.' });
export type LabelConfigurationSpec = z.output<typeof LabelConfigurationSpec>;

export const LabelConfigurationStatus = z
  .object({
    realized: LabelConfigurationSpec,
    'security-relevant': Labels,
    derived: Labels,
    disabled: Labels,
  })
  .register(models, {
    id: 'LabelConfigurationStatus',
    description: 'The labels that an endpoint has: those that make its identity, and those that only inform.',
  });

export const LabelConfiguration = z
  .object({ spec: LabelConfigurationSpec, status: LabelConfigurationStatus })
  .register(models, { id: 'LabelConfiguration', description: 'The labels of an endpoint.' });
export type LabelConfiguration = z.output<typeof LabelConfiguration>;

export const EndpointConfigurationSpec = z
  .strictObject({
    options: ConfigurationMap.exactOptional(),
    'label-configuration': LabelConfigurationSpec.exactOptional(),
  })
  .register(models, {
    id: 'EndpointConfigurationSpec',
    description:
      'What can be changed of an endpoint. With nothing in it: its policy is computed and written anew.',
  });
export type EndpointConfigurationSpec = z.output<typeof EndpointConfigurationSpec>;

export const EndpointConfigurationStatus = z
  .object({
    realized: EndpointConfigurationSpec,
    immutable: ConfigurationMap,
    error: ErrorMessage.exactOptional(),
  })
  .register(models, { id: 'EndpointConfigurationStatus', description: 'The configuration of an endpoint.' });
export type EndpointConfigurationStatus = z.output<typeof EndpointConfigurationStatus>;

export const EndpointPolicy = z
  .object({
    'policy-revision': z.int(),
    id: z.int().exactOptional(),
    'policy-enabled': z.enum([
      'none',
      'ingress',
      'egress',
      'both',
      'audit-ingress',
      'audit-egress',
      'audit-both',
    ]),
  })
  .register(models, {
    id: 'EndpointPolicy',
    description: 'Which revision of the policies is in force, in which directions.',
  });

export type EndpointPolicy = z.output<typeof EndpointPolicy>;

export const EndpointIdentifiers = z
  .object({
    'container-id': z.string().exactOptional(),
    'container-name': z.string().exactOptional(),
    'pod-name': z.string().exactOptional(),
    'k8s-pod-name': z.string().exactOptional(),
    'k8s-namespace': z.string().exactOptional(),
  })
  .register(models, { id: 'EndpointIdentifiers', description: 'What others call an endpoint.' });

export const EndpointNetworking = z
  .object({
    addressing: z.array(AddressPair),
    mac: z.string(),
    'host-mac': z.string(),
    'interface-name': z.string(),
    'interface-index': z.int(),
  })
  .register(models, { id: 'EndpointNetworking', description: "An endpoint's addresses and device." });

export const EndpointExtension = z
  .object({
    name: z.string(),
    created: z.string(),
    'network-namespace': z.int(),
    'policy-entries': z.int(),
    'policy-status': z.enum(['ok', 'overflow', 'conflict']),
    'policy-message': z.string().exactOptional(),
    'published-ports': z.array(PublishedPort).exactOptional(),
  })
  .register(models, {
    id: 'EndpointExtension',
    description:
      "waggle's own: the endpoint's name, the inode of its network namespace, whether its policy is in force as it was meant, and the ports of the host that lead to it.",
  });

export const EndpointStatus = z
  .object({
    'external-identifiers': EndpointIdentifiers,
    identity: Identity.exactOptional(),
    labels: LabelConfigurationStatus,
    realized: EndpointConfigurationSpec,
    networking: EndpointNetworking,
    policy: z.object({ spec: EndpointPolicy, realized: EndpointPolicy }),
    log: EndpointStatusLog,
    state: EndpointState,
    health: EndpointHealth,
    namedPorts: z.array(Port),
    waggle: EndpointExtension,
  })
  .register(models, { id: 'EndpointStatus', description: 'What an endpoint is like now.' });

export const Endpoint = z
  .object({ id: z.int(), spec: EndpointConfigurationSpec, status: EndpointStatus })
  .register(models, {
    id: 'Endpoint',
    description: 'A network interface of a workload, to which policies apply.',
  });
export type Endpoint = z.output<typeof Endpoint>;
