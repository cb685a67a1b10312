import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Cgroup, NetworkNamespace } from '@waggle/kernel';
import { needsRoot, uniqueName } from '../../../kernel/src/testing/lab.ts';
import { containersOfCgroup, processOfContainer } from './containers.ts';
import { openPlace } from './open-place.ts';

const newId = (): string => randomBytes(32).toString('hex');

describe('container ids in control groups', () => {
  const id = newId();
  for (const [runtime, path] of [
    ['docker, by systemd', `/system.slice/docker-${id}.scope`],
    ['docker, by itself', `/docker/${id}`],
    ['podman', `/machine.slice/libpod-${id}.scope/container`],
    ['containerd', `/kubepods.slice/kubepods-pod1f.slice/cri-containerd-${id}.scope`],
    ['CRI-O', `/kubepods/besteffort/pod2a/crio-${id}`],
    ['nerdctl', `/default/${id}`],
  ] as const) {
    test(`are found as ${runtime} writes them`, () => {
      assert.deepEqual(containersOfCgroup(`0::${path}\n`), [id]);
      assert.deepEqual(containersOfCgroup(`12:pids:${path}\n0::/\n`), [id]);
    });
  }

  test('are told from what looks alike', () => {
    assert.deepEqual(containersOfCgroup(`0::/user.slice/${id}0\n`), []);
    assert.deepEqual(containersOfCgroup(`0::/user.slice/${id.slice(1)}\n`), []);
    assert.deepEqual(containersOfCgroup('0::/user.slice/session-1.scope\n'), []);
    const inner = newId();
    assert.deepEqual(containersOfCgroup(`0::/docker/${id}/docker/${inner}\n`), [id, inner]);
  });
});

describe('the process of a container', () => {
  const proc = mkdtempSync(join(tmpdir(), 'waggle-proc-'));
  after(() => rmSync(proc, { recursive: true }));
  const addProcess = (pid: number, container: string, started: number) => {
    mkdirSync(join(proc, String(pid)));
    writeFileSync(join(proc, String(pid), 'cgroup'), `0::/docker/${container}\n`);
    const before = Array.from({ length: 18 }, () => 0).join(' ');
    writeFileSync(join(proc, String(pid), 'stat'), `${pid} (a) name) S ${before} ${started} 0 0\n`);
  };
  const [first, second] = [`abcdef012345${newId().slice(12)}`, `abcdef01234f${newId().slice(12)}`];
  addProcess(30, first, 500);
  addProcess(31, first, 100);
  addProcess(20, second, 900);

  test('is the one that was started first', () => {
    assert.equal(processOfContainer(first, proc), 31);
    assert.equal(processOfContainer(first.slice(0, 12), proc), 31);
    assert.equal(processOfContainer(second, proc), 20);
  });

  test('is asked for by enough of its id', () => {
    const twin = `${first.slice(0, 20)}${newId().slice(20)}`;
    addProcess(40, twin, 1);
    const ambiguous = { code: 'MALFORMED', message: /2 containers have ids that begin with abcdef/ };
    assert.throws(() => processOfContainer(first.slice(0, 20), proc), ambiguous);
    assert.equal(processOfContainer(twin, proc), 40);
    for (const wrong of ['web', 'abcdef01234', `${first}0`, 'ABCDEF012345']) {
      assert.throws(() => processOfContainer(wrong, proc), {
        code: 'MALFORMED',
        message: /not the id of a container/,
      });
    }
    assert.throws(() => processOfContainer(newId(), proc), { code: 'NOT_FOUND', message: /Is it running/ });
  });
});

describe('the namespace of a workload', { skip: needsRoot }, () => {
  const children: ChildProcess[] = [];
  const groups: Cgroup[] = [];
  const namespace = needsRoot === false ? NetworkNamespace.create(uniqueName()) : undefined;
  const host = needsRoot === false ? NetworkNamespace.create(uniqueName()) : undefined;
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    for (const group of groups) group.remove();
    namespace?.remove();
    host?.remove();
  });
  if (namespace === undefined || host === undefined) return;
  const startProcess = (): number => {
    const child = namespace.spawn('sleep', ['60'], { stdio: 'ignore' });
    children.push(child);
    return child.pid ?? 0;
  };

  test('is opened by its path, by a process, and by a container', () => {
    const pid = startProcess();
    const container = newId();
    const group = Cgroup.create(`${uniqueName()}-${container}.scope`);
    groups.push(group);
    group.addProcess(pid);
    for (const place of [{ path: `/run/netns/${namespace.name}` }, { pid }, { container }]) {
      using opened = openPlace(place, host);
      assert.equal(opened.inode, namespace.inode);
    }
  });

  test('is not that of the host, also where a container has it', () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    children.push(child);
    const container = newId();
    const group = Cgroup.create(`docker-${container}.scope`);
    groups.push(group);
    group.addProcess(child.pid ?? 0);
    assert.throws(() => openPlace({ container }, host), {
      code: 'DENIED',
      message: new RegExp(`container ${container} has the network of the host`),
    });
    assert.throws(() => openPlace({ path: `/run/netns/${host.name}` }, host), { code: 'DENIED' });
  });
});
