/** The policy map of the datapath: the kernel finds in it what the policy engine says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecOf, hton16, littleEndian } from '@waggle/bpf';
import { createMap, type KernelMap, loadDeclared } from '@waggle/kernel';
import {
  type Identity,
  type Peer,
  type PolicyEntry,
  PolicyMap,
  PolicyRepository,
  parseLabel,
  type Rule,
  type RuleElement,
} from '@waggle/policy';
import fc from 'fast-check';

await import('@waggle/compiler/register');
const { policies, policy, policyKey, policyValue, Question, Towards } = await import('@waggle/datapath');
const { ANSWER, askPolicy, NO_ENTRY } = await import('./support/ask-policy.bpf.ts');

const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to create maps and programs';
const SUBJECT = 300;
const place = { path: '' };
const apps = ['a', 'b', 'c'];
const identities: Identity[] = apps.map((app, index) => ({
  id: SUBJECT + index,
  labels: [parseLabel(`app=${app}`)],
}));

const peerOf = (app: string): Peer => ({
  kind: 'endpoints',
  selector: { requirements: [{ source: 'any', key: 'app', operator: 'in', values: [app] }] },
});
const edge = fc.constantFrom(0, 1, 22, 79, 80, 81, 95, 96, 443, 8080, 65535);
const ports = fc
  .record({ protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'), ends: fc.tuple(edge, edge) })
  .map(({ protocol, ends: [a, b] }) => ({
    ports: [{ kind: 'range' as const, protocol, first: Math.min(a, b), last: Math.max(a, b) }],
    place,
  }));
const element: fc.Arbitrary<RuleElement> = fc
  .record({
    action: fc.constantFrom('allow', 'allow', 'deny'),
    peers: fc.option(fc.subarray(apps), { nil: undefined }),
    ports: fc.option(ports, { nil: undefined }),
  })
  .map(({ action, peers, ports }) => ({
    action,
    ...(peers && { peers: peers.map(peerOf) }),
    ...(ports && { ports: [ports] }),
    place,
  }));
const section = fc.record({ elements: fc.array(element, { maxLength: 5 }), defaultDeny: fc.boolean() });
const rule = fc.record({ ingress: section, egress: section }).map(
  (sections): Rule => ({
    subject: { kind: 'endpoints', selector: { requirements: [] } },
    ...sections,
    labels: [],
    audit: false,
    origin: { kind: 'Rule', path: '' },
  }),
);

/** The policy map with these entries, each with its number as its cookie, from 1. */
function fill(inner: KernelMap, entries: readonly PolicyEntry[]): void {
  assert.ok('set' in inner);
  const map = inner as ReturnType<typeof createMap<typeof policy>>;
  for (const [index, entry] of entries.entries()) {
    map.set(policyKey(entry), policyValue(entry, { cookie: index + 1 }));
  }
}

test('the kernel finds the entry that the engine says decides', { skip: needsRoot }, () => {
  using outer = createMap(policies);
  using loaded = loadDeclared(askPolicy, { maps: { policies: outer } });
  const question = codecOf(Question);
  const ask = (peer: number, direction: 'ingress' | 'egress', protocol: number, port: number): number => {
    const packet = new Uint8Array(64);
    const towards = direction === 'ingress' ? Towards.Endpoint : Towards.Away;
    packet.set(question.encode({ subject: SUBJECT, peer, direction: towards, protocol, port: hton16(port) }));
    const { data } = loaded.program.testRun({ data: packet });
    return new DataView(data.buffer, data.byteOffset).getUint32(ANSWER, littleEndian);
  };
  assert.equal(ask(301, 'ingress', 6, 80), NO_ENTRY, 'there is no policy of this identity yet');
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 4 }), (rules) => {
      const repository = new PolicyRepository();
      for (const identity of identities) repository.setIdentity(identity);
      repository.add(rules);
      const { entries } = repository.resolve(SUBJECT);
      using inner = createMap(policy);
      fill(inner, entries);
      outer.set({ identity: SUBJECT, set: 0 }, inner);
      const expected = new PolicyMap(entries);
      for (const peer of [301, 302, 999]) {
        for (const direction of ['ingress', 'egress'] as const) {
          for (const protocol of [1, 6, 17]) {
            for (const port of [0, 22, 80, 90, 444, 65535]) {
              const entry = expected.lookup(direction, peer, protocol, port);
              const cookie = entry ? entries.indexOf(entry) + 1 : NO_ENTRY;
              const told = `${direction} ${peer} ${protocol}/${port}`;
              assert.equal(ask(peer, direction, protocol, port), cookie, told);
            }
          }
        }
      }
    }),
    { numRuns: 40 },
  );
});
