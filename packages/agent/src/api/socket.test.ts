/** The socket as a file: who may open it, what is replaced, what is not. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createPlainServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { listenOn } from './socket.ts';

let directory: string;
let path: string;
const servers: Server[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waggle-socket-'));
  path = join(directory, 'agent.sock');
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(directory, { recursive: true, force: true });
});

const newServer = (): Server => {
  const server = createServer();
  servers.push(server);
  return server;
};

/** What an agent leaves that was killed: a socket on which nobody listens. */
async function leaveStaleSocket(at: string): Promise<void> {
  const server = createPlainServer();
  const made = `${at}.made`;
  await new Promise<void>((resolve) => server.listen(made, resolve));
  renameSync(made, at);
  await new Promise((resolve) => server.close(resolve));
  assert.ok(statSync(at).isSocket());
}

describe('the socket', () => {
  it('is for owner and group alone, whatever the umask, and leaves nothing else behind', async () => {
    for (const umask of [0o000, 0o077]) {
      const before = process.umask(umask);
      try {
        const remove = await listenOn(newServer(), path);
        assert.equal(statSync(path).mode & 0o7777, 0o660);
        assert.deepEqual(readdirSync(directory), ['agent.sock']);
        remove();
        assert.deepEqual(readdirSync(directory), []);
      } finally {
        process.umask(before);
      }
    }
  });

  it('belongs to the group that is asked for', {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, async () => {
    await listenOn(newServer(), path, 4242);
    assert.deepEqual([statSync(path).uid, statSync(path).gid], [0, 4242]);
  });

  it('makes its directory', async () => {
    path = join(directory, 'run', 'waggle', 'agent.sock');
    await listenOn(newServer(), path);
    assert.ok(statSync(path).isSocket());
  });

  it('replaces what a dead agent has left', async () => {
    await leaveStaleSocket(path);
    const { ino } = statSync(path);
    await listenOn(newServer(), path);
    assert.notEqual(statSync(path).ino, ino);
    assert.deepEqual(readdirSync(directory), ['agent.sock']);
  });

  it('is refused while another agent listens, and that one keeps it', async () => {
    await listenOn(newServer(), path);
    const { ino } = statSync(path);
    const second = newServer();
    await assert.rejects(listenOn(second, path), {
      code: 'EXISTS',
      message: /^Another agent runs: it answers at .*agent\.sock\. End it first/,
    });
    assert.equal(second.listening, false);
    assert.equal(statSync(path).ino, ino);
    assert.deepEqual(readdirSync(directory), ['agent.sock']);
  });

  it('goes to one of several that start at once, with or without a stale one', async () => {
    for (const stale of [false, true]) {
      rmSync(path, { force: true });
      if (stale) await leaveStaleSocket(path);
      const starts = await Promise.allSettled(Array.from({ length: 8 }, () => listenOn(newServer(), path)));
      const winners = starts.filter(({ status }) => status === 'fulfilled');
      assert.equal(winners.length, 1, `stale: ${stale}`);
      for (const server of servers.splice(0)) server.close();
    }
  });

  it('never takes away what is no socket', async () => {
    writeFileSync(path, 'mine');
    await assert.rejects(listenOn(newServer(), path), {
      code: 'EXISTS',
      message: /is there, and is no socket/,
    });
    rmSync(path);
    mkdirSync(path);
    await assert.rejects(listenOn(newServer(), path), { code: 'EXISTS' });
  });

  it('never takes away the socket of an agent that came later', async () => {
    const remove = await listenOn(newServer(), path);
    rmSync(path);
    await listenOn(newServer(), path);
    remove();
    assert.ok(statSync(path).isSocket());
  });

  it('says so when its path is too long', async () => {
    const long = join(directory, 'x'.repeat(108));
    await assert.rejects(listenOn(newServer(), long), {
      code: 'OUT_OF_RANGE',
      message: /Choose a shorter one/,
    });
    assert.deepEqual(readdirSync(directory), []);
  });

  it('says so when a symbolic link leads nowhere', async () => {
    symlinkSync(join(directory, 'nowhere'), path);
    await assert.rejects(listenOn(newServer(), path), { code: 'EXISTS' });
  });
});
