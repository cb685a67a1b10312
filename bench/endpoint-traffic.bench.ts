import { Network, NetworkNamespace } from '@waggle/kernel';
import { uniqueName } from '../packages/kernel/src/testing/lab.ts';
import { benchmark } from './support/benchmark.ts';
import { compareTraffic, HOW } from './support/compare-traffic.ts';
import { allowedPair } from './support/lab-endpoints.ts';
import { type Ends, missingTools, NamespaceTraffic } from './support/namespace-traffic.ts';

await import('@waggle/compiler/register');
const { DatapathLab } = await import('../e2e/support/datapath-lab.ts');

/** Two namespaces on one veth pair, with no host in between. */
function bareWire(): Ends & Disposable {
  const [from, to] = [NetworkNamespace.create(uniqueName()), NetworkNamespace.create(uniqueName())];
  using near = Network.open(from);
  using far = Network.open(to);
  near.links.create({ kind: 'veth', name: 'eth0', up: true, peer: { name: 'eth0', namespace: to } });
  far.links.set('eth0', { up: true });
  near.addresses.add('eth0', '10.1.0.1/24');
  far.addresses.add('eth0', '10.1.0.2/24');
  return {
    from,
    to,
    address: '10.1.0.2',
    [Symbol.dispose]() {
      from.remove();
      to.remove();
    },
  };
}

await benchmark(
  {
    name: 'endpoint-traffic',
    about: `TCP between two endpoints of a host with policies of both, beside two namespaces on a bare veth pair with no host in
      between, in turn. ${HOW}`,
    twin: 'bare veth',
  },
  async (recorder) => {
    const missing = missingTools('cc', 'iperf3');
    if (missing !== undefined) return recorder.note(`Skipped. ${missing}`);
    using traffic = new NamespaceTraffic();
    using lab = new DatapathLab({ maxConnections: 65_536 });
    using bare = bareWire();
    const goals = { trips: 0.9, throughput: 0.95 };
    await compareTraffic(recorder, traffic, { ours: allowedPair(lab), twin: bare, goals });
  },
);
