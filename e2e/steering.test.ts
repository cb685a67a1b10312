/**
 * Socket steering as a user meets it: the commands of `waggle steer`, and servers that know nothing of it. The first test is the
 * whole story of one echo server on ports 7, 77 and 777.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Link, NetworkNamespace } from '@waggle/kernel';
import { needsRoot, uniqueName, withBpffs } from '../packages/kernel/src/testing/lab.ts';
import { SteeringLab } from './support/steering-lab.ts';

// The hooks of the compiler have to be there before the first program is imported.
await import('@waggle/compiler/register');
const { run } = await import('../packages/cli/src/run.ts');

const bpftool = spawnSync('bpftool', ['version']).status === 0;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `body` in a lab with a bpf file system of its own; `steer` runs a command there. */
async function inLab(
  body: (lab: SteeringLab, steer: (...args: string[]) => Promise<Outcome>, bpffs: string) => Promise<void>,
): Promise<void> {
  await withBpffs(async (bpffs) => {
    using lab = new SteeringLab();
    await body(
      lab,
      async (...args) => {
        let [stdout, stderr] = ['', ''];
        const place = ['--netns', lab.namespace.name ?? '', '--bpffs', bpffs];
        const code = await run(['steer', ...args, ...place], {
          stdout: { write: (text: string) => (stdout += text) },
          stderr: { write: (text: string) => (stderr += text) },
        });
        return { code, stdout, stderr };
      },
      bpffs,
    );
    assert.ok(!readdirSync(bpffs).includes('waggle-steering'), 'nothing is left in the bpf file system');
  });
}

/** The output of a command that must succeed. */
async function output(outcome: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  assert.equal(code, 0, stderr);
  return stdout;
}

test('one echo server on ports 7, 77 and 777', { skip: needsRoot, timeout: 60_000 }, () =>
  inLab(async (lab, steer, bpffs) => {
    const server = await lab.serve('echo', 7777);
    for (const port of [7, 77, 777]) assert.equal(await lab.connect(port), 'ECONNREFUSED');

    assert.match(await output(steer('load')), /^loaded program \d+ /);
    for (const port of ['7', '77', '777']) await output(steer('bind', 'echo', 'tcp', '127.0.0.0/8', port));
    const registered = await output(
      steer('register-pid', String(server.pid), 'echo', 'tcp', '0.0.0.0', '7777'),
    );
    assert.match(registered, /echo +tcp4 +sk:[0-9a-f]+ +1 +alive/);
    for (const port of [7, 77, 777]) assert.equal(await lab.connect(port), 'echo: hi');
    assert.equal(await lab.connect(778), 'ECONNREFUSED');

    const [status] = JSON.parse(await output(steer('status', '-o', 'json')));
    const { lookups, hits, misses, dropped } = status;
    assert.deepEqual({ lookups, hits, misses, dropped }, { lookups: 3, hits: 3, misses: 0, dropped: 0 });
    assert.deepEqual(
      status.bindings.map((binding: { port: string; lookups: number }) => [binding.port, binding.lookups]),
      [
        ['7', 1],
        ['77', 1],
        ['777', 1],
      ],
    );

    // What bpftool sees is the same.
    if (bpftool) {
      const pin = join(bpffs, 'waggle-steering', String(lab.namespace.inode));
      const link = JSON.parse(
        execFileSync('bpftool', ['-j', 'link', 'show', 'pinned', join(pin, 'link')], { encoding: 'utf8' }),
      );
      assert.equal(link.attach_type, 'sk_lookup');
      assert.equal(link.netns_ino, lab.namespace.inode);
      const dump = JSON.parse(
        execFileSync('bpftool', ['-j', 'map', 'dump', 'pinned', join(pin, 'targets')], { encoding: 'utf8' }),
      );
      assert.equal(dump.length, 3);
    }

    // The server dies: new connections are refused, and counted.
    assert.equal(await lab.keep(7), 'echo: hi');
    const second = await lab.serve('second', 8888);
    server.kill('SIGKILL');
    while (server.signalCode === null) await setTimeout(10);
    assert.equal(await lab.connect(7), 'ECONNREFUSED');
    assert.match(await output(steer('status')), /echo +tcp4 +sk:[0-9a-f]+ +1 +dead/);
    // Another one takes over.
    await output(steer('register-pid', String(second.pid), 'echo', 'tcp', '0.0.0.0', '8888'));
    assert.equal(await lab.connect(77), 'second: hi');

    await output(steer('unload'));
    assert.equal(await lab.connect(77), 'ECONNREFUSED');
  }),
);

