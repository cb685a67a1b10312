/** Enforcement, on a kernel that is not one: what is put there, what is refused, and what is ended afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { PolicyRepository, parseLabel, parsePolicies } from '@waggle/policy';
import { Controllers } from '../controllers.ts';
import { IdentityTable } from '../identities/identity-table.ts';
import { Enforcer, type ForcedPolicy } from './enforcer.ts';

/** A kernel that refuses the policies of some identities. */
function lab() {
  const repository = new PolicyRepository();
  const identities = new IdentityTable(repository);
  const policies = new Map<number, ForcedPolicy['entries']>();
  const peers = new Map<string, number>();
  const refused = new Set<number>();
  const prepared: number[] = [];
  const controllers = new Controllers();
  const enforcer = new Enforcer(repository, {
    identities,
    controllers,
    hostAddresses: () => ['198.51.100.1'],
    audit: () => false,
    target: {
      peers: () => peers,
      prepare: async (identity) => void prepared.push(identity),
      apply: (change) => {
        const bad = change.policies.find(({ identity }) => refused.has(identity));
        if (bad) throw new Error(`no room for ${bad.identity}`);
        for (const { identity, entries } of change.policies) policies.set(identity, entries);
        for (const { prefix, identity } of change.peers) {
          if (identity === null) peers.delete(prefix);
          else peers.set(prefix, identity);
        }
      },
    },
  });
  const endpoint = (id: number, app: string) => {
    const identity = identities.acquire(id, [parseLabel(`k8s:app=${app}`)]).id;
    enforcer.keep(identity);
    return identity;
  };
  const rules = (text: string) => repository.replace([], parsePolicies(text).rules);
  const close = () => {
    enforcer.close();
    controllers.close();
  };
  return { repository, identities, policies, peers, refused, prepared, enforcer, endpoint, rules, close };
}

const fromCidr = (cidr: string) =>
  `[{ endpointSelector: { matchLabels: { app: web } }, ingress: [{ fromCIDR: ["${cidr}"] }] }]`;
const byProxy = `[{ endpointSelector: { matchLabels: { app: web } }, ingress: [
  { toPorts: [{ ports: [{ port: "80", protocol: TCP }], rules: { http: [{ path: "/" }] } }] }] }]`;

test('what will be kept soon is prepared once, and not in force before', async () => {
  const { enforcer, identities, prepared, policies, close } = lab();
  const { id } = identities.acquire(1, [parseLabel('k8s:app=web')]);
  const soon = enforcer.keepSoon(id);
  enforcer.enforce();
  assert.equal(policies.has(id), false);
  await soon;
  enforcer.enforce();
  assert.equal(policies.has(id), true);
  await enforcer.keepSoon(id);
  assert.deepEqual(prepared, [id]);
  close();
});

test('what is refused for one identity holds up no other, and is tried again', async () => {
  const { enforcer, endpoint, refused, policies, close } = lab();
  const [web, db] = [endpoint(1, 'web'), endpoint(2, 'db')];
  refused.add(web);
  enforcer.enforce();
  assert.deepEqual([policies.has(web), policies.has(db)], [false, true]);
  assert.match(enforcer.realised(web).error ?? '', /no room/);
  assert.equal(enforcer.realised(db).error, undefined);
  refused.clear();
  await setTimeout(300);
  assert.ok(policies.has(web), 'without anybody asking for it');
  assert.equal(enforcer.realised(web).error, undefined);
  close();
});

test('everybody is at the revision that is in force, also whom nothing was done for', () => {
  const { enforcer, endpoint, rules, repository, close } = lab();
  const [web, db] = [endpoint(1, 'web'), endpoint(2, 'db')];
  enforcer.enforce();
  const before = enforcer.realised(db).revision;
  rules(fromCidr('203.0.113.0/24'));
  enforcer.enforce();
  assert.ok(enforcer.realised(db).revision > before);
  assert.equal(enforcer.realised(db).revision, repository.revision);
  assert.deepEqual(enforcer.realised(web).enforced, { ingress: true, egress: false });
  close();
});

test('a CIDR that no rule names any more is forgotten afterwards, and not before', async () => {
  const { enforcer, endpoint, rules, peers, identities, close } = lab();
  endpoint(1, 'web');
  rules(fromCidr('203.0.113.0/24'));
  enforcer.enforce();
  rules(fromCidr('192.0.0.0/24'));
  enforcer.enforce();
  assert.deepEqual([...peers.keys()].sort(), ['192.0.0.0/24', '198.51.100.1/32', '203.0.113.0/24']);
  await setTimeout(200);
  assert.deepEqual([...peers.keys()].sort(), ['192.0.0.0/24', '198.51.100.1/32']);
  assert.deepEqual([...identities.cidrs().keys()], ['192.0.0.0/24']);
  close();
});

test('what a proxy would have to see is denied, and known to be', () => {
  const { enforcer, endpoint, rules, policies, close } = lab();
  const [web, db] = [endpoint(1, 'web'), endpoint(2, 'db')];
  rules(byProxy);
  enforcer.enforce();
  const redirected = policies.get(web)?.find(({ port }) => port === 80);
  assert.equal(redirected?.action, 'deny');
  assert.deepEqual([enforcer.needsProxy(web), enforcer.needsProxy(db)], [true, false]);
  close();
});
