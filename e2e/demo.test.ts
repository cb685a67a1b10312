/** The demo for real: it does what it says, ends with 1 where it does not, and leaves nothing behind, however it ends. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, test } from 'node:test';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { BuiltWaggle, builtWaggle, needsBuild } from './support/built-waggle.ts';

/** What is there of demos, by its names. */
const left = (): string[] =>
  ['/run', '/run/netns', '/sys/fs/bpf'].flatMap((directory) =>
    readdirSync(directory).filter((name) => name.startsWith('waggle-demo-')),
  );

/** Processes that play in the demo of another one. */
function playing(demo: number | undefined): { pid: number; part: string }[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (Number(parent) !== demo) return [];
      return [{ pid: Number(pid), part: words[words.indexOf('--play') + 1] ?? '' }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

/** The lab that a demo plays in. */
const labOf = (told: string): string => /waggle-demo-\d+/.exec(told)?.[0] ?? 'none';

describe('the demo', { skip: needsRoot || needsBuild }, () => {
  const before = left();
  afterEach(() => assert.deepEqual(left(), before, 'nothing is left behind'));

  test('tells its story, is kept if that is wanted, and can be played with', async () => {
    const { stdout, stderr, child } = await builtWaggle('demo', '--keep');
    const name = labOf(stdout);
    const socket = `/run/${name}/agent.sock`;
    try {
      assert.equal(stderr, '');
      assert.equal(child.exitCode, 0, stdout);
      for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
      assert.match(stdout, /✓ xwing is dropped +no answer within 1 s/);
      assert.match(stdout, /✓ the connection is cut +silence: /);
      assert.match(stdout, /All \d+ expectations were met/);
      const trace = ['policy', 'trace', '--from', 'xwing', '--to', 'deathstar', '--port', '8080/TCP'];
      const denied = await builtWaggle(...trace, '--socket', socket);
      assert.match(denied.stdout, /^DENIED {2}xwing to deathstar/, denied.stderr);
    } finally {
      const cleaned = await builtWaggle('demo', '--clean', name);
      assert.equal(cleaned.stdout, `removed ${name}\n`);
    }
  });

  test('says so when something goes otherwise, ends with 1, and cleans up', async () => {
    const demo = new BuiltWaggle(['demo']);
    await demo.written(/No policy: everybody may land/);
    const deathstar = playing(demo.child.pid).find(({ part }) => part === 'deathstar');
    assert.ok(deathstar);
    process.kill(deathstar.pid, 'SIGKILL');
    const { code } = await demo.end();
    assert.equal(code, 1, demo.stdout);
    assert.match(demo.stdout, /✗ \w+ lands +not so: /);
    for (const what of ['processes', 'network devices', 'network namespaces', 'pinned maps and links']) {
      assert.match(demo.stdout, new RegExp(`✓ no ${what} +none`));
    }
    assert.match(demo.stdout, /\n✗ \d of \d+ expectations were not met/);
  });

  test('cleans up when it is interrupted', async () => {
    const demo = new BuiltWaggle(['demo']);
    await demo.written(/Three endpoints/);
    demo.child.kill('SIGINT');
    assert.deepEqual(await demo.end(), { code: null, signal: 'SIGINT' });
    assert.equal(demo.stderr, '');
    assert.deepEqual(playing(demo.child.pid), []);
  });

  test('that was killed is cleaned up later, one that is playing is left alone', async () => {
    const demo = new BuiltWaggle(['demo']);
    await demo.written(/No policy/);
    const name = labOf(demo.stdout);
    const early = await builtWaggle('demo', '--clean', name);
    assert.equal(early.stdout, `${name} is being played: left alone\n`);
    demo.child.kill('SIGKILL');
    await demo.end();
    const cleaned = await builtWaggle('demo', '--clean', name);
    assert.equal(cleaned.stdout, `removed ${name}\n`);
  });
});
