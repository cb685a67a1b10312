/**
 * How sockets come to labels when nobody is root, and when systemd passes them: processes of their own, with the user and the
 * descriptors that they would have.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { listeningSockets, Socket } from '@waggle/kernel';
import type { Registry as RegistryType, Steering as SteeringType } from '@waggle/steering';
import { needsRoot, withBpffs } from '../packages/kernel/src/testing/lab.ts';
import {
  ActivatedSession,
  type Outcome,
  type Passed,
  type User,
  waggleCommand,
} from './support/activation.ts';
import { SteeringLab } from './support/steering-lab.ts';

await import('@waggle/compiler/register');
const { BindingStore, labelStatus, parseBinding, Registry, Steering } = await import('@waggle/steering');

const NOBODY: User = { uid: 65_534, gid: 65_534 };
const SOMEBODY: User = { uid: 65_533, gid: 65_533 };

const tcp = (port: number, name: string): Passed => ({ kind: 'tcp', port, name });

interface Place {
  readonly lab: SteeringLab;
  readonly steering: SteeringType;
  readonly registry: RegistryType;
  readonly bpffs: string;
}

/** Loads steering into a lab, with one binding of `www` to port 80. */
async function inPlace(body: (place: Place) => Promise<void>): Promise<void> {
  await withBpffs(async (bpffs) => {
    // As /sys/fs/bpf is where other users are let through.
    chmodSync(bpffs, 0o711);
    using lab = new SteeringLab();
    const where = { namespace: lab.namespace, bpffs };
    using steering = Steering.load(where);
    const store = new BindingStore(steering);
    store.add(parseBinding({ label: 'www', protocol: 'tcp', prefix: '127.0.0.0/8', port: '80' }));
    await body({ lab, steering, registry: new Registry(steering), bpffs });
    Steering.unload(where);
  });
}

/** `waggle steer` in a process with sockets, in the namespace of the lab. */
function session({ lab, bpffs }: Place, passed: readonly Passed[], user?: User) {
  const process = new ActivatedSession(lab.namespace, passed, user);
  return {
    steer: (...args: string[]): Promise<Outcome> => process.run('steer', ...args, '--bpffs', bpffs),
    [Symbol.dispose]: () => process[Symbol.dispose](),
  };
}

test(
  'the sockets that systemd passes are registered, all or none',
  { skip: needsRoot, timeout: 180_000 },
  () =>
    inPlace(async (place) => {
      const { lab, registry } = place;
      const passed = [
        tcp(1001, 'web'),
        tcp(1002, 'web'),
        tcp(1003, 'spare'),
        { kind: 'file', name: 'log' },
      ] as const;
      using activated = session(place, passed);
      const { steer } = activated;
      // The last of them is no socket: none comes in.
      const all = await steer('register', 'www');
      assert.equal(all.code, 1);
      assert.match(all.stderr, /descriptor 6: ENOTSOCK .*It is no socket/);
      assert.deepEqual(registry.list(), []);
      // Those of one name.
      const named = await steer('register', 'www', '--fdname', 'web');
      assert.equal(named.code, 0, named.stderr);
      assert.equal(named.stdout.match(/www +tcp4 +sk:[0-9a-f]+ +1 +alive/g)?.length, 2, named.stdout);
      const counts = await lab.many(80, 60);
      assert.equal((counts['1001: hi'] ?? 0) + (counts['1002: hi'] ?? 0), 60, JSON.stringify(counts));
      assert.ok(counts['1001: hi'] && counts['1002: hi'], JSON.stringify(counts));
      // One that takes the place of both.
      assert.equal((await steer('register', 'www', '--fdname', 'spare', '--replace')).code, 0);
      assert.deepEqual(await lab.many(80, 20), { '1003: hi': 20 });
      const misnamed = await steer('register', 'www', '--fdname', 'wbe');
      assert.match(
        misnamed.stderr,
        /none of the sockets that were passed is named "wbe"\. Did you mean "web"\?/,
      );
    }),
);

test('the kernel refuses one of several sockets: none stays', { skip: needsRoot, timeout: 180_000 }, () =>
  inPlace(async ({ lab, steering, registry }) => {
    const [first, second] = [await lab.serve('first', 1001), await lab.serve('second', 1002)];
    const socketOf = (pid: number): Socket =>
      Socket.ofProcess(pid, listeningSockets(pid).find(({ protocol }) => protocol === 'tcp')?.fd ?? -1);
    using one = socketOf(first.pid);
    using two = socketOf(second.pid);
    const info = two.info();
    // Tells what is right, and has a descriptor that is not.
    const refused: Socket = Object.create(two, { info: { value: () => info }, fd: { value: 0x7fff } });
    assert.throws(() => registry.register('www', [one, refused]), { code: 'SYSTEM', message: /EBADF/ });
    assert.deepEqual(registry.list(), []);
    assert.equal(await lab.connect(80), 'ECONNREFUSED');
    // A label that was made for them is gone again.
    assert.throws(() => registry.register('new', [one, refused]), { message: /EBADF/ });
    assert.deepEqual(
      labelStatus(steering).map(({ label }) => label),
      ['www'],
    );
    assert.throws(() => registry.register('www', [one, one]), { code: 'EXISTS' });
    assert.throws(() => registry.register('www', [one], { weight: 0 }), { code: 'OUT_OF_RANGE' });
    registry.register('www', [one, two]);
    assert.throws(() => registry.register('www', [one]), {
      code: 'EXISTS',
      message: /is registered with "www" already/,
    });
    assert.equal(registry.list().length, 2);
  }),
);

