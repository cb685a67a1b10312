/** `waggle agent` from its start to `waggle cleanup`, on a host of its own. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { NetworkNamespace } from '@waggle/kernel';
import { needsRoot, uniqueName } from '../../kernel/src/testing/lab.ts';
import { waggle } from './testing/capture.ts';

const skip = needsRoot || (existsSync('/sys/fs/bpf') ? false : 'needs /sys/fs/bpf');

describe('waggle agent', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-agent-'));
  const pins = `/sys/fs/bpf/${uniqueName()}`;
  const socket = join(folder, 'run', 'agent.sock');
  const places = ['--state-dir', join(folder, 'state'), '--run-dir', join(folder, 'run'), '--pins', pins];
  after(() => rmSync(folder, { recursive: true, force: true }));
  const made = () =>
    waggle('agent', ...places, '--dry-run').then(
      ({ stdout }) => /waggle-[0-9a-f]{8}/.exec(stdout)?.[0] ?? '',
    );
  const isThere = (name: string) => NetworkNamespace.list().some((namespace) => namespace.name === name);

  test('a dry run says where it would work, and does nothing', async () => {
    const { stdout, status } = await waggle('agent', ...places, '--dry-run');
    assert.equal(status, 0);
    assert.match(stdout, /^waggle agent will\n {2}make +network namespace waggle-/);
    assert.ok(stdout.includes(pins));
    assert.ok(!existsSync(join(folder, 'state')) && !existsSync(pins));
    assert.ok(!isThere(await made()));
  });

  test('serves until it is asked to end, keeps what it made, and cleanup removes it', async () => {
    const running = waggle('agent', ...places, '--log-level', 'warn');
    try {
      const { stdout, stderr, status } = await waggle('status', '--wait', '60s', '--socket', socket);
      assert.equal(status, 0, stdout + stderr);
      assert.match(stdout, /all is well/);
      const second = await waggle('agent', ...places);
      assert.equal(second.status, 1);
      assert.match(second.stderr, /another agent runs/);
      const early = await waggle('cleanup', ...places);
      assert.equal(early.status, 1);
      assert.match(early.stderr, /another agent runs/);
    } finally {
      process.emit('SIGTERM');
    }
    assert.equal((await running).status, 0);
    assert.ok(existsSync(pins));
    const name = await made();
    assert.ok(isThere(name));

    const preview = await waggle('cleanup', ...places, '--state', '--dry-run');
    assert.match(preview.stdout, /^would be removed:\nWHAT +WHERE\nprogram or map +\/sys\/fs\/bpf\//);
    assert.ok(existsSync(pins));
    const { stdout, status } = await waggle('cleanup', ...places, '--state');
    assert.equal(status, 0);
    assert.equal(stdout, preview.stdout.replace('would be removed', 'removed'));
    assert.ok(!existsSync(pins) && !existsSync(join(folder, 'state')) && !isThere(name));
    assert.equal((await waggle('cleanup', ...places)).stdout, 'there is nothing of waggle here\n');
  });

  test('what cannot be is refused before anything is done', async () => {
    const refused = async (...args: string[]) => (await waggle('agent', ...places, ...args)).stderr;
    assert.match(
      await refused('--ipv4-pool', 'all'),
      /the command line: ipv4-pool is neither an IPv4 prefix/,
    );
    assert.match(await refused('--netns', uniqueName()), /waggle: /);
    assert.match(await refused('--enforcement', 'sometimes'), /'sometimes' is invalid/);
    assert.ok(!existsSync(pins));
  });
});
