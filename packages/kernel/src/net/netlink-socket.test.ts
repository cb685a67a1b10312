import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { needsRoot } from '../testing/lab.ts';
import { findFamily } from './generic-netlink.ts';
import { decodeLink } from './link.ts';
import { writeLinkHeader } from './link-spec.ts';
import { MessageBuilder } from './message-builder.ts';
import { NetworkNamespace } from './namespace.ts';
import { MessageFlag } from './netlink-message.ts';
import { NetlinkSocket } from './netlink-socket.ts';

const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const intent = { operation: 'test', object: 'netlink' };
const get = (index: number) => writeLinkHeader(new MessageBuilder(RTM_GETLINK), index, undefined);

describe('netlink sockets', { skip: needsRoot }, () => {
  const namespace = needsRoot === false ? NetworkNamespace.createAnonymous() : undefined;
  after(() => namespace?.close());
  if (namespace === undefined) return;
  const open = () => NetlinkSocket.open({ family: 'route', namespace });

  test('answer requests and dumps', () => {
    using socket = open();
    const [reply, ...more] = socket.request(get(1), intent);
    assert.equal(more.length, 0);
    assert.equal(reply?.type, RTM_NEWLINK);
    assert.equal(decodeLink(reply?.payload ?? new Uint8Array()).name, 'lo');
    assert.deepEqual(
      socket.dump(get(0), intent).map(({ payload }) => decodeLink(payload).index),
      [1],
    );
  });

  test('stay in their namespace, and so do their siblings', () => {
    using other = NetworkNamespace.createAnonymous();
    other.run(() => {
      using socket = open();
      using sibling = socket.sibling('route');
      for (const each of [socket, sibling]) {
        using place = NetworkNamespace.ofSocket(each.fd);
        assert.equal(place.inode, namespace.inode);
      }
    });
  });

  test('pass on the sentence of the kernel', () => {
    using socket = open();
    // A prefix of 33 bits.
    const message = new MessageBuilder(RTM_NEWADDR, MessageFlag.create).u8(2, 33, 0, 0).u32(1);
    message.addBytes(2, Uint8Array.of(10, 0, 0, 1));
    assert.throws(() => socket.request(message, { operation: 'add', object: 'address 10.0.0.1/33' }), {
      name: 'KernelError',
      code: 'INVALID',
      errnoName: 'EINVAL',
      message:
        /^add address 10\.0\.0\.1\/33: EINVAL \(invalid argument\)\. The kernel says: .*[Pp]refix length/,
    });
    assert.equal(socket.request(get(1), intent).length, 1, 'the socket is still good');
  });

  test('refuse filters that the kernel does not know, instead of ignoring them', () => {
    using socket = open();
    assert.throws(() => socket.dump(get(0).addU32(20, 7), intent), { code: 'INVALID' });
    assert.equal(socket.dump(get(0), intent).length, 1);
  });

  test('send messages of any length', () => {
    using socket = open();
    const message = new MessageBuilder(RTM_NEWLINK).u8(0, 0).u16(0).u32(1).u32(0).u32(0);
    // The kernel skips attributes that it does not know.
    for (let count = 0; count < 3; count++) message.addBytes(0x3000 + count, new Uint8Array(9000));
    assert.deepEqual(socket.request(message, intent), []);
  });

  test('find generic families by name', () => {
    using socket = NetlinkSocket.open({ family: 'generic', namespace });
    assert.equal(findFamily(socket, 'nlctrl'), 16);
    assert.throws(() => findFamily(socket, 'warp'), {
      code: 'NOT_SUPPORTED',
      message: /^find generic netlink family "warp": ENOENT .*The kernel is too old/,
    });
  });

  test('do not wait for ever', () => {
    using socket = NetlinkSocket.open({ family: 'route', namespace, timeout: 20 });
    // A NOOP asks for nothing, and without an acknowledgement there is no answer.
    const start = performance.now();
    const silent = new MessageBuilder(1);
    silent.finish = (
      (finish) => (_flags: number, sequence: number) =>
        finish.call(silent, 0, sequence)
    )(silent.finish);
    assert.throws(() => socket.request(silent, intent), { errnoName: 'ETIMEDOUT' });
    assert.ok(performance.now() - start < 1000);
    assert.equal(socket.request(get(1), intent).length, 1);
  });

  test('serve either requests or a watch', () => {
    using socket = open();
    socket.watch([1], () => {});
    assert.throws(() => socket.request(get(1), intent), { code: 'BUSY' });
  });

  test('closed ones are an error', () => {
    const socket = open();
    socket.close();
    socket.close();
    assert.throws(() => socket.request(get(1), intent), { code: 'CLOSED' });
  });
});