test(
  'traffic moves to another server without a refused connection',
  { skip: needsRoot, timeout: 60_000 },
  () =>
    inLab(async (lab, steer) => {
      const [first, second] = [await lab.serve('first', 1001), await lab.serve('second', 1002)];
      await output(steer('load'));
      await output(steer('bind', 'web', 'tcp', '127.0.0.1', '80'));
      await output(steer('register-pid', String(first.pid), 'web', 'tcp', '0.0.0.0', '1001'));
      assert.equal(await lab.keep(80), 'first: hi');
      const answers = lab.many(80, 1000);
      await output(steer('register-pid', String(second.pid), 'web', 'tcp', '0.0.0.0', '1002', '--replace'));
      await output(steer('upgrade'));
      const counts = await answers;
      assert.equal((counts['first: hi'] ?? 0) + (counts['second: hi'] ?? 0), 1000, JSON.stringify(counts));
      assert.equal(await lab.connect(80), 'second: hi');
      // Who was connected stays.
      assert.equal(await lab.again(0), 'first: hi');
      await output(steer('unload'));
    }),
);

test('weights, draining, UDP, IPv6 and ranges', { skip: needsRoot, timeout: 60_000 }, () =>
  inLab(async (lab, steer) => {
    const [four, six, heavy] = [
      await lab.serve('four', 1001),
      await lab.serve('six', 1002, '::'),
      await lab.serve('heavy', 1003),
    ];
    await output(steer('load'));
    await output(steer('bind', 'dns', 'udp', '127.0.0.0/8', '5000-5999'));
    await output(steer('bind', 'web', 'tcp', '::/0', '*'));
    await output(steer('bind', 'web', 'tcp', '127.0.0.0/8', '80'));
    await output(steer('register-pid', String(four.pid), 'dns', 'udp', '0.0.0.0', '1001'));
    await output(steer('register-pid', String(six.pid), 'web', 'tcp', '::', '1002'));
    assert.equal(await lab.datagram(5353), 'four: hi');
    assert.equal(await lab.connect(4711, '::1'), 'six: hi');
    // Sockets of IPv6 take IPv4, too.
    assert.equal(await lab.connect(80), 'six: hi');
    await output(steer('unregister', 'web'));
    assert.equal(await lab.connect(80), 'ECONNREFUSED');

    await output(steer('register-pid', String(four.pid), 'web', 'tcp', '0.0.0.0', '1001'));
    const added = await output(
      steer('register-pid', String(heavy.pid), 'web', 'tcp', '0.0.0.0', '1003', '--weight', '3'),
    );
    const counts = await lab.many(80, 400);
    const [light = 0, most = 0] = [counts['four: hi'], counts['heavy: hi']];
    assert.equal(light + most, 400);
    assert.ok(most > 240 && light > 50, JSON.stringify(counts));
    const [, cookie = ''] = /sk:([0-9a-f]+)/.exec(added) ?? [];
    assert.match(await output(steer('drain', 'web', cookie)), /draining/);
    assert.deepEqual(await lab.many(80, 50), { 'four: hi': 50 });
    await output(steer('unload'));
  }),
);

