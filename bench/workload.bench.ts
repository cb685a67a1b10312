import { execFileSync, spawnSync } from 'node:child_process';
import { Network, NetworkNamespace } from '@waggle/kernel';
import {
  connectEndpoint,
  GATEWAY,
  PairRemoval,
  routeToEndpoint,
} from '../packages/agent/src/workload/index.ts';
import { benchmark } from './support/benchmark.ts';
import { compare, cpuTime, median, wallTime } from './support/measure.ts';

const ROUNDS = 40;
const MANY = 100;
const names = { host: `wgb-${process.pid}-host`, pod: `wgb-${process.pid}-pod` };
const addresses = { ipv4: '10.9.0.2', ipv6: 'fd09::2' };

/** The same by `ip`, which cannot do it in fewer than two processes; it leaves out what sysctl would have to do. */
const ON_HOST = `link add lxc1 address ${GATEWAY.mac} mtu 1500 type veth peer name eth0 netns ${names.pod}
  link set lxc1 up
  route replace ${addresses.ipv4}/32 dev lxc1
  route replace ${addresses.ipv6}/128 dev lxc1`;
const IN_POD = `link set lo up
  link set eth0 up
  addr add ${addresses.ipv4}/32 dev eth0
  neigh replace ${GATEWAY.ipv4} dev eth0 lladdr ${GATEWAY.mac}
  route add ${GATEWAY.ipv4}/32 dev eth0 scope link
  route add default via ${GATEWAY.ipv4} dev eth0
  addr add ${addresses.ipv6}/128 dev eth0 nodad
  neigh replace ${GATEWAY.ipv6} dev eth0 lladdr ${GATEWAY.mac} router
  route add default via ${GATEWAY.ipv6} dev eth0`;

function connectByIp(): void {
  execFileSync('ip', ['-n', names.host, '-batch', '-'], { input: ON_HOST });
  execFileSync('ip', ['-n', names.pod, '-batch', '-'], { input: IN_POD });
}

await benchmark(
  {
    name: 'workload',
    about: `The network of an endpoint, in a namespace that is there: a veth pair, addresses, routes and neighbours of both
      families, settings. It has 5 ms of the 25 ms in which an endpoint is to be ready (in CPU time: others may use this machine, too). Pairs are removed on another
      thread; what the event loop waits for is little.`,
    twin: 'ip',
  },
  async ({ row, note }) => {
    const hasIp = spawnSync('ip', ['-V']).error === undefined;
    if (!hasIp) note('There is no ip command, so there is nothing to compare with.');
    using host = NetworkNamespace.create(names.host);
    using pod = NetworkNamespace.create(names.pod);
    try {
      using network = Network.open(host);
      const connect = () => {
        const pair = connectEndpoint({ host, namespace: pod, hostName: 'lxc1', addresses });
        const { hostName: name, hostIndex: index, mac } = pair;
        routeToEndpoint({ host, network, name, index, mac, addresses });
      };
      const connecting = (body: () => void) => () => {
        const time = wallTime(body);
        network.links.delete('lxc1');
        return time;
      };
      const compared = compare(ROUNDS, connecting(connect), hasIp ? connecting(connectByIp) : undefined);
      row({ what: 'connect', unit: 'time', ...compared });
      const inCpuTime = compare(ROUNDS, () => {
        const time = cpuTime(connect);
        network.links.delete('lxc1');
        return time;
      });
      row({ what: 'connect, in CPU time', unit: 'time', ...inCpuTime, goal: { atMost: 5e6 } });

      const removal = new PairRemoval(host, (problem) => {
        throw problem;
      });
      const times: { begun: number; gone: number }[] = [];
      for (let round = 0; round < 5; round++) {
        const pairs = Array.from({ length: MANY }, (_, index) =>
          connectEndpoint({
            host,
            namespace: pod,
            hostName: `lxc${index}`,
            containerName: `eth${index}`,
            addresses: {},
          }),
        );
        const start = performance.now();
        for (const { hostName, hostIndex } of pairs)
          removal.remove({ name: hostName, index: hostIndex }, addresses);
        const begun = performance.now() - start;
        await removal.settle();
        times.push({ begun, gone: performance.now() - start });
      }
      await removal.close();
      const perPair = (time: 'begun' | 'gone') => (median(times.map((each) => each[time])) * 1e6) / MANY;
      row({ what: `begin to remove one of ${MANY}`, unit: 'time', ours: perPair('begun') });
      row({ what: `remove one of ${MANY}, until it is gone`, unit: 'time', ours: perPair('gone') });
    } finally {
      for (const name of Object.values(names)) NetworkNamespace.delete(name);
    }
  },
);
