/** Prints the connections of the network namespace that it runs in: node --import tsx --import @waggle/compiler/register main.ts */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { attachTracing, loadDeclared } from '@waggle/kernel';
import { events, logger } from './logger.bpf.ts';

const namespace = statSync('/proc/self/ns/net').ino;
const text = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

using loaded = loadDeclared(logger, { config: { settings: { namespace } } });
using link = attachTracing(loaded.program);
using reader = loaded.map(events).read((event) => {
  const { local, localPort, remote, remotePort, opened, command } = event;
  console.log(
    `${text(local)}:${localPort} ${text(remote)}:${remotePort} ${opened ? 'opened' : 'closed'} (${command})`,
  );
});
console.log(`${loaded.program.object} is attached, link ${link.info().id}`);
await once(process, 'SIGTERM');
console.log(`${reader.records} records`);
