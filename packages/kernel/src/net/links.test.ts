import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { KernelError } from '../errors.ts';
import { attachXdp } from '../link/xdp.ts';
import { needsRoot } from '../testing/lab.ts';
import { Lab, missing } from '../testing/namespaces.ts';
import { loadBody, returning } from '../testing/programs.ts';

interface IpLink {
  ifindex: number;
  ifname: string;
  address: string;
  mtu: number;
  flags: string[];
  operstate: string;
  txqlen: number;
  master?: string;
  group: string;
  ifalias?: string;
  num_tx_queues: number;
  num_rx_queues: number;
  linkinfo?: { info_kind: string; info_data?: Record<string, unknown> };
  xdp?: { mode: number; prog?: { id: number } };
  stats64: Record<'rx' | 'tx', Record<'packets' | 'bytes', number>>;
}

describe('links', { skip: needsRoot || missing('ip') }, () => {
  const lab = needsRoot === false ? new Lab() : undefined;
  after(() => lab?.close());
  if (lab === undefined) return;
  const { host, pod } = lab;
  const inHost = (name: string) =>
    lab.witness<IpLink>(lab.hostNamespace, 'ip', '-d', '-s', 'link', 'show', 'dev', name)[0];
  const inPod = (name: string) =>
    lab.witness<IpLink>(lab.podNamespace, 'ip', '-d', '-s', 'link', 'show', 'dev', name)[0];

  test('a veth pair joins two namespaces, as it was asked for', () => {
    const link = host.links.create({
      kind: 'veth',
      name: 'veth1',
      mac: '02:00:00:00:01:01',
      mtu: 1400,
      up: true,
      transmitQueues: 3,
      receiveQueues: 2,
      group: 7,
      peer: {
        name: 'eth1',
        mac: '02:00:00:00:01:02',
        mtu: 1300,
        namespace: lab.podNamespace,
        transmitQueues: 2,
      },
    });
    const near = inHost('veth1');
    assert.ok(near);
    assert.equal(near.linkinfo?.info_kind, 'veth');
    assert.deepEqual([near.address, near.mtu, near.group], ['02:00:00:00:01:01', 1400, '7']);
    assert.deepEqual([near.num_tx_queues, near.num_rx_queues], [3, 2]);
    assert.ok(near.flags.includes('UP'));
    const far = inPod('eth1');
    assert.ok(far);
    assert.deepEqual([far.address, far.mtu, far.num_tx_queues], ['02:00:00:00:01:02', 1300, 2]);

    assert.deepEqual(
      { ...link, flags: [...link.flags].sort(), received: undefined, sent: undefined },
      {
        index: near.ifindex,
        name: 'veth1',
        alternativeNames: [],
        kind: 'veth',
        mac: '02:00:00:00:01:01',
        mtu: 1400,
        flags: ['broadcast', 'multicast', 'up'],
        up: true,
        operationalState: link.operationalState,
        masterIndex: undefined,
        linkIndex: far.ifindex,
        linkNamespaceId: link.linkNamespaceId,
        group: 7,
        alias: undefined,
        transmitQueues: 3,
        receiveQueues: 2,
        transmitQueueLength: near.txqlen,
        xdp: undefined,
        vxlan: undefined,
        macvlanMode: undefined,
        received: undefined,
        sent: undefined,
      },
    );
    assert.equal(typeof link.linkNamespaceId, 'number');
    assert.notEqual(link.operationalState, 'up');
    pod.links.set('eth1', { up: true });
    assert.equal(host.links.get('veth1').operationalState, 'up');
    assert.ok(host.links.get('veth1').flags.includes('lowerUp'));

    host.links.delete('veth1');
    assert.throws(() => pod.links.get('eth1'), { code: 'NOT_FOUND' });
  });

  test('a peer may stay beside, and may be sent to the namespace of a process', async () => {
    host.links.create({ kind: 'veth', name: 'veth2', peer: { name: 'veth2p' } });
    assert.equal(inHost('veth2p')?.linkinfo?.info_kind, 'veth');
    const child = lab.podNamespace.spawn('sleep', ['30'], { stdio: 'ignore' });
    try {
      host.links.set('veth2p', { namespace: { pid: child.pid ?? 0 }, name: 'eth2' });
      assert.equal(inPod('eth2')?.linkinfo?.info_kind, 'veth');
    } finally {
      child.kill();
      await new Promise((resolve) => child.once('exit', resolve));
    }
    pod.links.delete('eth2');
  });

  test('a VXLAN device has its identifier, ends and port', () => {
    const { vxlan } = host.links.create({
      kind: 'vxlan',
      name: 'vx1',
      vni: 0xabcdef,
      local: '10.9.0.1',
      remote: '10.9.0.2',
      port: 4790,
      ttl: 64,
    });
    assert.deepEqual(vxlan, {
      external: false,
      vni: 0xabcdef,
      port: 4790,
      local: '10.9.0.1',
      remote: '10.9.0.2',
      linkIndex: undefined,
      learning: false,
    });
    const data = inHost('vx1')?.linkinfo?.info_data;
    assert.deepEqual(
      [data?.id, data?.local, data?.remote, data?.port, data?.learning, data?.ttl],
      [0xabcdef, '10.9.0.1', '10.9.0.2', 4790, false, 64],
    );
    host.links.delete('vx1');
  });

  test('an external VXLAN device takes everything from the packet', () => {
    const { vxlan } = host.links.create({
      kind: 'vxlan',
      name: 'vx2',
      external: true,
      up: true,
      groupPolicy: true,
    });
    assert.deepEqual([vxlan?.external, vxlan?.port], [true, 4789]);
    const data = inHost('vx2')?.linkinfo?.info_data;
    assert.deepEqual([data?.external, data?.port, data?.gbp], [true, 4789, true]);
    host.links.delete('vx2');
  });

  test('a VXLAN device over IPv6, on a device', () => {
    lab.join('under');
    const { vxlan } = host.links.create({
      kind: 'vxlan',
      name: 'vx6',
      vni: 5,
      local: 'fd00::1',
      remote: 'ff05::5',
      device: 'under',
      learning: true,
      udpChecksum: true,
    });
    assert.deepEqual(
      [vxlan?.remote, vxlan?.linkIndex, vxlan?.learning],
      ['ff05::5', host.links.index('under'), true],
    );
    const data = inHost('vx6')?.linkinfo?.info_data;
    assert.deepEqual(
      [data?.local6, data?.group6, data?.link, data?.udp_csum],
      ['fd00::1', 'ff05::5', 'under', true],
    );
    host.links.delete('vx6');
    host.links.delete('under');
  });

  test('a bridge and its ports', () => {
    host.links.create({ kind: 'bridge', name: 'br1', up: true, spanningTree: true });
    assert.equal(inHost('br1')?.linkinfo?.info_data?.stp_state, 1);
    host.links.create({ kind: 'veth', name: 'port1', master: 'br1', peer: { name: 'port2' } });
    assert.equal(inHost('port1')?.master, 'br1');
    const bridge = host.links.index('br1');
    host.links.set('port2', { master: bridge });
    assert.deepEqual(
      host.links
        .list({ master: 'br1' })
        .map(({ name }) => name)
        .sort(),
      ['port1', 'port2'],
    );
    host.links.set('port2', { master: null });
    assert.equal(inHost('port2')?.master, undefined);
    assert.equal(host.links.get('port2').masterIndex, undefined);
    assert.deepEqual(
      host.links.list({ kind: 'bridge' }).map(({ name }) => name),
      ['br1'],
    );
    assert.deepEqual(host.links.list({ kind: 'nothing' }), []);
    host.links.delete('port1');
    host.links.delete('br1');
  });

  test('a macvlan device', (context) => {
    lab.join('parent');
    try {
      const link = host.links.create({ kind: 'macvlan', name: 'mac1', device: 'parent', mode: 'bridge' });
      assert.equal(link.macvlanMode, 'bridge');
      assert.equal(link.linkIndex, host.links.index('parent'));
      assert.equal(inHost('mac1')?.linkinfo?.info_data?.mode, 'bridge');
    } catch (error) {
      if (!(error instanceof KernelError) || error.code !== 'NOT_SUPPORTED') throw error;
      context.skip('the kernel has no macvlan');
    } finally {
      host.links.delete('parent');
    }
  });

  test('a dummy device, or the news that the kernel has none', () => {
    try {
      host.links.create({ kind: 'dummy', name: 'dummy1' });
      assert.equal(inHost('dummy1')?.linkinfo?.info_kind, 'dummy');
      host.links.delete('dummy1');
    } catch (error) {
      assert.ok(error instanceof KernelError);
      assert.equal(error.code, 'NOT_SUPPORTED');
      assert.match(error.message, /^create dummy device "dummy1": .*The kernel says: Unknown device type$/);
    }
  });

  test('changes', () => {
    lab.join('change1');
    host.links.set('change1', {
      mtu: 1280,
      mac: '02:00:00:00:00:99',
      alias: 'to the pod',
      group: 3,
      transmitQueueLength: 77,
    });
    const changed = inHost('change1');
    assert.deepEqual(
      [changed?.mtu, changed?.address, changed?.ifalias, changed?.group, changed?.txqlen],
      [1280, '02:00:00:00:00:99', 'to the pod', '3', 77],
    );
    const { alias, group, transmitQueueLength } = host.links.get('change1');
    assert.deepEqual([alias, group, transmitQueueLength], ['to the pod', 3, 77]);
    host.links.set('change1', { up: false });
    assert.equal(inHost('change1')?.flags.includes('UP'), false);
    host.links.set('change1', { name: 'change2', up: true });
    assert.equal(host.links.get('change2').up, true);
    assert.throws(() => host.links.get('change1'), { code: 'NOT_FOUND' });
    execFileSync('ip', [
      '-n',
      lab.hostNamespace.name ?? '',
      'link',
      'property',
      'add',
      'dev',
      'change2',
      'altname',
      'another-name-of-it',
    ]);
    assert.deepEqual(host.links.get('change2').alternativeNames, ['another-name-of-it']);
    host.links.delete('change2');
  });

  test('a list of all is what ip lists', () => {
    const expected = lab.witness<IpLink>(lab.hostNamespace, 'ip', '-d', '-s', 'link', 'show');
    const links = host.links.list();
    assert.deepEqual(
      links.map(({ index, name, mac, mtu }) => [index, name, mac, mtu]),
      expected.map(({ ifindex, ifname, address, mtu }) => [ifindex, ifname, address, mtu]),
    );
    assert.equal(host.links.name(host.links.index('lo')), 'lo');
    assert.equal(host.links.get(1).name, 'lo');
    assert.ok(links[0]?.flags.includes('loopback'));
  });

  test('the counters count', async () => {
    host.links.set('lo', { up: true });
    const child = lab.hostNamespace.spawn('ping', ['-c', '1', '127.0.0.1'], { stdio: 'ignore' });
    await new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
    const { received, sent } = host.links.get('lo');
    const stats = inHost('lo')?.stats64;
    assert.deepEqual(
      [received.packets, received.bytes],
      [BigInt(stats?.rx.packets ?? -1), BigInt(stats?.rx.bytes ?? -1)],
    );
    assert.deepEqual(
      [sent.packets, sent.bytes],
      [BigInt(stats?.tx.packets ?? -1), BigInt(stats?.tx.bytes ?? -1)],
    );
    if (child.exitCode === 0) assert.equal(sent.packets, 2n);
  });

  test('an XDP program is seen with its mode and id', () => {
    lab.join('xdp1');
    {
      using program = loadBody('xdp', returning(2));
      using _link = lab.hostNamespace.run(() => attachXdp(program, 'xdp1'));
      const { xdp } = host.links.get('xdp1');
      assert.equal(xdp?.mode, 'native');
      assert.equal(xdp?.programId, program.info().id);
      assert.equal(xdp?.programId, inHost('xdp1')?.xdp?.prog?.id);
    }
    assert.equal(host.links.get('xdp1').xdp, undefined);
    host.links.delete('xdp1');
  });

  test('what the kernel refuses is said with the object', () => {
    const missingDevice = {
      code: 'NOT_FOUND',
      message:
        'get device "eth7": ENODEV (no such device). There is no device "eth7" in this network namespace',
    };
    assert.throws(() => host.links.get('eth7'), missingDevice);
    assert.throws(() => host.links.delete('eth7'), { message: /^delete device "eth7": ENODEV/ });
    assert.throws(() => host.links.set(9999, { up: true }), { message: /^change device #9999: ENODEV/ });
    assert.throws(() => host.links.create({ kind: 'bridge', name: 'lo' }), {
      code: 'EXISTS',
      message: /^create bridge device "lo": EEXIST/,
    });
    lab.join('mtu1');
    assert.throws(() => host.links.set('mtu1', { mtu: 65536 }), {
      code: 'INVALID',
      message: /mtu greater than device maximum/,
    });
    host.links.delete('mtu1');
  });

  test('what cannot be right is refused before the kernel is asked', () => {
    for (const name of [
      '',
      '.',
      '..',
      'sixteen-letters-',
      'a/b',
      'a b',
      'a:b',
      'veth%d',
      'tab\t',
      'ünïcödé-näme',
    ]) {
      assert.throws(() => host.links.create({ kind: 'bridge', name }), { code: 'MALFORMED' }, name);
    }
    const peer = { name: 'p' };
    assert.throws(() => host.links.create({ kind: 'veth', name: 'v', mtu: 67, peer }), {
      code: 'OUT_OF_RANGE',
      message: 'an MTU is 68 to 65536, not 67',
    });
    assert.throws(() => host.links.create({ kind: 'veth', name: 'v', mac: '02:00', peer }), {
      code: 'MALFORMED',
    });
    assert.throws(() => host.links.create({ kind: 'vxlan', name: 'v', vni: 1 << 24 }), {
      code: 'OUT_OF_RANGE',
    });
    assert.throws(() => host.links.create({ kind: 'vxlan', name: 'v', vni: 1, port: 0 }), {
      code: 'OUT_OF_RANGE',
    });
    assert.throws(() => host.links.create({ kind: 'vxlan', name: 'v', vni: 1, external: true }), {
      code: 'INVALID',
    });
    assert.throws(() => host.links.create({ kind: 'vxlan', name: 'v' }), { code: 'INVALID' });
    // @ts-expect-error no such mode
    assert.throws(() => host.links.create({ kind: 'macvlan', name: 'v', device: 'lo', mode: 'brigde' }), {
      message: /Did you mean "bridge"/,
    });
    // @ts-expect-error no such kind
    assert.throws(() => host.links.create({ kind: 'warp', name: 'v' }), { code: 'WRONG_TYPE' });
    assert.deepEqual(
      host.links.list().map(({ name }) => name),
      ['lo'],
    );
  });

  test('a list is whole although devices come and go meanwhile', async () => {
    const script =
      'for i in $(seq 40); do ip link add f$i type bridge; done; for i in $(seq 40); do ip link del f$i; done';
    const child = spawn('ip', ['netns', 'exec', lab.podNamespace.name ?? '', 'sh', '-c', script], {
      stdio: 'ignore',
    });
    let running = true;
    child.once('exit', () => {
      running = false;
    });
    while (running) {
      const indexes = pod.links.list().map(({ index }) => index);
      assert.equal(new Set(indexes).size, indexes.length);
      assert.ok(indexes.includes(1));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  });

  test('are deleted by groups, while this thread goes on', async () => {
    for (const [name, group] of [
      ['group1', 9],
      ['group2', 9],
      ['group3', 8],
    ] as const) {
      host.links.create({ kind: 'veth', name, group, peer: { name: `peer-${name}` } });
    }
    let turns = 0;
    const turn = setInterval(() => {
      turns += 1;
    }, 1);
    const deleted = host.links.deleteGroup(9);
    // The connection itself is free for other requests meanwhile.
    assert.equal(host.links.get('group3').group, 8);
    await deleted;
    clearInterval(turn);
    assert.ok(turns > 0, 'the thread did not go on');
    const left = host.links.list({ kind: 'veth' }).map(({ name }) => name);
    assert.deepEqual(left.filter((name) => name.includes('group')).sort(), ['group3', 'peer-group3']);
    await assert.rejects(host.links.deleteGroup(9), { code: 'NOT_FOUND' });
    assert.throws(() => host.links.set('group3', { group: 2 ** 32 }), { code: 'OUT_OF_RANGE' });
    host.links.delete('group3');
  });
});
