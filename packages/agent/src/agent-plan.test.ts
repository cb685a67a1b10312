import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { needsRoot, uniqueName } from '../../kernel/src/testing/lab.ts';
import { planAgent } from './agent-plan.ts';
import { type AgentOptionsInput, parseAgentOptions } from './options.ts';

const STATE = `/nowhere/${uniqueName()}`;
const plan = (options: AgentOptionsInput) =>
  planAgent(parseAgentOptions({ 'state-dir': STATE, ...options })).map(
    ({ what, where }) => `${what} ${where}`,
  );

describe('what an agent would do', { skip: needsRoot }, () => {
  const lab = NetworkNamespace.create(uniqueName());
  after(() => lab.remove());
  const inLab = { netns: `/run/netns/${lab.name}`, 'ipv6-pool': 'none' };

  test('without a place is to make one of its own, which it does not do yet', () => {
    const [first, ...kept] = plan({});
    assert.match(first ?? '', /^make network namespace waggle-[0-9a-f]{8}, and work there/);
    assert.deepEqual(kept, [
      'keep maps and programs in /sys/fs/bpf/waggle',
      `keep state in ${STATE}`,
      'serve at /run/waggle/agent.sock',
      'serve flows at /run/waggle/hubble.sock',
    ]);
    const name = /waggle-[0-9a-f]{8}/.exec(first ?? '')?.[0];
    assert.ok(!NetworkNamespace.list().some((each) => each.name === name));
  });

  test('on a device says what it attaches to and which parameters it changes, and changes nothing', () => {
    using network = Network.open(lab);
    network.links.create({ kind: 'veth', name: 'up0', up: true, peer: { name: 'peer0' } });
    const first = plan({ ...inLab, device: ['up0'] });
    assert.deepEqual(first.slice(0, 3), [
      `work in network namespace ${inLab.netns}`,
      'attach to device up0',
      'change kernel parameter net/ipv4/conf/up0/forwarding from 0 to 1',
    ]);
    assert.deepEqual(plan({ ...inLab, device: ['up0'] }), first);
  });

  test('says of a device with the only default route that somebody has to confirm', () => {
    using network = Network.open(lab);
    network.addresses.add('up0', '198.51.100.1/24');
    network.routes.add({ destination: '0.0.0.0/0', via: '198.51.100.2', device: 'up0' });
    const asked = (options: AgentOptionsInput) => plan({ ...inLab, device: ['up0'], ...options })[1];
    assert.equal(
      asked({}),
      'attach to device up0, which has the only default route: undone after 30 s unless confirmed',
    );
    assert.equal(asked({ yes: true }), 'attach to device up0');
  });

  test('a device that is not there is an error', () => {
    assert.throws(() => plan({ ...inLab, device: ['up7'] }), /The host has no device up7\. It has lo, /);
  });
});
