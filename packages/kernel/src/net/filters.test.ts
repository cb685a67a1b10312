import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { needsRoot } from '../testing/lab.ts';
import { Lab, missing } from '../testing/namespaces.ts';
import { loadBody, returning } from '../testing/programs.ts';

describe('queueing disciplines and filters', { skip: needsRoot || missing('tc') }, () => {
  const lab = needsRoot === false ? new Lab() : undefined;
  after(() => lab?.close());
  if (lab === undefined) return;
  const { host } = lab;
  lab.join('veth0');
  host.links.set('lo', { up: true });
  const index = host.links.index('veth0');

  interface TcQdisc {
    kind: string;
    handle: string;
    parent?: string;
    root?: boolean;
    options?: { limit?: number };
  }
  interface TcFilter {
    kind: string;
    pref: number;
    protocol: string;
    options?: {
      handle: string;
      bpf_name: string;
      'direct-action'?: boolean;
      prog?: { id: number; tag: string };
    };
  }
  const qdiscs = () => lab.witness<TcQdisc>(lab.hostNamespace, 'tc', 'qdisc', 'show', 'dev', 'veth0');
  const filters = (direction: string) =>
    lab
      .witness<TcFilter>(lab.hostNamespace, 'tc', 'filter', 'show', 'dev', 'veth0', direction)
      .filter(({ options }) => options);

  test('a queue at the root', () => {
    host.qdiscs.replace('veth0', { kind: 'pfifo', limit: 123 });
    const [witness] = qdiscs();
    assert.deepEqual([witness?.kind, witness?.root, witness?.options?.limit], ['pfifo', true, 123]);
    const [qdisc] = host.qdiscs.list({ device: 'veth0' });
    assert.deepEqual([qdisc?.kind, qdisc?.parent, qdisc?.interfaceIndex], ['pfifo', 'root', index]);
    assert.equal(`${qdisc?.handle.split(':')[0]}:`, witness?.handle);
    host.qdiscs.replace('veth0', { kind: 'bfifo' });
    assert.equal(qdiscs()[0]?.kind, 'bfifo');
    host.qdiscs.delete('veth0', 'root');
    assert.equal(qdiscs()[0]?.kind, 'noqueue');
  });

  test('programs at clsact: added, replaced, listed, deleted', () => {
    const first = loadBody('tc', returning(0));
    const second = loadBody('tc', returning(0));
    try {
      const place = { device: 'veth0', direction: 'ingress', priority: 5, handle: 2 } as const;
      assert.throws(() => host.filters.add({ ...place, program: first, name: 'one' }), {
        name: 'KernelError',
      });
      assert.equal(host.qdiscs.ensureClsact('veth0'), true);
      assert.equal(host.qdiscs.ensureClsact('veth0'), false);
      assert.ok(qdiscs().some(({ kind }) => kind === 'clsact'));
      host.filters.add({ ...place, program: first, name: 'one' });
      host.filters.add({ ...place, direction: 'egress', program: first, name: 'out' });
      assert.throws(() => host.filters.add({ ...place, program: second, name: 'two' }), {
        code: 'EXISTS',
        message: /^add filter 5\/2 at ingress of device "veth0": EEXIST/,
      });
      const [filter, ...more] = host.filters.list({ device: 'veth0', direction: 'ingress' });
      assert.equal(more.length, 0);
      const [witness] = filters('ingress');
      assert.deepEqual([witness?.kind, witness?.pref, witness?.protocol], ['bpf', 5, 'all']);
      assert.deepEqual(
        [witness?.options?.handle, witness?.options?.bpf_name, witness?.options?.['direct-action']],
        ['0x2', 'one', true],
      );
      assert.deepEqual(filter, {
        interfaceIndex: index,
        direction: 'ingress',
        priority: 5,
        handle: 2,
        kind: 'bpf',
        name: 'one',
        programId: witness?.options?.prog?.id,
        programTag: witness?.options?.prog?.tag,
        direct: true,
      });
      assert.ok(filter?.programId);
      host.filters.replace({ ...place, program: second, name: 'two' });
      const [replaced] = host.filters.list({ device: 'veth0', direction: 'ingress' });
      assert.equal(replaced?.name, 'two');
      assert.notEqual(replaced?.programId, filter?.programId);
      host.filters.delete(place);
      assert.deepEqual(filters('ingress'), []);
      assert.deepEqual(
        host.filters.list({ device: 'veth0' }).map(({ name, direction }) => [name, direction]),
        [['out', 'egress']],
      );
      assert.throws(() => host.filters.delete(place), { code: 'NOT_FOUND' });
      host.qdiscs.delete('veth0', 'clsact');
      assert.deepEqual(host.filters.list({ device: 'veth0' }), []);
    } finally {
      first.close();
      second.close();
    }
  });

  test('ingress in the place of clsact is in the way', () => {
    host.qdiscs.add('veth0', { kind: 'ingress' });
    assert.throws(() => host.qdiscs.ensureClsact('veth0'), { code: 'EXISTS' });
    host.qdiscs.delete('veth0', 'clsact');
  });

  test('a kind that the kernel lacks is a clear error', () => {
    try {
      host.qdiscs.add('veth0', { kind: 'fq' });
      host.qdiscs.delete('veth0', 'root');
    } catch (error) {
      assert.match(
        String(error),
        /add queueing discipline fq to device "veth0": ENOENT .*The kernel says: Specified qdisc kind is unknown/,
      );
    }
  });
});
