/** Models of the agent's configuration. */
import * as z from 'zod';
import { ConfigurationMap, NodeAddressing } from './common.ts';
import { models } from './registry.ts';

export const DaemonConfigurationSpec = z
  .strictObject({
    options: ConfigurationMap.exactOptional(),
    'policy-enforcement': z.enum(['default', 'always', 'never']).exactOptional(),
  })
  .register(models, {
    id: 'DaemonConfigurationSpec',
    description:
      "What can be changed while the agent runs. Options: `PolicyAuditMode` and `Debug` (Enabled, Disabled), and waggle's own `LogLevel` (trace, debug, info, warn, error).",
  });
export type DaemonConfigurationSpec = z.output<typeof DaemonConfigurationSpec>;

export const DaemonConfiguration = z
  .object({
    spec: DaemonConfigurationSpec,
    status: z.object({
      realized: DaemonConfigurationSpec,
      immutable: ConfigurationMap,
      addressing: NodeAddressing,
      datapathMode: z.literal('veth'),
      masquerade: z.boolean(),
    }),
  })
  .register(models, { id: 'DaemonConfiguration', description: "The agent's configuration." });
export type DaemonConfiguration = z.output<typeof DaemonConfiguration>;
