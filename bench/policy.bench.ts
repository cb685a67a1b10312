import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  FIRST_ALLOCATED,
  type Identity,
  PolicyRepository,
  parseLabel,
  parsePolicies,
  type Rule,
} from '@waggle/policy';
import { benchmark } from './support/benchmark.ts';
import { compare, cpuTime, median } from './support/measure.ts';
import { format } from './support/report.ts';

const ROUNDS = 15;
const WARM_UP = 40;
const MILLISECOND = 1e6;
const MEGABYTE = 1 << 20;
const place = { path: '' };

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Services that all rules and identities are spread over, three identities (versions, say) of each. */
const app = (index: number): string => `app-${index}`;

const identities = (count: number): Identity[] =>
  Array.from({ length: count }, (_, index) => ({
    id: FIRST_ALLOCATED + index,
    labels: [
      parseLabel(`k8s:app=${app(index % Math.ceil(count / 3))}`),
      parseLabel(`k8s:version=v${index % 3}`),
      parseLabel('k8s:io.kubernetes.pod.namespace=shop'),
    ],
  }));

const selector = (key: string, value: string) => ({
  requirements: [
    { source: 'k8s', key, operator: 'in' as const, values: [value] },
    { source: 'k8s', key: 'io.kubernetes.pod.namespace', operator: 'in' as const, values: ['shop'] },
  ],
});

/** Rules that all select everybody of the namespace: each lets one service come to two ports, every tenth denies one. */
const rules = (count: number, services: number): Rule[] =>
  Array.from({ length: count }, (_, index) => ({
    subject: { kind: 'endpoints', selector: { requirements: selector('app', '').requirements.slice(1) } },
    ingress: {
      defaultDeny: true,
      elements: [
        {
          action: index % 10 === 9 ? 'deny' : 'allow',
          peers: [{ kind: 'endpoints', selector: selector('app', app(index % services)) }],
          ports: [
            {
              ports: [8000 + (index % 100), 9000].map((port) => ({
                kind: 'range' as const,
                protocol: 'TCP' as const,
                first: port,
                last: port,
              })),
              place,
            },
          ],
          place,
        },
      ],
    },
    labels: [parseLabel(`k8s:policy=p${index}`)],
    audit: false,
    origin: { kind: 'Rule', path: '' },
  }));

/** A repository with as many rules and identities. */
function repositoryOf(ruleCount: number, identityCount: number): PolicyRepository {
  const repository = new PolicyRepository();
  for (const identity of identities(identityCount)) repository.setIdentity(identity);
  repository.add(rules(ruleCount, Math.ceil(identityCount / 3)));
  return repository;
}

/** The median of the CPU time of a call, once V8 has compiled what it runs. */
function timeOf(call: () => void): number {
  for (let round = 0; round < WARM_UP; round++) call();
  return compare(ROUNDS, () => cpuTime(call)).ours;
}

/** One identity that comes to as many tracked endpoints. */
function timeOfIdentity(ruleCount: number, endpoints: number): { time: number; entries: number } {
  const repository = repositoryOf(ruleCount, 3000);
  for (let index = 0; index < endpoints; index++) repository.track(FIRST_ALLOCATED + index);
  repository.takeChanges();
  const newcomer = { id: 60_000, labels: identities(3000)[0]?.labels ?? [] };
  const times: number[] = [];
  let entries = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    times.push(
      cpuTime(() => {
        repository.setIdentity(newcomer);
        entries = repository.takeChanges().reduce((sum, { upserted }) => sum + upserted.length, 0);
      }),
    );
    repository.removeIdentity(newcomer.id);
    repository.takeChanges();
  }
  return { time: median(times.slice(1)), entries };
}

/** A file of as many policies, each a document of its own. */
const policyFile = (count: number): string =>
  Array.from(
    { length: count },
    (_, index) => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: policy-${index}
  namespace: shop
spec:
  endpointSelector:
    matchLabels:
      app: ${app(index % 1000)}
  ingress:
    - fromEndpoints:
        - matchLabels:
            app: ${app((index + 1) % 1000)}
            role: frontend
      toPorts:
        - ports:
            - port: "${8000 + (index % 100)}"
              protocol: TCP
    - fromCIDRSet:
        - cidr: 10.${index % 256}.0.0/16
          except: [10.${index % 256}.7.0/24]
`,
  ).join('---\n');

await benchmark(
  {
    name: 'policy',
    about: `The policy engine by itself: CPU time, medians of ${ROUNDS} rounds. Every rule selects every endpoint.`,
    needsRoot: false,
  },
  ({ row, note }) => {
    const warm = repositoryOf(1000, 3000);
    row({
      what: '1,000 rules x 3,000 identities resolved for one endpoint',
      ours: timeOf(() => warm.resolve(FIRST_ALLOCATED)),
      unit: 'time',
      goal: { atMost: 5 * MILLISECOND },
    });
    const { time, entries } = timeOfIdentity(1000, 500);
    row({
      what: `one identity added, 1,000 rules, 500 endpoints (${entries} entries)`,
      ours: time,
      unit: 'time',
      goal: { atMost: 10 * MILLISECOND },
    });
    const loadPolicies = (count: number) => {
      const text = policyFile(count);
      return compare(3, () => cpuTime(() => new PolicyRepository().add(parsePolicies(text).rules))).ours;
    };
    row({
      what: '10,000 policies read from YAML, validated and added',
      ours: loadPolicies(10_000),
      unit: 'time',
      goal: { atMost: 5000 * MILLISECOND },
    });
    note('Growth, from 1 to 2 to 4 times as many:');
    const loads = [2500, 5000, 10_000].map(loadPolicies);
    note(`  policies read: ${loads.map((value) => format(value, 'time')).join(', ')}`);
    for (const [what, times] of [
      ['rules (of 3,000 identities)', [500, 1000, 2000].map((count) => repositoryOf(count, 3000))],
      ['identities (of 1,000 rules)', [1500, 3000, 6000].map((count) => repositoryOf(1000, count))],
    ] as const) {
      const measured = times.map((repository) => timeOf(() => repository.resolve(FIRST_ALLOCATED)));
      note(`  ${what}: ${measured.map((value) => format(value, 'time')).join(', ')}`);
    }
    const endpoints = [125, 250, 500].map((count) => timeOfIdentity(1000, count).time);
    note(`  endpoints (one identity added): ${endpoints.map((value) => format(value, 'time')).join(', ')}`);
    collectGarbage();
    const before = process.memoryUsage();
    const large = repositoryOf(1000, 10_000);
    large.track(FIRST_ALLOCATED);
    collectGarbage();
    const after = process.memoryUsage();
    row({
      what: '10,000 identities x 1,000 rules, one endpoint tracked: memory',
      ours: after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers,
      unit: 'size',
      goal: { atMost: 200 * MEGABYTE },
    });
    large.resolve(FIRST_ALLOCATED);
  },
);
