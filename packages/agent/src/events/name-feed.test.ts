import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NameChange } from '@waggle/flows';
import { type Identity, PolicyRepository, parseLabel, parsePolicies } from '@waggle/policy';
import { flowAgentEvent } from './flow-agent-event.ts';
import { NameFeed } from './name-feed.ts';

const POLICY = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: api, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: web } }
  ingress:
    - fromEntities: [all]`;

test('names are told once, and what has changed', async () => {
  const repository = new PolicyRepository();
  let endpoints = [
    { id: 1, name: 'web', identity: 300, addresses: { ipv4: '10.0.0.1' }, device: undefined },
    {
      ...{ id: 2, name: 'api', identity: 301, addresses: {} },
      device: { interfaceName: 'lxc2', interfaceIndex: 9 },
    },
  ];
  let identities: Identity[] = [{ id: 300, labels: [parseLabel('k8s:app=web')] }];
  const told: NameChange[][] = [];
  using feed = new NameFeed(
    {
      endpoints: () => endpoints,
      devices: () => [{ name: 'eth0', index: 2 }],
      identities: () => identities,
      rules: () => repository.elements(),
    },
    (changes) => told.push(changes),
  );
  const [web, api] = [
    { id: 1, name: 'web', identity: 300, addresses: ['10.0.0.1'] },
    { id: 2, name: 'api', identity: 301, addresses: [], device: { index: 9, name: 'lxc2' } },
  ];
  assert.deepEqual(told.splice(0), [
    [
      { table: 'endpoint', key: 1, value: web },
      { table: 'endpoint', key: 2, value: api },
      { table: 'identity', key: 300, value: ['k8s:app=web'] },
      { table: 'device', key: 2, value: 'eth0' },
    ],
  ]);
  feed.compare();
  assert.equal(told.length, 0, 'nothing has changed');
  feed.tellAgain();
  assert.equal(told.splice(0).flat().length, 4, 'to somebody who knows nothing, everything');

  endpoints = endpoints.slice(0, 1).map((each) => ({ ...each, identity: 301 }));
  identities = [];
  repository.add(parsePolicies(POLICY, { file: 'api.yaml' }).rules);
  feed.changed();
  feed.changed();
  await nextTurn();
  const policy = { name: 'api', kind: 'CiliumNetworkPolicy', namespace: 'shop', file: 'api.yaml', line: 8 };
  assert.equal(told.length, 1);
  const [endpoint, gone, identity, rule, ...rest] = told.flat();
  assert.deepEqual(
    [endpoint, gone, identity, rest],
    [
      { table: 'endpoint', key: 1, value: { ...web, identity: 301 } },
      { table: 'endpoint', key: 2, value: null },
      { table: 'identity', key: 300, value: null },
      [],
    ],
  );
  assert.ok(rule?.table === 'rule' && rule.value);
  const { labels, ...named } = rule.value.policy;
  assert.deepEqual([named, rule.value.direction], [policy, 'ingress']);
  assert.ok(labels.length > 0);
});

test('what the agent does, as flows tell it', () => {
  const labelsOf = (identity: number) => (identity === 300 ? ['k8s:app=web'] : []);
  const told = (event: Parameters<typeof flowAgentEvent>[0]) => {
    const { time, ...rest } = flowAgentEvent(event, labelsOf);
    assert.ok(time > 1_700_000_000_000_000_000n);
    return rest;
  };
  const message = 'm';
  assert.deepEqual(told({ event: 'endpoint-created', message, endpoint: 7, name: 'web', identity: 300 }), {
    ...{ kind: 'agent-event', event: 'endpoint-created', message },
    endpoint: { id: 7, name: 'web', labels: ['k8s:app=web'] },
  });
  assert.deepEqual(told({ event: 'policy-updated', message, revision: 4, rules: 2, added: 1 }), {
    ...{ kind: 'agent-event', event: 'policy-updated', message },
    policy: { revision: 4, rules: 2, labels: [] },
  });
  assert.deepEqual(told({ event: 'started', message, endpoints: 3 }), {
    ...{ kind: 'agent-event', event: 'started', message },
  });
});
