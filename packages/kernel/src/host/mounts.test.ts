import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findMount, listMounts, mountBpffs, parseMountInfo, unmount } from './mounts.ts';

describe('the table of mounts', () => {
  test('is read with its optional fields and escapes', () => {
    const text = [
      '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue',
      '37 35 0:30 / /a\\134b rw - cgroup2 none rw,nsdelegate',
      '38 35 0:31 / /sys/fs/bpf rw - bpf bpf rw',
      '',
    ].join('\n');
    const [first, second, third] = parseMountInfo(text);
    assert.deepEqual(first, {
      id: 36,
      parentId: 35,
      root: '/mnt1',
      mountPoint: '/mnt 2',
      options: ['rw', 'noatime'],
      type: 'ext3',
      source: '/dev/root',
      superOptions: ['rw', 'errors=continue'],
    });
    assert.deepEqual([second?.mountPoint, second?.type], ['/a\\b', 'cgroup2']);
    assert.equal(third?.mountPoint, '/sys/fs/bpf');
  });

  test('that is none is refused', () => {
    assert.throws(() => parseMountInfo('36 35 98:0 / /mnt rw'), { code: 'MALFORMED' });
    assert.throws(() => parseMountInfo('hello'), { code: 'MALFORMED' });
  });

  const findmnt = spawnSync('findmnt', ['-V']).error === undefined;
  test('of this process is what findmnt says', { skip: findmnt ? false : 'findmnt is not installed' }, () => {
    const { filesystems } = JSON.parse(
      execFileSync('findmnt', ['--json', '--list', '--output', 'TARGET,FSTYPE'], { encoding: 'utf8' }),
    );
    const key = (target: string, type: string) => `${target} ${type}`;
    const expected = filesystems.map((entry: { target: string; fstype: string }) =>
      key(entry.target, entry.fstype),
    );
    assert.deepEqual(
      listMounts()
        .map((mount) => key(mount.mountPoint, mount.type))
        .sort(),
      expected.sort(),
    );
  });

  test('has a proc file system, and no file system of an unknown type', () => {
    assert.equal(findMount('proc')?.mountPoint, '/proc');
    assert.equal(findMount('warp'), undefined);
  });
});

describe('the bpf file system', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
  test('is mounted once', () => {
    const base = fs.mkdtempSync(join(tmpdir(), 'wgt mount-'));
    const path = join(base, 'bpf');
    const at = () => listMounts().filter((mount) => mount.mountPoint === fs.realpathSync(path));
    let mounted = false;
    try {
      mounted = mountBpffs(path);
      assert.equal(mounted, true);
      assert.equal(mountBpffs(path), false);
      assert.deepEqual(
        at().map(({ type }) => type),
        ['bpf'],
      );
      unmount(path);
      mounted = false;
      assert.deepEqual(at(), []);
      assert.throws(() => unmount(path), { code: 'INVALID', message: /^unmount / });
    } finally {
      if (mounted) unmount(path);
      fs.rmSync(base, { recursive: true });
    }
  });

  test('needs a place', () => {
    assert.throws(() => mountBpffs('/proc/none'), {
      name: 'KernelError',
      message: /^create directory \/proc\/none: ENOENT/,
    });
  });
});
