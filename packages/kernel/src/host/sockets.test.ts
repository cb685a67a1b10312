import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { formatAddress } from '../net/addresses.ts';
import { needsRoot } from '../testing/lab.ts';
import { formatProcessSocket, listeningSockets, parseSocketTable, Socket } from './sockets.ts';

test('the sockets that a process waits with are found, and can be taken', { skip: needsRoot }, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const udp = createSocket('udp6').bind(0, '::1');
  await Promise.all([once(server, 'listening'), once(udp, 'listening')]);
  try {
    const { port } = server.address() as { port: number };
    const found = listeningSockets(process.pid);
    const tcp = found.find((socket) => socket.port === port);
    assert.ok(tcp);
    assert.equal(formatProcessSocket(tcp), `tcp 127.0.0.1:${port}`);
    assert.ok(found.some((socket) => formatProcessSocket(socket) === `udp [::1]:${udp.address().port}`));
    using own = Socket.ofProcess(process.pid, tcp.fd);
    const { cookie, ...info } = own.info();
    assert.deepEqual(info, { protocol: 'tcp', family: 4, dualStack: false, listening: true });
    using again = Socket.ofProcess(process.pid, tcp.fd);
    assert.equal(again.info().cookie, cookie);
  } finally {
    server.close();
    udp.close();
  }
});

test('what is not there is named', { skip: needsRoot }, () => {
  assert.throws(() => listeningSockets(4_194_303), { code: 'NOT_FOUND', message: /process 4194303/ });
  assert.throws(() => listeningSockets(-1), { code: 'OUT_OF_RANGE' });
  assert.throws(() => Socket.ofProcess(process.pid, 9999), { message: /descriptor 9999/ });
  const file = openSync('/dev/null', 'r');
  using taken = Socket.ofProcess(process.pid, file);
  closeSync(file);
  assert.throws(() => taken.info(), { code: 'INVALID', message: /It is no socket/ });
});

test('a table of the kernel is read', () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000 100 0 0 10 0
   1: garbage
   2: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000 101 0 67 2 0 0
`;
  const rows = parseSocketTable(text).map(({ address, remote, ...rest }) => ({
    address: formatAddress(address.bytes),
    remote: `${formatAddress(remote.address.bytes)} ${remote.port}`,
    ...rest,
  }));
  assert.deepEqual(rows, [
    { address: '127.0.0.1', remote: '0.0.0.0 0', port: 8080, state: 10, inode: '12345' },
    { address: '::1', remote: ':: 0', port: 53, state: 7, inode: '67' },
  ]);
});
