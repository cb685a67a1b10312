/** Models of the agent's status. What is ours alone stands under `waggle`. */
import * as z from 'zod';
import { models } from './registry.ts';

export const StatusState = z.enum(['Ok', 'Warning', 'Failure', 'Disabled']);

export const Status = z
  .object({ state: StatusState, msg: z.string() })
  .register(models, { id: 'Status', description: 'How a part is, and why.' });
export type Status = z.output<typeof Status>;

export const ControllerStatus = z
  .object({
    name: z.string(),
    status: z.object({
      'success-count': z.int(),
      'failure-count': z.int(),
      'consecutive-failure-count': z.int(),
      'last-success-timestamp': z.string().exactOptional(),
      'last-failure-timestamp': z.string().exactOptional(),
      'last-failure-msg': z.string().exactOptional(),
    }),
  })
  .register(models, {
    id: 'ControllerStatus',
    description: 'Work that is done again and again, and how it went.',
  });

export const IPAMStatus = z
  .object({
    allocations: z.record(z.string(), z.string()),
    ipv4: z.array(z.string()),
    ipv6: z.array(z.string()),
    status: z.string(),
  })
  .register(models, {
    id: 'IPAMStatus',
    description: 'The addresses that are given out, with their owners.',
  });

export const Masquerading = z
  .object({
    enabled: z.boolean(),
    enabledProtocols: z.object({ ipv4: z.boolean(), ipv6: z.boolean() }),
    mode: z.literal('BPF'),
  })
  .register(models, { id: 'Masquerading', description: "Whether endpoints leave by the host's address." });

export const EncryptionStatus = z
  .object({ mode: z.enum(['Disabled', 'IPsec', 'Wireguard']) })
  .register(models, {
    id: 'EncryptionStatus',
    description: 'Whether what passes between hosts is encrypted.',
  });

export const StatusExtension = z
  .object({
    version: z.string(),
    'node-name': z.string(),
    started: z.string(),
    pid: z.int(),
    sections: z.array(z.object({ name: z.string(), state: StatusState, message: z.string() })),
  })
  .register(models, {
    id: 'StatusExtension',
    description: "waggle's own: the agent's process and its parts.",
  });

export const StatusResponse = z
  .object({
    cilium: Status.exactOptional().describe('The agent as a whole.'),
    kvstore: Status.exactOptional(),
    'container-runtime': Status.exactOptional(),
    kubernetes: Status.exactOptional(),
    hubble: Status.exactOptional(),
    ipam: IPAMStatus.exactOptional(),
    masquerading: Masquerading.exactOptional(),
    encryption: EncryptionStatus.exactOptional(),
    controllers: z.array(ControllerStatus).exactOptional(),
    stale: z.record(z.string(), z.string()).exactOptional(),
    waggle: StatusExtension.exactOptional(),
  })
  .register(models, { id: 'StatusResponse', description: 'How the agent and its parts are.' });
export type StatusResponse = z.output<typeof StatusResponse>;
