/** Models of the datapath's maps and of figures. */
import * as z from 'zod';
import { models } from './registry.ts';

export const BPFMapEntry = z
  .object({ key: z.string(), value: z.string(), 'desired-action': z.literal('ok') })
  .register(models, { id: 'BPFMapEntry', description: 'An entry of a map, in words.' });

export const BPFMap = z
  .object({
    path: z.string(),
    cache: z.array(BPFMapEntry).exactOptional(),
    name: z.string().describe("waggle's own, as all that follows"),
    type: z.string(),
    entries: z.int(),
    'max-entries': z.int(),
    'key-size': z.int(),
    'value-size': z.int(),
    truncated: z.boolean().exactOptional(),
  })
  .register(models, {
    id: 'BPFMap',
    description: 'A map of the datapath, and when one is asked for, what is in it.',
  });
export type BPFMap = z.output<typeof BPFMap>;

export const BPFMapList = z
  .object({ maps: z.array(BPFMap) })
  .register(models, { id: 'BPFMapList', description: 'The maps of the datapath.' });
export type BPFMapList = z.output<typeof BPFMapList>;

export const Metric = z
  .object({ name: z.string(), value: z.number(), labels: z.record(z.string(), z.string()) })
  .register(models, { id: 'Metric', description: 'A figure of the agent.' });
export type Metric = z.output<typeof Metric>;
