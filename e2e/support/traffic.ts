/** Packets as bytes, and a process that has programs run on them all the time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type NetworkNamespace, parseIpv4, parseMac } from '@waggle/kernel';
import type { HammerTarget } from './hammer.ts';
import { scriptArguments } from './script.ts';

/** A UDP datagram of 8 bytes between two addresses, as an endpoint sends it. */
export function datagram(source: string, destination: string, port: number): string {
  const packet = new Uint8Array(50);
  const view = new DataView(packet.buffer);
  packet.set(parseMac('02:77:61:67:67:01'), 0);
  packet.set(parseMac('02:00:00:00:00:01'), 6);
  packet.set([8, 0, 0x45, 0, 0, 36, 0, 0, 0, 0, 64, 17], 12);
  view.setUint32(26, parseIpv4(source));
  view.setUint32(30, parseIpv4(destination));
  view.setUint16(34, 40000);
  view.setUint16(36, port);
  view.setUint16(38, 16);
  return Buffer.from(packet).toString('hex');
}

/** A process at work. */
export interface Hammer {
  /** Ends it. @returns how often each program ran. */
  stop(): Promise<number[]>;
}

/** Has programs run all the time, in the namespace of their devices; see hammer.ts. */
export async function hammer(
  namespace: NetworkNamespace,
  ...targets: readonly HammerTarget[]
): Promise<Hammer> {
  const child = namespace.run(() =>
    spawn(process.execPath, [...scriptArguments('hammer'), JSON.stringify(targets)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  );
  await once(child, 'message');
  return {
    async stop() {
      child.send('stop');
      const [runs] = await once(child, 'message');
      return runs;
    },
  };
}
