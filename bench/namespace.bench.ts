import { execFileSync, spawnSync } from 'node:child_process';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { benchmark } from './support/benchmark.ts';
import { compare, wallTime } from './support/measure.ts';

const ROUNDS = 15;
const host = `wgb-${process.pid}-host`;
const pod = `wgb-${process.pid}-pod`;

/** What a container needs: its namespace, a veth pair, an address at each end, a route in each direction. */
function connectPod(network: Network): void {
  const namespace = NetworkNamespace.create(pod);
  using inside = Network.open(namespace);
  network.links.create({ kind: 'veth', name: 'veth0', up: true, peer: { name: 'eth0', namespace } });
  inside.links.set('lo', { up: true });
  inside.links.set('eth0', { up: true });
  network.addresses.add('veth0', '10.9.0.1/32');
  inside.addresses.add('eth0', '10.9.0.2/32');
  network.routes.add({ destination: '10.9.0.2', device: 'veth0' });
  inside.routes.add({ destination: '10.9.0.1', device: 'eth0' });
  inside.routes.add({ destination: 'default', via: '10.9.0.1', device: 'eth0' });
  namespace.close();
}

const ON_HOST = `link add veth0 up type veth peer name eth0 netns ${pod}
  addr add 10.9.0.1/32 dev veth0
  route add 10.9.0.2 dev veth0`;
const IN_POD = `link set lo up
  link set eth0 up
  addr add 10.9.0.2/32 dev eth0
  route add 10.9.0.1 dev eth0
  route add default via 10.9.0.1 dev eth0`;

/** The same with three processes, the fewest that `ip` can do it with. */
function connectPodByIp(): void {
  execFileSync('ip', ['netns', 'add', pod]);
  execFileSync('ip', ['-n', host, '-batch', '-'], { input: ON_HOST });
  execFileSync('ip', ['-n', pod, '-batch', '-'], { input: IN_POD });
}

const deletePodByIp = () => execFileSync('ip', ['netns', 'delete', pod]);

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** The kernel takes a namespace apart after its deletion; what is measured next shall not run into that. */
function untilGone(network: Network): void {
  while (network.links.list({ kind: 'veth' }).length > 0) Atomics.wait(sleeper, 0, 0, 1);
}

await benchmark(
  {
    name: 'namespace',
    about: `A named namespace, joined to another by a veth pair that is up, with addresses at both ends and
      three routes: what has to happen when a container starts, on the clock on the wall. 15 ms are
      little beside what else a container's start takes.`,
    twin: 'ip',
  },
  ({ row, note }) => {
    const hasIp = spawnSync('ip', ['-V']).error === undefined;
    if (!hasIp) note('There is no ip command, so there is nothing to compare with.');
    const hostNamespace = NetworkNamespace.create(host);
    try {
      using network = Network.open(hostNamespace);
      const creation = (connect: () => void) => (): number => {
        const time = wallTime(connect);
        NetworkNamespace.delete(pod);
        untilGone(network);
        return time;
      };
      const deletion = (remove: () => void) => (): number => {
        connectPod(network);
        const time = wallTime(remove);
        untilGone(network);
        return time;
      };
      const connected = compare(
        ROUNDS,
        creation(() => connectPod(network)),
        hasIp ? creation(connectPodByIp) : undefined,
      );
      row({ what: 'create and connect', unit: 'time', ...connected, goal: { atMost: 15e6 } });
      const remove = () => NetworkNamespace.delete(pod);
      const deleted = compare(ROUNDS, deletion(remove), hasIp ? deletion(deletePodByIp) : undefined);
      row({ what: 'delete', unit: 'time', ...deleted });
      const gone = compare(
        ROUNDS,
        deletion(() => {
          remove();
          untilGone(network);
        }),
      );
      row({ what: 'delete, until the veth pair is gone', unit: 'time', ...gone });
    } finally {
      if (NetworkNamespace.list().some(({ name }) => name === pod)) NetworkNamespace.delete(pod);
      hostNamespace.remove();
    }
  },
);
