import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { needsRoot } from '../testing/lab.ts';
import { Lab, missing } from '../testing/namespaces.ts';

interface IpRule {
  priority: number;
  src: string;
  srclen?: number;
  dst?: string;
  dstlen?: number;
  iif?: string;
  oif?: string;
  fwmark?: string;
  fwmask?: string;
  table?: string;
  action?: string;
  not?: null;
}

describe('rules', { skip: needsRoot || missing('ip') }, () => {
  const lab = needsRoot === false ? new Lab() : undefined;
  after(() => lab?.close());
  if (lab === undefined) return;
  const { host } = lab;
  lab.join('veth0');
  host.links.set('lo', { up: true });
  const ip = <Answer>(...args: string[]) => lab.witness<Answer>(lab.hostNamespace, 'ip', ...args);

  const shown = (...args: string[]) => ip<IpRule>(...args, 'rule', 'show');
  const at = (priority: number, ...args: string[]) =>
    shown(...args).find((rule) => rule.priority === priority);

  test('choose a table by what the packet is like', () => {
    host.rules.add({
      from: '10.0.0.0/8',
      to: '10.1.0.0/16',
      inputDevice: 'veth0',
      outputDevice: 'later0',
      mark: 0x100,
      mask: 0xf00,
      priority: 100,
      table: 4096,
    });
    assert.deepEqual(
      host.rules.list({ family: 4 }).find(({ priority }) => priority === 100),
      {
        family: 4,
        from: '10.0.0.0/8',
        to: '10.1.0.0/16',
        inputDevice: 'veth0',
        outputDevice: 'later0',
        mark: 0x100,
        mask: 0xf00,
        invert: false,
        priority: 100,
        table: 4096,
        action: 'lookup',
      },
    );
    const rule = at(100);
    assert.deepEqual(
      [
        rule?.src,
        rule?.srclen,
        rule?.dst,
        rule?.dstlen,
        rule?.iif,
        rule?.oif,
        rule?.fwmark,
        rule?.fwmask,
        rule?.table,
      ],
      ['10.0.0.0', 8, '10.1.0.0', 16, 'veth0', 'later0', '0x100', '0xf00', '4096'],
    );
    assert.throws(
      () =>
        host.rules.add({
          from: '10.0.0.0/8',
          to: '10.1.0.0/16',
          inputDevice: 'veth0',
          outputDevice: 'later0',
          mark: 0x100,
          mask: 0xf00,
          priority: 100,
          table: 4096,
        }),
      {
        code: 'EXISTS',
        message: /^add routing rule 100 from 10\.0\.0\.0\/8 to 10\.1\.0\.0\/16 mark 256: EEXIST/,
      },
    );
    host.rules.delete({ family: 4, priority: 100 });
    assert.equal(at(100), undefined);
  });

  test('for IPv6, inverted, and dropping', () => {
    host.rules.add({ from: 'fd00::/8', invert: true, priority: 200, table: 'main' });
    host.rules.add({ family: 6, mark: 1, priority: 201, action: 'prohibit' });
    assert.deepEqual(
      [at(200, '-6')?.src, at(200, '-6')?.not, at(200, '-6')?.table],
      ['fd00::', null, 'main'],
    );
    assert.equal(at(201, '-6')?.action, 'prohibit');
    const listed = host.rules.list({ family: 6 });
    assert.equal(listed.find(({ priority }) => priority === 200)?.invert, true);
    assert.deepEqual(listed.find(({ priority }) => priority === 201)?.action, 'prohibit');
    for (const priority of [200, 201]) host.rules.delete({ family: 6, priority });
    assert.throws(() => host.rules.delete({ family: 6, priority: 200 }), { code: 'NOT_FOUND' });
  });

  test('the list begins with the kernel’s own', () => {
    assert.deepEqual(
      host.rules.list({ family: 4 }).map(({ priority, table }) => [priority, table]),
      [
        [0, 255],
        [32766, 254],
        [32767, 253],
      ],
    );
    assert.equal(host.rules.list().length, 5);
  });

  test('mistakes', () => {
    assert.throws(() => host.rules.add({ mark: 1, table: 5 }), {
      code: 'INVALID',
      message: /needs a family/,
    });
    assert.throws(() => host.rules.add({ from: '10.0.0.0/8', to: 'fd00::/8', table: 5 }), {
      message: /mixes IPv4 and IPv6/,
    });
    assert.throws(() => host.rules.add({ from: '10.0.0.0/8' }), { message: /needs table/ });
    assert.throws(() => host.rules.add({ family: 4, action: 'blackhole', table: 5 }), { code: 'INVALID' });
  });
});
