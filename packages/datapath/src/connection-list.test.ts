/** Entries of the map of connections, as people read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecOf, hton16, type Infer } from '@waggle/bpf';
import { needsRoot } from '../../kernel/src/testing/lab.ts';
import { Connection, Seen } from './connection.bpf.ts';
import { type ConnectionState, listConnections } from './connection-list.ts';
import type { Tuple4 } from './flow.bpf.ts';
import { checkedSizes } from './layout.ts';
import { closeMaps, createMaps } from './pins.ts';
import { SMALL } from './testing/device.ts';

const TCP = 6;
const UDP = 17;
const seconds = (): number => Number(process.hrtime.bigint() / 1_000_000_000n);

const tuple = (protocol = TCP): Infer<typeof Tuple4> => ({
  low: 0x0a000001,
  high: 0x0a000002,
  lowPort: hton16(80),
  highPort: hton16(40000),
  protocol,
});

const connection = (change: Partial<Infer<typeof Connection>>): Infer<typeof Connection> => ({
  ...codecOf(Connection).decode(new Uint8Array(Connection.size)),
  initiator: 300,
  responder: 301,
  egressCookie: 7,
  ingressCookie: 8,
  ...change,
});

test('who began a connection, and what becomes of it', { skip: needsRoot }, () => {
  const maps = createMaps(checkedSizes(SMALL));
  try {
    maps.generations.set(0, 5);
    maps.connections4.set(
      tuple(),
      connection({ expires: seconds() + 100, generation: 5, seen: Seen.Reply | Seen.Onward }),
    );
    const [found, ...others] = listConnections(maps);
    assert.equal(others.length, 0);
    assert.ok(found && found.secondsLeft >= 98 && found.secondsLeft <= 100);
    assert.deepEqual(
      { ...found, secondsLeft: 100 },
      {
        protocol: TCP,
        source: '10.0.0.2',
        sourcePort: 40000,
        destination: '10.0.0.1',
        destinationPort: 80,
        sourceIdentity: 300,
        destinationIdentity: 301,
        state: 'established',
        secondsLeft: 100,
        egressCookie: 7,
        ingressCookie: 8,
        audit: false,
        current: true,
      },
    );
    maps.connections4.set(tuple(), connection({ generation: 4, seen: Seen.FromLow, audit: 1 }));
    const [turned] = listConnections(maps);
    assert.deepEqual([turned?.source, turned?.sourcePort], ['10.0.0.1', 80]);
    assert.deepEqual([turned?.state, turned?.current, turned?.audit], ['begun', false, true]);
  } finally {
    closeMaps(maps);
  }
});

test('the states of connections', { skip: needsRoot }, () => {
  const maps = createMaps(checkedSizes(SMALL));
  const { FromLow, Reply, EndOfLow, EndOfHigh, Reset, Onward } = Seen;
  const cases: [number, number, ConnectionState][] = [
    [TCP, FromLow, 'begun'],
    [TCP, FromLow | Reply, 'begun'],
    [TCP, FromLow | Reply | Onward, 'established'],
    [TCP, Reply | EndOfHigh, 'closing'],
    [TCP, Reply | EndOfHigh | EndOfLow, 'over'],
    [TCP, Reset, 'over'],
    [UDP, 0, 'begun'],
    [UDP, Reply, 'established'],
  ];
  try {
    for (const [protocol, seen, state] of cases) {
      maps.connections4.set(tuple(protocol), connection({ seen }));
      assert.deepEqual(
        [...listConnections(maps)].map((each) => each.state),
        [state],
      );
      maps.connections4.delete(tuple(protocol));
    }
  } finally {
    closeMaps(maps);
  }
});
