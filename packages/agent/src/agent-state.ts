/** What an agent remembers from one run to the next: its documents in the store. */
import * as z from 'zod';
import { addressState } from './addresses/index.ts';
import { savedEndpoint } from './endpoints/endpoint.ts';
import type { Endpoints } from './endpoints/endpoints.ts';
import type { IdentityTable } from './identities/identity-table.ts';
import type { DocumentKind, StateStore } from './state/index.ts';
import { hostChanges } from './workload/index.ts';

const SavedEndpoints = z.strictObject({ next: z.int(), endpoints: z.array(savedEndpoint) });
const SavedIdentities = z.strictObject({
  next: z.int(),
  nextLocal: z.int(),
  identities: z.array(z.strictObject({ id: z.int(), labels: z.array(z.string()), users: z.int() })),
});
const SavedPolicies = z.array(
  z.strictObject({
    text: z.string(),
    file: z.string().optional(),
    namespace: z.string().optional(),
    documents: z.array(z.int()),
  }),
);

const kind = <Content>(name: string, schema: z.ZodType<Content>): DocumentKind<Content> => ({
  name,
  version: 1,
  schema,
});

/** The documents, opened. */
export function openState(store: StateStore) {
  return {
    endpoints: store.document(kind('endpoints', SavedEndpoints)),
    identities: store.document(kind('identities', SavedIdentities)),
    policies: store.document(kind('policies', SavedPolicies)),
    addresses: store.document(addressState),
    /** Those that were confirmed. */
    devices: store.document(kind('devices', z.array(z.string()))),
    hostChanges: store.document(hostChanges),
  };
}

export type AgentState = ReturnType<typeof openState>;

/** Saves endpoints soon, and the identities that they have. */
export function saveEndpoints(state: AgentState, endpoints: Endpoints, identities: IdentityTable): void {
  state.endpoints.save(() => ({ next: endpoints.table.next, endpoints: endpoints.save() }));
  state.identities.save(() => {
    const { identities: list, ...rest } = identities.snapshot();
    return { ...rest, identities: list.map((each) => ({ ...each, labels: [...each.labels] })) };
  });
}