test('a label has an owner, who needs no capability', { skip: needsRoot, timeout: 180_000 }, (context) =>
  inPlace(async (place) => {
    const { lab, steering, registry } = place;
    using nobody = session(place, [tcp(1001, 'web')], NOBODY);
    using somebody = session(place, [tcp(1002, 'web')], SOMEBODY);
    const denied = await nobody.steer('register', 'www').catch((error: Error) => error.message);
    if (typeof denied === 'string') {
      // A checkout in a home directory is not for others to read.
      if (/EACCES|ERR_MODULE_NOT_FOUND/.test(denied))
        return context.skip('user 65534 may not read this checkout');
      throw new Error(denied);
    }
    assert.equal(denied.code, 1);
    assert.match(
      denied.stderr,
      /you may not register sockets with the label "www".*waggle steer label www --owner/,
    );
    const unknown = await nobody.steer('register', 'wwww');
    assert.match(
      unknown.stderr,
      /there is no label "wwww"\. Root makes one: waggle steer label wwww --owner USER/,
    );

    registry.declare('www', { ...NOBODY, mode: 0o600 });
    const granted = await nobody.steer('register', 'www');
    assert.equal(granted.code, 0, granted.stderr);
    assert.equal(await lab.connect(80), '1001: hi');
    assert.equal((await somebody.steer('register', 'www')).code, 1);
    // Bindings stay root's, and so do other labels.
    const root = /you may not open the steering of namespace \d+\. Run as root/;
    assert.match((await nobody.steer('bind', 'www', 'tcp', '::/0', '81')).stderr, root);
    assert.match((await nobody.steer('status')).stderr, root);
    assert.match((await nobody.steer('unload')).stderr, /EACCES|EPERM/);
    registry.declare('mine.too', { uid: 0, gid: SOMEBODY.gid, mode: 0o660 });
    assert.equal((await nobody.steer('register', 'mine.too')).code, 1);
    assert.equal((await somebody.steer('register', 'mine.too')).code, 0);

    const [, cookie = ''] = /sk:([0-9a-f]+)/.exec(granted.stdout) ?? [];
    const drained = await nobody.steer('drain', 'www', cookie);
    assert.match(drained.stdout, /draining/, drained.stderr);
    assert.equal((await nobody.steer('unregister', 'www')).code, 0);
    assert.equal(await lab.connect(80), 'ECONNREFUSED');
    // A label that was declared stays without anything; one that is not goes.
    new BindingStore(steering).replaceAll([]);
    registry.unregister('mine.too');
    const labels = () => labelStatus(steering).map(({ label }) => label);
    assert.deepEqual(labels(), ['mine.too', 'www']);
    registry.forget('www');
    assert.deepEqual(labels(), ['mine.too']);
    assert.match((await nobody.steer('register', 'www')).stderr, /there is no label "www"/);
    // Where the way to the pins is closed, that is said.
    chmodSync(place.bpffs, 0o700);
    assert.match((await somebody.steer('register', 'mine.too')).stderr, /lets nobody through/);
  }),
);

const activator = spawnSync('systemd-socket-activate', ['--version']).status === 0;
const noActivator = activator ? false : 'systemd-socket-activate is not installed';

test('systemd-socket-activate passes a socket', { skip: needsRoot || noActivator, timeout: 180_000 }, () =>
  inPlace(async ({ lab, bpffs }) => {
    const options = ['--bpffs', bpffs];
    const command = waggleCommand('steer', 'register', 'www', '--fdname', 'web', ...options);
    const args = ['--listen=127.0.0.1:1001', '--fdname=web', `--setenv=PATH=${process.env.PATH}`, ...command];
    const child = lab.namespace.run(() =>
      spawn('systemd-socket-activate', args, { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    while (!output.includes('Listening on')) await once(child.stderr, 'data');
    // The first connection starts the command.
    void lab.connect(1001);
    const [code] = await once(child, 'close');
    assert.equal(code, 0, output);
    assert.match(output, /www +tcp4 +sk:[0-9a-f]+ +1 +alive/);
  }),
);
