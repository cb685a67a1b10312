/** Published ports on real packets: what the world sends to the host's address gets to an endpoint, which sees who has sent it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import type { Question } from './support/talk.ts';

await import('@waggle/compiler/register');
const { DatapathLab } = await import('./support/datapath-lab.ts');

type Lab = InstanceType<typeof DatapathLab>;
const IDENTITY = 300;
const HOST_PORT = 8080;
const PORT = 80;
const BOTH = (['TCP', 'UDP'] as const).map((protocol) => ({ protocol, hostPort: HOST_PORT, port: PORT }));

/** The same question by both protocols to both addresses of the host. */
const everyWay = (lab: Lab, more: Partial<Question> = {}): Question[] =>
  Object.values(lab.hostAddress).flatMap((address) => [
    { protocol: 'tcp', address, port: HOST_PORT, ...more },
    { protocol: 'udp', address, port: HOST_PORT, ...more },
  ]);

const addressesOf = (peers: readonly string[]): string[] =>
  [...new Set(peers.map((peer) => peer.split(' ')[0] ?? ''))].sort();

/** A lab with an endpoint that serves and has published its port. */
async function openLab(masquerade: boolean) {
  const lab = new DatapathLab();
  lab.open(IDENTITY);
  const endpoint = lab.endpoint(IDENTITY);
  lab.uplink(masquerade ? {} : { masquerade: false });
  const peers = await lab.serve(endpoint.namespace, PORT);
  const publish = (ports = BOTH): void => {
    lab.host.run(() => {
      lab.datapath.publish(endpoint.device, ports);
    });
  };
  return { lab, endpoint, peers, publish };
}

for (const masquerade of [true, false]) {
  test(`the world reaches a published port, ${masquerade ? 'with' : 'without'} masquerading`, {
    skip: needsRoot,
  }, async () => {
    const { lab, endpoint, peers, publish } = await openLab(masquerade);
    using _lab = lab;
    publish();
    assert.deepEqual(await lab.ask(lab.world, ...everyWay(lab)), Array(4).fill('answered'));
    assert.deepEqual(addressesOf(peers), Object.values(lab.worldAddress).sort(), 'it sees who it is');
    const pieces: Question = { protocol: 'udp', address: lab.hostAddress.ipv4, port: HOST_PORT, bytes: 5000 };
    assert.deepEqual(await lab.ask(lab.world, pieces), ['answered'], 'in pieces, too');
    const own = everyWay(lab, { port: PORT }).map((question, index) => ({
      ...question,
      address: index < 2 ? endpoint.ipv4 : endpoint.ipv6,
    }));
    assert.deepEqual(
      await lab.ask(lab.world, ...own),
      Array(4).fill('answered'),
      'under its own address as well',
    );
    publish([]);
    assert.deepEqual([...lab.datapath.published()], []);
    const outcomes = await lab.ask(lab.world, ...everyWay(lab));
    assert.deepEqual(outcomes, Array(4).fill('refused'), 'it is the host again');
  });
}
