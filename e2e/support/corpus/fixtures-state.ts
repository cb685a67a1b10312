/** Programs of the corpus that keep state in maps. */
import fc from 'fast-check';
import type { Entry, Fixture } from './fixture.ts';
import {
  among,
  disturbed,
  ethernet,
  hex,
  ipv4,
  ipv4Frame,
  join,
  number,
  padded,
  payload,
  tcpFrame,
  udpFrame,
  vlan,
} from './packets.ts';

const INSIDE = 0x0a00_0000;
const hosts = among(INSIDE + 1, INSIDE + 2, 0xc633_6401);
const outside = among(0xc633_6401, 0xc633_6402, INSIDE + 1);
const ports = among(80, 443);
const flags = among(2, 2, 0x12, 0x10, 0x10, 0x11, 4);
const flows = tcpFrame({ source: hosts, destination: outside }, { source: ports, destination: ports, flags });

const tokens = fc.oneof(tcpFrame({ source: among(1, 2) }, {}), udpFrame({ source: 2 }, {}));

export const state: Readonly<Record<string, Fixture>> = {
  'connection-tracking': {
    entry: 'track',
    config: { network: { inside: INSIDE, mask: 0xff00_0000 } },
    packets: padded(disturbed(flows)),
  },
  accounts: {
    entry: 'account',
    maps: {
      accounts: [1, 2, 3].map((address) => {
        const empty = { packets: 0, bytes: 0, largest: 0 };
        const sizes = [empty, empty, empty, empty];
        return [address, { sent: empty, received: empty, sizes, budget: 5_000 * address, warned: false }];
      }),
    },
    packets: padded(
      disturbed(tcpFrame({ source: among(1, 2, 3, 4), destination: among(1, 2, 3, 4) }, {}, payload(0, 600))),
    ),
  },
  atomics: {
    entry: 'account',
    packets: disturbed(
      fc.oneof(flows, ethernet(0x86dd, payload(46, 1200)), ethernet(0x1234, payload(46, 60))),
    ),
  },
  'rate-limit': {
    entry: 'limit',
    config: { rate: { costPerPacket: 1_000n, costPerByte: 10n, burst: 20_000n } },
    volatile: ['updated'],
    packets: disturbed(tokens),
  },
  'round-trip': {
    entry: 'estimate',
    packets: padded(
      disturbed(
        tcpFrame(
          { destination: among(1, 2), options: 0 },
          {
            options: join(
              hex('0101'),
              number(1, among(8, 8, 8, 5)),
              number(1, 10),
              number(4),
              number(4, fc.oneof(fc.nat(3_000_000), fc.nat(0xffff_ffff))),
            ),
          },
        ),
      ),
    ),
  },
  tenants: {
    entry: 'separate',
    inner: {
      tenants: [
        [
          1,
          [
            [1, 0n],
            [2, 5n],
          ],
        ],
        [9, [[1, 3n]]],
      ],
    },
    packets: disturbed(
      ethernet(0x8100, vlan(among(1, 9, 4, 4095), 0x0800, ipv4({ source: among(1, 2, 3) }, payload()))),
    ),
  },
  events: {
    entry: 'tell',
    count: 300,
    maps: {
      refused: [
        [23, 1],
        [445, 1],
      ],
    },
    packets: disturbed(
      tcpFrame({ source: hosts, destination: outside }, { destination: among(23, 80, 443, 445), flags }),
    ),
  },
  'heavy-hitters': {
    entry: 'watch',
    config: { threshold: { packets: 5 } },
    packets: disturbed(ipv4Frame({ source: fc.oneof(among(1, 2), fc.nat(20)) }, payload())),
  },
  queues: {
    entry: 'enqueue',
    packets: disturbed(ipv4Frame({ source: fc.nat(12), timeToLive: among(1, 3, 64) }, payload())),
  },
  membership: {
    entry: 'check',
    maps: {
      allowed: [1, 2].flatMap((address) =>
        [17, 6].map((protocol): Entry => [{ address, port: 53, protocol }, 0]),
      ),
    },
    ignored: ['filter'],
    packets: disturbed(
      fc.oneof(
        udpFrame({ source: among(1, 2, 3) }, { destination: 53 }),
        tcpFrame({ source: among(1, 2, 3) }, { destination: 53 }),
      ),
    ),
  },
  'learn-addresses': {
    entry: 'bridge',
    maps: {
      places: [
        [
          { bytes: Uint8Array.of(2, 0, 0, 0, 0, 9), vlan: 1 },
          { interfaceIndex: 7, moves: 0 },
        ],
        [
          { bytes: Uint8Array.of(2, 0, 0, 0, 0, 8), vlan: 5 },
          { interfaceIndex: 7, moves: 3 },
        ],
      ],
    },
    packets: disturbed(
      fc.oneof(
        ethernet(0x0800, payload(46, 60), {
          source: among(0x0200_0000_0008, 0x0200_0000_0009, 0x0200_0000_0001, 0x0300_0000_0001),
          destination: among(0x0200_0000_0009, 0x0200_0000_0001, 0xffff_ffff_ffff),
        }),
        ethernet(0x8100, vlan(among(5, 0xf005), 0x0800, payload(46, 60)), {
          source: among(0x0200_0000_0008, 0x0200_0000_0001),
          destination: among(0x0200_0000_0008, 0x0200_0000_0001),
        }),
      ),
    ),
  },
  sessions: {
    entry: 'remember',
    packets: disturbed(
      tcpFrame(
        {
          source: 1,
          destination: among(2, 3),
          timeToLive: among(1, 64),
          typeOfService: among(0, 4),
          options: 0,
        },
        { source: 7, destination: among(8, 9) },
      ),
    ),
  },
  'syn-cookies': {
    entry: 'cookies',
    config: { secret: { first: 0x1234_5678, second: 0x9abc_def0 } },
    packets: disturbed(tcpFrame({ options: 0 }, { flags: among(2, 2, 0x10, 4, 0x12) })),
    coverage: 0.75,
  },
  calls: {
    entry: 'scatter',
    packets: padded(disturbed(tcpFrame({ source: among(1, 2), destination: among(1, 2) }, {}))),
  },
  'tail-calls': {
    entry: 'parse',
    programs: { handlers: ['handleTcp', 'handleUdp'] },
    ignored: ['parsed', 'handlers'],
    packets: disturbed(
      fc.oneof(
        tcpFrame({ source: among(1, 2), destination: among(1, 2) }, { destination: ports, flags }),
        udpFrame({}, { destination: among(53, 54) }),
        ipv4Frame({ protocol: 1 }, payload()),
      ),
    ),
  },
};
