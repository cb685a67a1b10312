/** Two network namespaces joined by a veth pair, for tests that need packets; gone afterwards. */
import { once } from 'node:events';
import { writeSysctl } from '../host/sysctl.ts';
import { NetworkNamespace } from '../net/namespace.ts';
import { Network } from '../net/network.ts';

/** Two hosts on a wire: `left` has 10.9.0.1/24 on `veth0`, `right` 10.9.0.2/24 on `veth0`. */
export interface Wire {
  readonly left: NetworkNamespace;
  readonly right: NetworkNamespace;
}

/**
 * Runs `body` with two namespaces joined by a veth pair. Nothing moves on the wire by itself: there is no IPv6, and
 * both ends know each other's MAC address.
 */
export async function withWire<T>(body: (wire: Wire) => T | Promise<T>): Promise<T> {
  using left = NetworkNamespace.createAnonymous();
  using right = NetworkNamespace.createAnonymous();
  using onLeft = Network.open(left);
  using onRight = Network.open(right);
  for (const side of [left, right]) side.run(() => writeSysctl('net.ipv6.conf.default.disable_ipv6', 1));
  onLeft.links.create({ kind: 'veth', name: 'veth0', peer: { name: 'veth0', namespace: right } });
  for (const [network, other, address, neighbour] of [
    [onLeft, onRight, '10.9.0.1', '10.9.0.2'],
    [onRight, onLeft, '10.9.0.2', '10.9.0.1'],
  ] as const) {
    network.links.set('lo', { up: true });
    network.links.set('veth0', { up: true });
    network.addresses.add('veth0', `${address}/24`);
    const { mac } = other.links.get('veth0');
    network.neighbours.add({ device: 'veth0', address: neighbour, mac: mac ?? '' });
  }
  return await body({ left, right });
}

/** Runs JavaScript in a process of its own in a namespace; resolves with what it printed, rejects when it fails. */
export async function runScript(namespace: NetworkNamespace, script: string): Promise<string> {
  const child = namespace.spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = text(child.stdout);
  const problems = text(child.stderr);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the script ended with ${code}: ${await problems}`);
  return (await output).trim();
}

const text = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
  let all = '';
  for await (const part of stream ?? []) all += part;
  return all;
};

/** Sends UDP datagrams from a namespace. */
export const sendDatagrams = (from: NetworkNamespace, address: string, port: number, count: number) =>
  runScript(
    from,
    `const socket = require('node:dgram').createSocket('udp4');
     let left = ${count};
     const send = () => left-- > 0 ? socket.send('hello', ${port}, '${address}', send) : socket.close();
     send();`,
  );
