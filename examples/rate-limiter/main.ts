/** Limits what each address may send to a device: `main.ts DEVICE BYTES_PER_SECOND [BURST]`. Ctrl-C ends it. */
import { setInterval } from 'node:timers/promises';
import { attachTrafficControl, formatIpv4, loadDeclared } from '@waggle/kernel';
import { buckets, limit } from './rate-limiter.bpf.ts';

const [device, rate = '', burst = rate] = process.argv.slice(2);
if (!device || !rate) throw new Error('usage: main.ts DEVICE BYTES_PER_SECOND [BURST]');
const values = { bytesPerSecond: BigInt(rate), burst: BigInt(burst) };
using loaded = loadDeclared(limit, { config: { settings: values } });
using _link = attachTrafficControl(loaded.program, device, 'ingress');
const sources = loaded.map(buckets);
console.log(`each address may send ${rate} bytes a second to ${device}`);

for await (const _ of setInterval(1000)) {
  console.clear();
  console.log('source            bytes passed  bytes dropped');
  for (const [address, { passed, dropped }] of sources) {
    const source = formatIpv4(address).padEnd(16);
    console.log(`${source}${String(passed).padStart(14)}${String(dropped).padStart(15)}`);
  }
}
