/**
 * The connection logger of examples/, in a network namespace with nothing but a loopback device: it sees both ends of the
 * connections there, and nothing of the rest of the machine.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

const root = new URL('..', import.meta.url).pathname;
const flags = ['--import', 'tsx', '--import', '@waggle/compiler/register'];
const PORT = 8080;

/** Serves and makes a few connections, one after the other, and prints the ports of the clients. */
const traffic = `
  const net = require('node:net');
  const server = net.createServer((socket) => socket.end('hello')).listen(${PORT}, '127.0.0.1', async () => {
    for (let count = 0; count < 3; count++) {
      const client = net.connect({ host: '127.0.0.1', port: ${PORT} });
      client.once('connect', () => console.log(client.localPort)).resume();
      await new Promise((resolve) => client.once('close', resolve));
    }
    process.exit();
  });`;

/** The lines that a process prints, until one of them says that it is enough. */
async function lines(child: ChildProcess, enough: (lines: readonly string[]) => boolean): Promise<string[]> {
  const found: string[] = [];
  if (!child.stdout) throw new Error('its output goes elsewhere');
  for await (const line of createInterface(child.stdout)) {
    found.push(line);
    if (enough(found)) break;
  }
  return found;
}

test('both ends of every connection of the namespace are logged', { skip: needsRoot }, async () => {
  using namespace = NetworkNamespace.createAnonymous();
  using network = Network.open(namespace);
  network.links.set('lo', { up: true });
  const logger = namespace.spawn(process.execPath, [...flags, 'examples/connection-logger/main.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [ready] = await lines(logger, (found) => found.length === 1);
    assert.match(ready ?? '', /^program "logger" is attached, link \d+$/);
    // A connection of the machine outside of the namespace.
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const outside = connect((server.address() as AddressInfo).port, '127.0.0.1').resume();
    await once(outside, 'close');
    server.close();

    const logged = lines(logger, (found) => found.filter((line) => line.includes(' closed ')).length === 6);
    const talking = namespace.spawn(process.execPath, ['-e', traffic], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ports = await lines(talking, (found) => found.length === 3);
    const ends = ports.flatMap((port) => [
      `127.0.0.1:${port} 127.0.0.1:${PORT}`,
      `127.0.0.1:${PORT} 127.0.0.1:${port}`,
    ]);
    const expected = ends.flatMap((pair) => [`${pair} opened (node)`, `${pair} closed (node)`]);
    assert.deepEqual((await logged).sort(), expected.sort());
  } finally {
    logger.kill();
  }
});
