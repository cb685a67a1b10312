/**
 * Two hosts on a wire, both made by the library, and an XDP program that counts what arrives at one of them. Nothing
 * of it is left afterwards: namespaces, devices, program and map end with the objects that hold them.
 */
import { once } from 'node:events';
import { attachXdp, createMap, loadProgram, Network, NetworkNamespace } from '@waggle/kernel';
import { countByProtocol, NOT_IP, traffic } from './program.ts';

const names = new Map([
  [0, 'IPv6 options'],
  [1, 'ICMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [58, 'ICMPv6'],
  [NOT_IP, 'not IP (ARP)'],
]);

/** A bit of everything: datagrams to a closed port, which come back as ICMP errors, and a TCP connection. */
const client = `
  const socket = require('node:dgram').createSocket('udp4');
  for (let i = 0; i < 5; i++) socket.send('hello', 9, '10.9.0.1');
  const connection = require('node:net').connect(8080, '10.9.0.1', () => connection.end('hello'));
  connection.on('close', () => socket.close());`;
const server = `
  require('node:net').createServer((socket) => { socket.resume(); socket.on('end', () => process.exit()); })
    .listen(8080, '10.9.0.1', () => console.log('listening'));`;

async function count(): Promise<void> {
  using alice = NetworkNamespace.createAnonymous();
  using bob = NetworkNamespace.createAnonymous();
  connect(alice, bob);
  console.log('✓ two hosts, alice (10.9.0.1) and bob (10.9.0.2), joined by a veth pair');

  using counters = createMap(traffic);
  using program = loadProgram(countByProtocol, { maps: { traffic: counters } });
  const { translatedSize, jitedSize, verifiedInstructions } = program.info();
  console.log(
    `✓ an XDP program, verified (${verifiedInstructions} steps): ${translatedSize / 8} instructions, ${jitedSize} bytes of machine code`,
  );
  using link = bob.run(() => attachXdp(program, 'eth0'));
  console.log(`✓ attached to bob's eth0 (link ${link.info().id})`);

  const listening = alice.spawn(process.execPath, ['-e', server], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    if (listening.stdout) await once(listening.stdout, 'data');
    const talking = bob.spawn(process.execPath, ['-e', client], { stdio: 'inherit' });
    const [code] = await once(talking, 'exit');
    if (code !== 0) throw new Error(`bob's client ended with ${code}`);
  } finally {
    listening.kill();
  }
  console.log('✓ bob sent datagrams to a closed port of alice, and some text over TCP\n');

  console.log("What reached bob's eth0:\n");
  console.log('  protocol        packets    bytes');
  for (const [protocol, { packets, bytes }] of counters) {
    if (packets === 0n) continue;
    const name = names.get(protocol) ?? `protocol ${protocol}`;
    console.log(`  ${name.padEnd(14)} ${String(packets).padStart(8)} ${String(bytes).padStart(8)}`);
  }
}

/** Joins two namespaces: each gets an eth0 with an address. */
function connect(alice: NetworkNamespace, bob: NetworkNamespace): void {
  using network = Network.open(alice);
  network.links.create({ kind: 'veth', name: 'eth0', peer: { name: 'eth0', namespace: bob } });
  using other = Network.open(bob);
  for (const [side, address] of [
    [network, '10.9.0.1/24'],
    [other, '10.9.0.2/24'],
  ] as const) {
    side.links.set('lo', { up: true });
    side.links.set('eth0', { up: true });
    side.addresses.add('eth0', address);
  }
}

async function main(): Promise<void> {
  console.log(
    'waggle is being built from the ground up: this is its foundation at work, not yet the agent.\n',
  );
  await count();
  console.log('\n✓ all of it gone again: namespaces, devices, program and map');
}

main().catch((error: unknown) => {
  console.error(`waggle: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
