import { Network, NetworkNamespace } from '@waggle/kernel';
import { uniqueName } from '../packages/kernel/src/testing/lab.ts';
import { benchmark } from './support/benchmark.ts';
import { allowedPair } from './support/lab-endpoints.ts';
import { inTurn, median, spreadOf } from './support/measure.ts';
import { type Ends, missingTools, NamespaceTraffic } from './support/namespace-traffic.ts';

await import('@waggle/compiler/register');
const { DatapathLab } = await import('../e2e/support/datapath-lab.ts');

/** Many short rounds, for what else the machine does comes and goes by the second. */
const ROUNDS = 21;
const TRIPS = 4000;
const THROUGHPUT_ROUNDS = 7;
const SECONDS = 1;

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
      between, in turn. Round trips: one byte there and back, both ends on one CPU, medians of ${ROUNDS} rounds of ${TRIPS}.
      Throughput: iperf3, one connection, medians of ${THROUGHPUT_ROUNDS} rounds of ${SECONDS} s.`,
    twin: 'bare veth',
  },
  async ({ row, note }) => {
    const missing = missingTools('cc', 'iperf3');
    if (missing !== undefined) return note(`Skipped. ${missing}`);
    using traffic = new NamespaceTraffic();
    using lab = new DatapathLab({ maxConnections: 65_536 });
    using bare = bareWire();
    const ours = allowedPair(lab);
    for (const { to } of [ours, bare]) await traffic.serve(to, { throughput: true });
    const trips = await inTurn(
      ROUNDS,
      async () => 1e9 / (await traffic.roundTrip(ours, TRIPS)),
      async () => 1e9 / (await traffic.roundTrip(bare, TRIPS)),
    );
    row({
      what: 'round trips of TCP',
      unit: 'rate',
      ours: median(trips.ours),
      twin: median(trips.twin),
      goal: { share: 0.9 },
    });
    note(`Round trips: ${spreadOf(trips)}.`);
    const bits = await inTurn(
      THROUGHPUT_ROUNDS,
      () => traffic.throughput(ours, SECONDS),
      () => traffic.throughput(bare, SECONDS),
    );
    row({
      what: 'throughput of TCP (iperf3)',
      unit: 'bits',
      ours: median(bits.ours),
      twin: median(bits.twin),
      goal: { share: 0.95 },
    });
    note(`Throughput: ${spreadOf(bits)}.`);
  },
);
