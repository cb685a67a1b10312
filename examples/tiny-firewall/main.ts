/** Guards a device: `main.ts DEVICE PORT…`, with the TCP ports that are open. Reads other rules while it runs. */
import { createInterface } from 'node:readline';
import { attachXdp, formatIpv4, loadDeclared, parseIpv4 } from '@waggle/kernel';
import { blocked, firewall, open } from './tiny-firewall.bpf.ts';

const [device, ...initial] = process.argv.slice(2);
if (!device) throw new Error('usage: main.ts DEVICE PORT…');
using loaded = loadDeclared(firewall);
const [networks, ports] = [loaded.map(blocked), loaded.map(open)];
for (const port of initial) ports.set(Number(port), { packets: 0n });
using _link = attachXdp(loaded.program, device);
console.log(`guarding ${device}; say block or unblock NETWORK, open or close PORT, show`);

for await (const line of createInterface({ input: process.stdin })) {
  const [command, rule = ''] = line.split(' ');
  const [address = '', length = 32] = rule.split('/');
  const network = () => ({ prefixLength: Number(length), address: parseIpv4(address) });
  try {
    if (command === 'block') networks.set(network(), { packets: 0n });
    else if (command === 'unblock') networks.delete(network());
    else if (command === 'open') ports.set(Number(rule), { packets: 0n });
    else if (command === 'close') ports.delete(Number(rule));
  } catch (error) {
    console.log(`${error}`);
  }
  for (const [{ address, prefixLength }, { packets }] of networks)
    console.log(`${formatIpv4(address)}/${prefixLength} is blocked: ${packets} packets dropped`);
  for (const [port, { packets }] of ports) console.log(`port ${port} is open: ${packets} connections`);
}
