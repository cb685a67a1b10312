import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { after, describe, test } from 'node:test';
import { Cgroup } from './cgroup.ts';
import { findMount } from './mounts.ts';

const root = findMount('cgroup2')?.mountPoint;
const skip = process.getuid?.() !== 0 ? 'needs root' : root === undefined ? 'no cgroup v2 is mounted' : false;

describe('control groups', { skip }, () => {
  const name = `wgt-${process.pid}`;
  const children: ChildProcess[] = [];
  const sleeper = () => {
    const child = spawn('sleep', ['30'], { stdio: 'ignore' });
    children.push(child);
    assert.ok(child.pid);
    return child.pid;
  };
  after(async () => {
    for (const child of children) {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) {
        await new Promise((resolve) => child.once('exit', resolve));
      }
    }
    if (fs.existsSync(`${root}/${name}`)) Cgroup.open(name).remove();
  });
  const of = (pid: number) => /^0::(.*)$/m.exec(fs.readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];

  test('are created where the host has mounted them', () => {
    const group = Cgroup.create(`${name}/first`);
    assert.equal(group.directory, `${root}/${name}/first`);
    assert.equal(group.id, fs.statSync(group.directory, { bigint: true }).ino);
    assert.equal(fs.readlinkSync(`/proc/self/fd/${group.fd}`), group.directory);
    assert.throws(() => Cgroup.create(`${name}/first`), {
      code: 'EXISTS',
      message: `create control group "${name}/first": EEXIST (file already exists)`,
    });
    using again = Cgroup.open(`${name}/first`);
    assert.equal(again.id, group.id);
    group.remove();
    assert.equal(fs.existsSync(`${root}/${name}/first`), false);
    assert.throws(() => group.fd, { code: 'CLOSED' });
  });

  test('hold processes', () => {
    const group = Cgroup.create(`${name}/second`);
    const pid = sleeper();
    group.addProcess(pid);
    assert.deepEqual(group.processes(), [pid]);
    assert.equal(of(pid), `/${name}/second`);
    using found = Cgroup.ofProcess(pid);
    assert.equal(found.id, group.id);
    assert.equal(found.path, `${name}/second`);
    group.close();
  });

  test('are removed with those below, and their processes move up', () => {
    const group = Cgroup.create(`${name}/third`);
    using deep = Cgroup.create(`${name}/third/a/b`);
    const inside = sleeper();
    const below = sleeper();
    group.addProcess(inside);
    deep.addProcess(below);
    group.remove();
    assert.equal(fs.existsSync(`${root}/${name}/third`), false);
    assert.deepEqual([of(inside), of(below)], [`/${name}`, `/${name}`]);
    using parent = Cgroup.open(name);
    assert.deepEqual(parent.processes().sort(), [inside, below].sort());
  });

  test('the root cannot be removed', () => {
    using group = Cgroup.root();
    assert.equal(group.directory, root);
    assert.throws(() => group.remove(), { code: 'INVALID' });
  });

  test('mistakes are clear errors', () => {
    assert.throws(() => Cgroup.open(`${name}/nowhere`), {
      code: 'NOT_FOUND',
      message: new RegExp(`^open control group "${name}/nowhere": ENOENT`),
    });
    for (const path of ['', '/', '/abs', 'a//b', '../x', `${name}/../../etc`, 'a/.', 'a\0b']) {
      assert.throws(() => Cgroup.create(path), { code: 'MALFORMED' }, path);
    }
    using group = Cgroup.open(name);
    assert.throws(() => group.addProcess(0), { code: 'OUT_OF_RANGE' });
    assert.throws(() => group.addProcess(0x3fffffff), {
      code: 'NOT_FOUND',
      message: /^move process 1073741823 to control group/,
    });
    assert.throws(() => Cgroup.ofProcess(0x3fffffff), { code: 'NOT_FOUND' });
  });
});
