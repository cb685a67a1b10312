import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecOf } from '@waggle/bpf';
import { Event } from '../event.bpf.ts';
import { EventClock } from './clock.ts';
import { decodeEvent } from './event.ts';

/** A monotonic clock that began on 2026-01-01. */
const clock = new EventClock({
  monotonic: () => 0n,
  wall: (() => {
    let reads = 0;
    return () => Date.UTC(2026, 0, 1) - (reads++ === 0 ? 1 : 0);
  })(),
});

/** Records as programs write them, in hexadecimal: the head, the packet of 42 bytes, and what was in the buffer before. */
const PACKET = `02000000000202000000000108004500001c0000000040110000 0a000001 0a000002 30391f9000080000`;
const record = (head: string): Uint8Array => {
  const bytes = new Uint8Array(Event.size).fill(0xee);
  bytes.set(Buffer.from(`${head}${PACKET}`.replaceAll(/\s/g, ''), 'hex'));
  return bytes;
};
const decode = (head: string) => {
  const bytes = record(head);
  const view = new DataView(bytes.buffer);
  return decodeEvent(codecOf(Event).read(view, 0), clock);
};

const TIME = '40e2010000000000';
const COMMON = { time: '2026-01-01T00:00:00.000123Z', interface: 7, length: 42 };
const NO_SOURCE = '00'.repeat(16);

test('a drop', () => {
  const event = decode(`${TIME} 01 b5 01 00 07000000 2c010000 2d010000 0d000000 00000000 ${NO_SOURCE}
    0000 0000 00 00 2a00 2a000000`);
  assert.ok(event?.type === 'drop');
  const { packet, data, ...rest } = event;
  assert.deepEqual(rest, {
    type: 'drop',
    ...COMMON,
    source: 300,
    destination: 301,
    reason: 181,
    reasonText: 'Policy denied by denylist',
    direction: 'egress',
    cookie: 13,
  });
  assert.equal(data.length, 42);
  assert.equal(packet.udp?.destinationPort, 8080);
});

test('a drop, by the policy of the one who answers', () => {
  const refusedBy = (refuser: string) => {
    const event =
      decode(`${TIME} 01 85 01 ${refuser} 07000000 2c010000 2d010000 00000000 00000000 ${NO_SOURCE}
      0000 0000 00 00 2a00 2a000000`);
    assert.ok(event?.type === 'drop' && event.direction === 'egress');
    return event.refusedBy;
  };
  assert.deepEqual(['00', '01', '02', '03'].map(refusedBy), [undefined, 'egress', 'ingress', undefined]);
});

test('a verdict', () => {
  const event = decode(`${TIME} 05 02 00 02 07000000 2c010000 2d010000 0d000000 00000000 ${NO_SOURCE}
    1f90 3a98 11 01 2a00 2a000000`);
  assert.ok(event?.type === 'policy-verdict');
  const { packet: _, data: __, ...rest } = event;
  assert.deepEqual(rest, {
    type: 'policy-verdict',
    ...COMMON,
    source: 300,
    destination: 301,
    direction: 'ingress',
    action: 'redirect',
    remote: 300,
    match: 'L3-L4',
    audited: true,
    cookie: 13,
    protocol: 17,
    port: 8080,
    proxyPort: 15_000,
  });
});

test('a trace', () => {
  const event = decode(`${TIME} 04 0b 00 02 07000000 2d010000 2c010000 0b000000 0c000000
    00000000 00000000 0000ffff 0a000009 0000 0000 00 00 2a00 2a000000`);
  assert.ok(event?.type === 'trace');
  const { packet: _, data: __, ...rest } = event;
  assert.deepEqual(rest, {
    type: 'trace',
    ...COMMON,
    source: 301,
    destination: 300,
    point: 'to-network',
    state: 'reply',
    egressCookie: 11,
    ingressCookie: 12,
    audited: false,
    originalSource: '10.0.0.9',
  });
});

test('what was not captured is not read, and what is of another type is nothing', () => {
  const head = `01 85 00 00 07000000 00000000 00000000 00000000 00000000 ${NO_SOURCE} 0000 0000 00 00`;
  const short = decode(`${TIME} ${head} 0e00 2a000000`);
  assert.deepEqual([short?.data.length, short?.length, short?.packet.truncated], [14, 42, true]);
  const none = decode(`${TIME} ${head} 0000 2a000000`);
  assert.deepEqual([none?.data.length, none?.packet], [0, { truncated: true }]);
  assert.equal(decode(`${TIME} ${head.replace('01', '63')} 0000 2a000000`), undefined);
});
