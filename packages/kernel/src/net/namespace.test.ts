import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { needsRoot, uniqueName } from '../testing/lab.ts';
import { missing } from '../testing/namespaces.ts';
import { NetworkNamespace } from './namespace.ts';

function inode(): number {
  return fs.statSync('/proc/thread-self/ns/net').ino;
}

function devices(): string {
  return fs.readFileSync('/proc/thread-self/net/dev', 'utf8');
}

/** Runs a script in a process of its own, with this package's classes at hand; its output. */
function inProcess(script: string): { stdout: string; stderr: string; status: number | null } {
  const file = new URL('./namespace.ts', import.meta.url).href;
  const source = `import fs from 'node:fs';\nimport { NetworkNamespace } from ${JSON.stringify(file)};\n${script}`;
  const args = ['--conditions=source', '--import', 'tsx', '--input-type=module', '--eval', source];
  return spawnSync(process.execPath, args, { encoding: 'utf8', cwd: process.cwd() });
}

describe('network namespaces', { skip: needsRoot }, () => {
  const home = needsRoot === false ? inode() : 0;
  const created: NetworkNamespace[] = [];
  const create = () => {
    const namespace = NetworkNamespace.create(uniqueName());
    created.push(namespace);
    return namespace;
  };
  after(() => {
    for (const namespace of created) {
      if (!namespace.closed) namespace.remove();
    }
    assert.equal(inode(), home);
  });

  test('have a name that ip netns knows', { skip: missing('ip') }, () => {
    const namespace = create();
    const list = () => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n');
    assert.ok(list().some((line) => line.split(' ')[0] === namespace.name));
    assert.ok(
      NetworkNamespace.list().some(({ name, inode }) => name === namespace.name && inode === namespace.inode),
    );
    const seen = execFileSync(
      'ip',
      ['netns', 'exec', namespace.name ?? '', 'readlink', '/proc/self/ns/net'],
      { encoding: 'utf8' },
    );
    assert.equal(seen.trim(), `net:[${namespace.inode}]`);
    namespace.remove();
    assert.ok(!list().some((line) => line.split(' ')[0] === namespace.name));
    assert.equal(fs.existsSync(`/run/netns/${namespace.name}`), false);
  });

  test('that ip made are opened and deleted', { skip: missing('ip') }, () => {
    const name = uniqueName();
    execFileSync('ip', ['netns', 'add', name]);
    try {
      using namespace = NetworkNamespace.openByName(name);
      assert.notEqual(namespace.inode, home);
      assert.equal(namespace.name, name);
    } finally {
      NetworkNamespace.delete(name);
    }
    assert.equal(fs.existsSync(`/run/netns/${name}`), false);
  });

  test('a section runs inside and comes back, with its result or its error', () => {
    using namespace = NetworkNamespace.createAnonymous();
    assert.equal(namespace.run(inode), namespace.inode);
    assert.equal(inode(), home);
    assert.throws(
      () =>
        namespace.run(() => {
          throw new RangeError('mine');
        }),
      RangeError,
    );
    assert.equal(inode(), home);
    assert.match(namespace.run(devices), /^ *lo:/m);
    assert.doesNotMatch(namespace.run(devices), /eth0/);
  });

  test('sections may be nested', () => {
    using outer = NetworkNamespace.createAnonymous();
    using inner = NetworkNamespace.createAnonymous();
    const seen = outer.run(() => {
      const deep = inner.run(() => [inode(), outer.run(inode)]);
      return [...deep, inode()];
    });
    assert.deepEqual(seen, [inner.inode, outer.inode, outer.inode]);
    assert.equal(inode(), home);
  });

  test('an asynchronous section is refused, and says why', () => {
    using namespace = NetworkNamespace.createAnonymous();
    let started = false;
    const asynchronous = async () => {
      started = true;
    };
    // @ts-expect-error an asynchronous function is no section
    const run = () => namespace.run(asynchronous);
    assert.throws(run, { code: 'WRONG_TYPE', message: /what follows an await/ });
    assert.equal(started, false);
    // @ts-expect-error nor is a function that answers a promise
    const promising = () => namespace.run(() => Promise.reject(new Error('unseen')));
    assert.throws(promising, { code: 'WRONG_TYPE' });
    assert.equal(inode(), home);
  });

  test('a server that is made inside listens inside', async () => {
    const namespace = create();
    const server = createServer();
    namespace.run(() => {
      server.listen(0);
    });
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      const port = address.port.toString(16).toUpperCase().padStart(4, '0');
      const listens = () => fs.readFileSync('/proc/thread-self/net/tcp6', 'utf8').includes(`:${port} `);
      assert.equal(namespace.run(listens), true);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('a child process is started inside', async () => {
    using namespace = NetworkNamespace.createAnonymous();
    const child = namespace.spawn('readlink', ['/proc/self/ns/net'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const chunk of child.stdout ?? []) text += chunk;
    assert.equal(text.trim(), `net:[${namespace.inode}]`);
    assert.equal(inode(), home);
  });

  test('a process’s namespace is found by its id, and a socket’s by the socket', async () => {
    using namespace = NetworkNamespace.createAnonymous();
    const child = namespace.spawn('sleep', ['30'], { stdio: 'ignore' });
    try {
      using found = NetworkNamespace.openByPid(child.pid ?? 0);
      assert.equal(found.inode, namespace.inode);
      using byPath = NetworkNamespace.openPath(`/proc/${child.pid}/ns/net`);
      assert.equal(byPath.inode, namespace.inode);
    } finally {
      child.kill();
      await new Promise((resolve) => child.once('exit', resolve));
    }
    using current = NetworkNamespace.current();
    assert.equal(current.inode, home);
  });

  test('a worker has a namespace of its own, and a section moves it alone', async () => {
    const script = `
      import('tsx/esm/api').then(async ({ register }) => {
        register();
        const { NetworkNamespace } = await import(${JSON.stringify(new URL('./namespace.ts', import.meta.url).href)});
        const fs = await import('node:fs');
        const inode = () => fs.statSync('/proc/thread-self/ns/net').ino;
        const namespace = NetworkNamespace.createAnonymous();
        const inside = namespace.run(inode);
        require('node:worker_threads').parentPort.postMessage([inside === namespace.inode, inode()]);
      });`;
    const worker = new Worker(script, { eval: true, execArgv: ['--conditions=source'] });
    try {
      const message = await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      assert.deepEqual(message, [true, home]);
      assert.equal(inode(), home);
    } finally {
      await worker.terminate();
    }
  });

  test('no descriptor is left open', () => {
    const count = () => fs.readdirSync('/proc/self/fd').length;
    const before = count();
    for (let round = 0; round < 5; round++) {
      using namespace = NetworkNamespace.createAnonymous();
      using again = namespace.run(() => NetworkNamespace.current());
      assert.equal(again.inode, namespace.inode);
      assert.throws(() => NetworkNamespace.openPath('/dev/null'));
    }
    assert.equal(count(), before);
  });

  test('a thread that cannot come back says so, and refuses every further section', () => {
    // Without CAP_SYS_ADMIN the way back is barred.
    const { stdout, stderr } = inProcess(`
      const namespace = NetworkNamespace.createAnonymous();
      const codes = [];
      for (const section of [() => process.seteuid(65534), () => 0]) {
        try { namespace.run(section); } catch (error) { codes.push(error.code + ': ' + error.message); }
      }
      console.log(JSON.stringify(codes));`);
    assert.equal(stderr, '');
    const [first, second] = JSON.parse(stdout);
    assert.match(first, /^SYSTEM: return to the network namespace of before: EPERM .*end the process$/);
    assert.equal(second, first);
  });

  test('without privilege there is a clear error, and nothing left behind', () => {
    const name = uniqueName();
    const { stdout } = inProcess(`
      process.setegid(65534);
      process.seteuid(65534);
      for (const run of [() => NetworkNamespace.createAnonymous(), () => NetworkNamespace.create(${JSON.stringify(name)})]) {
        try { run(); } catch (error) { console.log(error.code, error.message); }
      }`);
    assert.match(stdout, /^DENIED create a network namespace: EPERM .*CAP_SYS_ADMIN$/m);
    assert.match(stdout, /^DENIED prepare directory \/run\/netns: E(PERM|ACCES) .*CAP_SYS_ADMIN$/m);
    assert.equal(fs.existsSync(`/run/netns/${name}`), false);
  });

  test('a taken name stays as it is', () => {
    const namespace = create();
    assert.throws(() => NetworkNamespace.create(namespace.name ?? ''), {
      code: 'EXISTS',
      message: `create network namespace "${namespace.name}": EEXIST (file already exists)`,
    });
    using again = NetworkNamespace.openByName(namespace.name ?? '');
    assert.equal(again.inode, namespace.inode);
  });

  test('a name of which only the file is left is deleted', () => {
    const name = uniqueName();
    create();
    fs.writeFileSync(`/run/netns/${name}`, '');
    assert.ok(!NetworkNamespace.list().some((entry) => entry.name === name));
    NetworkNamespace.delete(name);
    assert.equal(fs.existsSync(`/run/netns/${name}`), false);
  });

  test('what is not there, or is none, is a clear error', () => {
    const name = uniqueName();
    assert.throws(() => NetworkNamespace.openByName(name), {
      code: 'NOT_FOUND',
      message: new RegExp(`open network namespace "${name}": ENOENT`),
    });
    assert.throws(() => NetworkNamespace.delete(name), { code: 'NOT_FOUND' });
    assert.throws(() => NetworkNamespace.openByPid(0x3fffffff), { code: 'NOT_FOUND' });
    assert.throws(() => NetworkNamespace.openByPid(1.5), { code: 'OUT_OF_RANGE' });
    assert.throws(() => NetworkNamespace.openPath('/proc/self/ns/uts'), { code: 'WRONG_TYPE' });
    assert.throws(() => NetworkNamespace.openPath('/dev/null'), { code: 'WRONG_TYPE' });
    for (const bad of ['', '.', '..', 'a/b', 'a\0b', 'x'.repeat(256)]) {
      assert.throws(() => NetworkNamespace.create(bad), { code: 'MALFORMED' }, bad);
    }
    const closed = NetworkNamespace.createAnonymous();
    closed.close();
    closed.close();
    assert.throws(() => closed.run(() => 0), { code: 'CLOSED' });
    assert.equal(inode(), home);
  });
});
