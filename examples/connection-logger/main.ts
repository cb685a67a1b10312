/** Prints the connections of the network namespace that it runs in: node --import tsx --import @waggle/compiler/register main.ts */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { attachTracing, formatIpv4, loadDeclared } from '@waggle/kernel';
import { events, logger } from './logger.bpf.ts';

const namespace = statSync('/proc/self/ns/net').ino;

using loaded = loadDeclared(logger, { config: { settings: { namespace } } });
using link = attachTracing(loaded.program);
using reader = loaded.map(events).read(({ local, localPort, remote, remotePort, opened, command }) => {
  const ends = `${formatIpv4(local)}:${localPort} ${formatIpv4(remote)}:${remotePort}`;
  console.log(`${ends} ${opened ? 'opened' : 'closed'} (${command})`);
});
console.log(`${loaded.program.object} is attached, link ${link.info().id}`);
await once(process, 'SIGTERM');
console.log(`${reader.records} records`);
