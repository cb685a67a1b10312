/** Models of policies: the field's, in which a list of rules is a JSON text, and the documents of our own. */
import * as z from 'zod';
import { Labels, Port } from './common.ts';
import { models } from './registry.ts';

export const Policy = z
  .object({ revision: z.int(), policy: z.string() })
  .register(models, { id: 'Policy', description: 'Rules as a JSON text, and the revision of the policies.' });
export type Policy = z.output<typeof Policy>;

export const PolicyText = z.string().register(models, {
  id: 'PolicyText',
  description: 'A JSON string that holds a list of rules, itself in JSON.',
});

const end = {
  labels: Labels.exactOptional(),
  endpoint: z.int().min(1).exactOptional().describe("waggle's own: the number of an endpoint"),
  identity: z.int().min(0).exactOptional().describe("waggle's own: the number of an identity"),
  address: z
    .union([z.ipv4(), z.ipv6()], 'it is no IP address')
    .exactOptional()
    .describe("waggle's own: an IP address"),
};

export const TraceFrom = z.strictObject(end).register(models, {
  id: 'TraceFrom',
  description: 'Who sends: by labels, or by one of the other fields.',
});
export type TraceFrom = z.output<typeof TraceFrom>;

export const TraceTo = z.strictObject({ ...end, dports: z.array(Port).exactOptional() }).register(models, {
  id: 'TraceTo',
  description: 'Who receives, and at which ports; without ports, whether every port is open.',
});
export type TraceTo = z.output<typeof TraceTo>;

export const TraceSelector = z
  .strictObject({ from: TraceFrom, to: TraceTo, verbose: z.boolean().exactOptional() })
  .register(models, { id: 'TraceSelector', description: 'What a trace is asked for.' });
export type TraceSelector = z.output<typeof TraceSelector>;

/** The policy engine's Trace; its inner parts are described in docs/policy-guide.md. */
export const Trace = z
  .looseObject({
    from: z.int(),
    to: z.int(),
    protocol: z.int(),
    port: z.int(),
    verdict: z.enum(['allowed', 'audited', 'redirected', 'denied']),
    directions: z.array(
      z.looseObject({
        direction: z.enum(['ingress', 'egress']),
        verdict: z.enum(['allowed', 'audited', 'redirected', 'denied']),
        decidedBy: z.enum(['rule', 'default', 'host', 'safe state', 'no policy']),
      }),
    ),
  })
  .register(models, {
    id: 'Trace',
    description:
      "waggle's own: what both ends' policies say to a packet, which rules decided, and which came nearest.",
  });

export const PolicyTraceResult = z
  .object({ verdict: z.enum(['allowed', 'denied']), log: z.string(), traces: z.array(Trace) })
  .register(models, {
    id: 'PolicyTraceResult',
    description: "Whether all of it may pass, why in words, and (waggle's own) a trace for each port.",
  });
export type PolicyTraceResult = z.output<typeof PolicyTraceResult>;

export const SelectorIdentityMapping = z
  .object({ selector: z.string(), identities: z.array(z.int()), users: z.int() })
  .register(models, {
    id: 'SelectorIdentityMapping',
    description: 'A selector of rules, and whom it selects.',
  });

export const SelectorCache = z
  .array(SelectorIdentityMapping)
  .register(models, { id: 'SelectorCache', description: 'All selectors of all rules.' });
export type SelectorCache = z.output<typeof SelectorCache>;

export const PolicyDocument = z
  .object({
    kind: z.string(),
    name: z.string().exactOptional(),
    namespace: z.string().exactOptional(),
    source: z.string(),
    description: z.string().exactOptional(),
    labels: Labels,
    endpoints: z.int(),
    rule: z.unknown(),
  })
  .register(models, {
    id: 'PolicyDocument',
    description: "waggle's own: a rule, where it came from, and how many endpoints of this host it selects.",
  });

export const PolicyDocuments = z
  .object({ revision: z.int(), documents: z.array(PolicyDocument) })
  .register(models, {
    id: 'PolicyDocuments',
    description: "waggle's own: the rules, with where they came from.",
  });
export type PolicyDocuments = z.output<typeof PolicyDocuments>;

export const PolicyApplied = z
  .object({
    revision: z.int(),
    added: z.int(),
    replaced: z.int(),
    unchanged: z.int(),
    deleted: z.int(),
  })
  .register(models, {
    id: 'PolicyApplied',
    description:
      "waggle's own: what a change of policies came to. It is in force at endpoints that are at this revision or a later one.",
  });
