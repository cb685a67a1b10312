import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { describe, test } from 'node:test';
import { NetworkNamespace } from '../net/namespace.ts';
import { Network } from '../net/network.ts';
import { needsRoot } from '../testing/lab.ts';
import { readSysctl, sysctlPath, writeSysctl } from './sysctl.ts';

describe('sysctl names', () => {
  test('are paths, with dots or with slashes', () => {
    const paths = {
      'net.ipv4.ip_forward': '/proc/sys/net/ipv4/ip_forward',
      'net/ipv4/ip_forward': '/proc/sys/net/ipv4/ip_forward',
      'net/ipv4/conf/eth0.100/forwarding': '/proc/sys/net/ipv4/conf/eth0.100/forwarding',
      'net.ipv4.conf.eth0/100.forwarding': '/proc/sys/net/ipv4/conf/eth0.100/forwarding',
    };
    for (const [name, path] of Object.entries(paths)) assert.equal(sysctlPath(name), path);
  });

  test('lead nowhere else', () => {
    const bad = [
      '',
      'net',
      '/etc/passwd',
      '../etc/passwd',
      'net/../../etc/passwd',
      'net//ipv4',
      'net..ipv4',
      'net.//.x',
      'a/b\0c',
      '.a',
      './a',
      'a/',
      'a/.',
    ];
    for (const name of bad) assert.throws(() => sysctlPath(name), { code: 'MALFORMED' }, name);
  });
});

describe('sysctl values', () => {
  test('are read without their newline', () => {
    assert.equal(readSysctl('kernel.ostype'), 'Linux');
    assert.equal(
      readSysctl('kernel/osrelease'),
      fs.readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    );
  });

  test('of names that are not there are a clear error', () => {
    assert.throws(() => readSysctl('net.ipv4.ip_forwad'), {
      code: 'NOT_FOUND',
      message: /^read sysctl net\.ipv4\.ip_forwad: ENOENT .*may be misspelt/,
    });
  });

  test('of a network namespace are its own', { skip: needsRoot }, () => {
    using namespace = NetworkNamespace.createAnonymous();
    using network = Network.open(namespace);
    network.links.create({ kind: 'bridge', name: 'br0.7' });
    const before = readSysctl('net.ipv4.ip_forward');
    const [inside, device] = namespace.run(() => {
      writeSysctl('net.ipv4.ip_forward', 1);
      writeSysctl('net/ipv4/conf/br0.7/rp_filter', '2');
      assert.throws(() => writeSysctl('net.ipv4.ip_forward', 'many'), {
        code: 'INVALID',
        message: /^write "many" to sysctl net\.ipv4\.ip_forward: EINVAL/,
      });
      assert.throws(() => writeSysctl('net.ipv4.no_such', 1), { code: 'NOT_FOUND' });
      assert.throws(() => writeSysctl('kernel.osrelease', '1'), { code: 'DENIED' });
      return [readSysctl('net.ipv4.ip_forward'), readSysctl('net.ipv4.conf.br0/7.rp_filter')];
    });
    assert.deepEqual([inside, device], ['1', '2']);
    assert.equal(readSysctl('net.ipv4.ip_forward'), before);
  });
});
