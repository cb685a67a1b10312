/** Prints each second what has arrived at a device since the start: `main.ts DEVICE`. Ctrl-C ends it. */
import { setInterval } from 'node:timers/promises';
import { attachXdp, loadDeclared } from '@waggle/kernel';
import { countPackets, NOT_IP, traffic } from './packet-counter.bpf.ts';

const names = new Map([
  [0, 'IPv6 options'],
  [1, 'ICMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [58, 'ICMPv6'],
  [NOT_IP, 'not IP'],
]);

const [device] = process.argv.slice(2);
if (!device) throw new Error('usage: main.ts DEVICE');
using loaded = loadDeclared(countPackets);
using _link = attachXdp(loaded.program, device);
const counters = loaded.map(traffic);
console.log(`counting what arrives at ${device}`);

for await (const _ of setInterval(1000)) {
  console.clear();
  console.log(`${'protocol'.padEnd(14)}${'packets'.padStart(10)}${'bytes'.padStart(14)}`);
  for (const [protocol, cpus] of counters) {
    const packets = cpus.reduce((sum, each) => sum + each.packets, 0n);
    const bytes = cpus.reduce((sum, each) => sum + each.bytes, 0n);
    const name = names.get(protocol) ?? `protocol ${protocol}`;
    if (packets > 0n)
      console.log(`${name.padEnd(14)}${String(packets).padStart(10)}${String(bytes).padStart(14)}`);
  }
}