test('what happens without a socket is chosen for each binding', { skip: needsRoot, timeout: 60_000 }, () =>
  inLab(async (lab, steer) => {
    const server = await lab.serve('spare', 1001);
    await lab.serve('own', 80);
    await output(steer('load'));
    await output(steer('register-pid', String(server.pid), 'spare', 'tcp', '0.0.0.0', '1001'));
    await output(steer('bind', 'web', 'tcp', '127.0.0.1', '80', '--missing', 'pass'));
    assert.equal(await lab.connect(80), 'own: hi');
    await output(steer('unbind', 'web', 'tcp', '127.0.0.1', '80'));
    // A label that comes new has counted nothing, whoever had its number before.
    await output(steer('bind', 'new', 'tcp', '127.0.0.1', '81'));
    const [{ label, lookups }] = JSON.parse(await output(steer('status', 'new', '-o', 'json')));
    assert.deepEqual({ label, lookups }, { label: 'new', lookups: 0 });
    await output(steer('bind', 'web', 'tcp', '127.0.0.1', '80', '--missing', 'fallback:spare'));
    assert.equal(await lab.connect(80), 'spare: hi');
    await output(steer('unload'));
  }),
);

test('a file replaces all bindings, or none', { skip: needsRoot, timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-bindings-'));
  try {
    await inLab(async (lab, steer) => {
      const server = await lab.serve('web', 1001);
      const file = join(folder, 'bindings.yaml');
      await output(steer('load'));
      await output(steer('bind', 'web', 'tcp', '127.0.0.1', '81'));
      await output(steer('register-pid', String(server.pid), 'web', 'tcp', '0.0.0.0', '1001'));
      writeFileSync(
        file,
        'bindings:\n  - { label: web, protocol: tcp, prefix: 127.0.0.0/8, port: 80 }\n  - { label: web, protocol: tcp, prefix: 127.0.0.0/24, port: 8000-8999 }\n',
      );
      assert.match(
        await output(steer('load-bindings', file, '--dry-run')),
        /\+ web: tcp 127\.0\.0\.0\/8 80\n/,
      );
      assert.equal(await lab.connect(80), 'ECONNREFUSED');
      assert.match(await output(steer('load-bindings', file)), /2 added, 1 removed, 0 changed, 0 the same/);
      assert.equal(await lab.connect(80), 'web: hi');
      assert.equal(await lab.connect(8500), 'web: hi');
      assert.equal(await lab.connect(81), 'ECONNREFUSED');

      writeFileSync(
        file,
        'bindings:\n  - { label: web, protocol: tcp, prefix: 10.0.0.1/8, port: 80 }\n  - { label: web, protocol: tpc, prefix: 10.0.0.0/8, port: 99999 }\n  - { label: web, protcol: tcp, prefix: 10.0.0.0/8, port: 1 }\n',
      );
      const { code, stderr } = await steer('load-bindings', file);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /bindings\.yaml:2: 10\.0\.0\.1\/8 is not a network.*Did you mean 10\.0\.0\.0\/8\?/,
      );
      assert.match(stderr, /bindings\.yaml:3: .*Did you mean tcp\?/);
      assert.match(stderr, /bindings\.yaml:4: .*protcol/);
      assert.equal(await lab.connect(80), 'web: hi');
      await output(steer('unload'));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a namespace goes away, and another one may get its number', { skip: needsRoot, timeout: 60_000 }, () =>
  inLab(async (lab, steer, bpffs) => {
    const gone = NetworkNamespace.create(uniqueName());
    const { name = '', inode } = gone;
    const loaded = await run(['steer', 'load', '--netns', name, '--bpffs', bpffs], {
      stdout: { write: () => true },
      stderr: { write: () => true },
    });
    assert.equal(loaded, 0);
    const left = join(bpffs, 'waggle-steering', String(inode));
    gone.remove();
    let stderr = '';
    const code = await run(['steer', 'status', '--netns', name, '--bpffs', bpffs], {
      stdout: { write: () => true },
      stderr: { write: (text: string) => (stderr += text) },
    });
    assert.equal(code, 1);
    assert.match(stderr, /open network namespace "\w+": ENOENT/);
    // The kernel takes a namespace apart at its leisure.
    using link = Link.openPinned(join(left, 'link'));
    const isDead = (): boolean => {
      const { target } = link.info();
      return target.kind === 'namespace' && target.inode === 0;
    };
    for (let waited = 0; !isDead() && waited < 20_000; waited += 20) await setTimeout(20);
    // As if this namespace had got the number of the other one.
    renameSync(left, join(bpffs, 'waggle-steering', String(lab.namespace.inode)));
    assert.match((await steer('status')).stderr, /no steering is loaded in namespace/);
    await output(steer('load'));
    await output(steer('bind', 'web', 'tcp', '127.0.0.1', '80'));
    assert.match(await output(steer('status')), /web/);
    await output(steer('unload'));
  }),
);

test('mistakes are told, and change nothing', { skip: needsRoot, timeout: 60_000 }, () =>
  inLab(async (lab, steer, bpffs) => {
    const fails = async (pattern: RegExp, ...args: string[]): Promise<void> => {
      const { code, stderr } = await steer(...args);
      assert.notEqual(code, 0);
      assert.match(stderr, pattern);
    };
    await fails(/no steering is loaded.*waggle steer load/, 'bindings');
    const server = await lab.serve('web', 1001);
    await output(steer('load'));
    await fails(/is loaded in namespace \d+ already/, 'load');
    await output(steer('bind', 'web', 'tcp', '10.0.0.0/8', '80'));
    await fails(
      /tcp 10\.0\.0\.0\/8 80 is bound to "web" already/,
      'bind',
      'other',
      'tcp',
      '10.0.0.0/8',
      '80',
    );
    await fails(/Did you mean 10\.0\.0\.0\/8\?/, 'bind', 'web', 'tcp', '10.1.0.0/8', '81');
    await fails(
      /no label "wbe".*Did you mean "web"\?/,
      'bind',
      'x',
      'tcp',
      '::/0',
      '80',
      '--missing',
      'fallback:wbe',
    );
    await fails(/It is bound to "web"/, 'unbind', 'other', 'tcp', '10.0.0.0/8', '80');
    await fails(/there is no label "nobody"/, 'unregister', 'nobody');
    await fails(/there is no label "nobody"/, 'drain', 'nobody', 'abc');
    await fails(/there is no label "nobody"/, 'label', 'nobody', '--forget');
    await fails(
      /there is no user "ruut" in \/etc\/passwd|Did you mean "root"\?/,
      'label',
      'x',
      '--owner',
      'ruut',
    );
    await fails(/"0755" is no mode for a label.*0660/, 'label', 'x', '--mode', '0755');
    await fails(/"-x" is no name for a label|unknown option/, 'label', '-x');
    const half = join(bpffs, '..', `waggle-half-${process.pid}.json`);
    writeFileSync(half, '{ "bindings": [{ "label": "web", "protocol": "tcp", "prefix": "11.0.0.0/8", "po');
    await fails(/waggle-half-\d+\.json:1: /, 'load-bindings', half).finally(() => rmSync(half));
    await fails(/cannot be read/, 'load-bindings', half);
    await fails(
      /It listens on tcp 0\.0\.0\.0:1001/,
      'register-pid',
      String(server.pid),
      'web',
      'tcp',
      '0.0.0.0',
      '9',
    );
    await fails(/process 4194303/, 'register-pid', '4194303', 'web', 'tcp', '0.0.0.0', '9');
    await fails(/no sockets were passed/, 'register', 'web');
    await fails(/there is no label "wbe".*Did you mean "web"\?/, 'status', 'wbe');
    await fails(/A cookie is hexadecimal/, 'drain', 'web', 'nonsense');
    const bindings = JSON.parse(await output(steer('bindings', '-o', 'json')));
    assert.equal(bindings.length, 1);
    await output(steer('unload'));
  }),
);
