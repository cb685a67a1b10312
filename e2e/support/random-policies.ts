/** Random policies as documents, for worlds whose endpoints differ by the label `app`: whatever can be said about them and their ports. */
import fc from 'fast-check';

export const APPS = ['a', 'b', 'c'] as const;
/** Ports that rules are about, or nearly. */
export const PORTS = [80, 81, 8080] as const;

const selector = fc.oneof(
  fc.constant({}),
  fc.constantFrom(...APPS).map((app) => ({ matchLabels: { app } })),
  fc
    .record({ operator: fc.constantFrom('In', 'NotIn'), values: fc.subarray([...APPS], { minLength: 1 }) })
    .map((requirement) => ({ matchExpressions: [{ key: 'app', ...requirement }] })),
);
const port = fc.oneof(
  fc.constantFrom(...PORTS).map((number) => ({ port: String(number) })),
  fc.constantFrom({ port: '80', endPort: 95 }, { port: '81', endPort: 8080 }, { port: '1', endPort: 80 }),
);
const ports = fc.record({
  toPorts: fc
    .array(
      fc
        .tuple(port, fc.constantFrom('TCP', 'UDP', 'ANY'))
        .map(([number, protocol]) => ({ ...number, protocol })),
      { minLength: 1, maxLength: 2 },
    )
    .map((list) => [{ ports: list }]),
});
const messages = fc
  .subarray(
    [
      { family: 'IPv4', type: 8 },
      { family: 'IPv6', type: 128 },
    ],
    { minLength: 1 },
  )
  .map((fields) => ({ icmps: [{ fields }] }));
const what = fc.oneof(fc.constant({}), ports, ports, messages);
/** Everybody, some endpoints, or somebody who is no endpoint. */
const whom = (direction: 'from' | 'to') =>
  fc.oneof(
    fc.constant({}),
    fc.array(selector, { minLength: 1, maxLength: 2 }).map((list) => ({ [`${direction}Endpoints`]: list })),
    fc
      .constantFrom('world', 'host', 'cluster', 'all')
      .map((entity) => ({ [`${direction}Entities`]: [entity] })),
  );
const rules = (direction: 'from' | 'to') =>
  fc.array(
    fc.tuple(whom(direction), what).map(([peers, traffic]) => ({ ...peers, ...traffic })),
    { maxLength: 3 },
  );
/** A deny rule has somebody: one about everybody and everything would leave little to ask. */
const denials = (direction: 'from' | 'to') =>
  fc.array(
    fc.tuple(selector, what).map(([peer, traffic]) => ({ [`${direction}Endpoints`]: [peer], ...traffic })),
    { maxLength: 1 },
  );
const spec = fc.record(
  {
    endpointSelector: selector,
    ingress: rules('from'),
    egress: rules('to'),
    ingressDeny: denials('from'),
    egressDeny: denials('to'),
    enableDefaultDeny: fc.record({ ingress: fc.boolean(), egress: fc.boolean() }),
  },
  { requiredKeys: ['endpointSelector', 'ingress'] },
);

/** The text of some policies. */
export const policiesText = fc.array(spec, { minLength: 1, maxLength: 4 }).map((specs) =>
  specs
    .map((each, index) =>
      JSON.stringify({
        apiVersion: 'cilium.io/v2',
        kind: 'CiliumNetworkPolicy',
        metadata: { name: `random-${index}` },
        spec: each,
      }),
    )
    .join('\n---\n'),
);
