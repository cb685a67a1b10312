/** Programs of the corpus that change packets, or decide where they go. */
import fc from 'fast-check';
import type { Entry, Fixture } from './fixture.ts';
import {
  among,
  disturbed,
  ethernet,
  hex,
  icmp,
  ipv4,
  ipv4Frame,
  ipv6,
  join,
  number,
  padded,
  payload,
  tcp,
  tcpFrame,
  udpFrame,
} from './packets.ts';

const mac = (last: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, last);
const address6 = fc.oneof(
  hex('2001 0db8 0001 0001 0000 0000 0000 0001'),
  hex('2001 0db8 0002 fffe 0000 0000 0000 0001'),
  payload(16, 16),
);
const prefix6 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.padEnd(32, '0'), 'hex'));

export const rewriting: Readonly<Record<string, Fixture>> = {
  route: {
    entry: 'route',
    maps: {
      routes: [
        [{ prefixLength: 8, address: 0x0a00_0000 }, 1],
        [{ prefixLength: 16, address: 0x0a01_0000 }, 2],
        [{ prefixLength: 32, address: 0x0a01_0203 }, 3],
      ],
      nextHops: [
        [1, { interfaceIndex: 1, mac: mac(1), own: mac(11), packets: 0n }],
        [2, { interfaceIndex: 1, mac: mac(2), own: mac(12), packets: 5n }],
      ],
    },
    packets: disturbed(
      ipv4Frame(
        {
          destination: among(0x0a00_0001, 0x0a01_0001, 0x0a01_0203, 0x0b00_0000),
          timeToLive: among(1, 2, 64, 255),
        },
        payload(),
      ),
    ),
  },
  'source-nat': {
    entry: 'translate',
    maps: {
      mappings: [6, 17, 132].map(
        (protocol): Entry => [
          { address: 0x0a00_0001, port: 1000, protocol },
          { address: 0xc633_6401, port: 60_000 },
        ],
      ),
    },
    packets: disturbed(
      fc.oneof(
        tcpFrame({ source: among(0x0a00_0001, 0x0a00_0001, 9) }, { source: 1000 }),
        udpFrame({ source: among(0x0a00_0001, 0x0a00_0001, 9) }, { source: among(1000, 1001) }),
        ipv4Frame({ source: 0x0a00_0001, protocol: 132 }, tcp({ source: 1000 })),
      ),
    ),
  },
  maglev: {
    entry: 'balance',
    maps: {
      vips: [[{ address: 1, port: 80, protocol: 6 }, 1]],
      tables: [[1, { slots: Array.from({ length: 64 }, (_, slot) => (slot % 5) + 1), sessions: 0 }]],
      backends: [1, 2, 3, 4].map((each): Entry => [each, { address: 100 + each, weight: each, packets: 0n }]),
    },
    packets: disturbed(tcpFrame({ destination: 1, options: 0 }, { destination: among(80, 80, 81) })),
  },
  encapsulate: {
    entry: 'encapsulate',
    maps: {
      tunnels: [[7, { source: 0x0a00_0001, destination: 0xc633_6402, timeToLive: 64 }]],
    },
    packets: disturbed(ipv4Frame({ destination: among(7, 7, 8) }, fc.oneof(payload(), payload(1480, 1500)))),
  },
  decapsulate: {
    entry: 'decapsulate',
    maps: { endpoints: [[1, { packets: 0n, congested: 0n }]] },
    packets: disturbed(
      ipv4Frame(
        { source: among(1, 1, 2), protocol: among(4, 4, 4, 6), typeOfService: among(0, 3) },
        fc.oneof(ipv4({ typeOfService: among(0, 1) }, payload()), payload()),
      ),
    ),
  },
  classify: {
    entry: 'classify',
    maps: {
      classes: [
        [0, { priority: 1, mark: 0, interfaceIndex: 0 }],
        [10, { priority: 2, mark: 0x12345, interfaceIndex: 0 }],
        [46, { priority: 6, mark: 7, interfaceIndex: 1 }],
      ],
      portClasses: [
        [22, 10],
        [5060, 46],
        [9999, 99],
      ],
    },
    packets: padded(
      disturbed(
        tcpFrame(
          { typeOfService: among(0, 0, 40, 184) },
          { source: among(22, 1), destination: among(5060, 9999, 1) },
        ),
      ),
    ),
  },
  firewall: {
    entry: 'filter',
    config: {
      settings: { ipv6: false, icmp: true, log: true, lowestPort: 1024, gateway: 0x0a00_0001, mode: 3 },
    },
    maps: {
      rules: [
        [{ prefixLength: 8, address: 0x0a00_0000 }, 0],
        [{ prefixLength: 24, address: 0x0a00_0500 }, 1],
        [{ prefixLength: 16, address: 0xc0a8_0000 }, 2],
      ],
    },
    packets: padded(
      disturbed(
        fc.oneof(
          tcpFrame(
            {
              source: among(0x0a00_0001, 0x0a00_0002, 0x0a00_0505, 0xc0a8_0001),
              destination: among(5, 0xc0a8_0002),
            },
            { destination: among(80, 8080) },
          ),
          ipv4Frame({ protocol: among(1, 50), source: 0x0a00_0002 }, icmp(8, 0)),
          ethernet(0x86dd, payload(46, 60)),
        ),
      ),
    ),
  },
  echo: {
    entry: 'echo',
    maps: { own: [[1, 0n]] },
    packets: disturbed(
      ipv4Frame(
        { protocol: 1, destination: among(1, 1, 2), options: 0 },
        icmp(among(8, 8, 8, 0), among(0, 0, 1)),
      ),
    ),
  },
  arp: {
    entry: 'answer',
    maps: {
      addresses: [
        [1, { mac: mac(1), answers: 0 }],
        [2, { mac: mac(2), answers: 0xffff }],
      ],
    },
    packets: disturbed(
      ethernet(
        0x0806,
        join(
          hex('0001 0800 06 04'),
          number(2, among(1, 1, 1, 2)),
          payload(6, 6),
          number(4),
          payload(6, 6),
          number(4, among(1, 1, 2, 3)),
          payload(18, 18),
        ),
      ),
    ),
  },
  'rewrite-dscp': {
    entry: 'rewrite',
    maps: {
      points: [
        [0, 0xff],
        [1, 46],
        [2, 10],
        [3, 0],
      ],
    },
    packets: padded(
      disturbed(
        ipv4Frame({ timeToLive: among(0, 1, 2, 3), typeOfService: among(0, 1, 40, 184) }, payload(20)),
      ),
    ),
  },
  'prefix-translation': {
    entry: 'translate',
    maps: {
      translations: [
        [
          { words: [0x2001, 0x0db8, 1], padding: 0 },
          { outside: [0x2001, 0x0db8, 0xff], adjustment: 0xff01, packets: 0n },
        ],
        [
          { words: [0x2001, 0x0db8, 2], padding: 0 },
          { outside: [0x2002, 0x0db8, 3], adjustment: 1, packets: 0n },
        ],
      ],
    },
    packets: disturbed(ethernet(0x86dd, ipv6(17, address6, address6, payload()))),
  },
  'egress-policy': {
    entry: 'allow',
    maps: {
      policy: [
        [{ prefixLength: 48, address: prefix6('20010db80001') }, 1],
        [{ prefixLength: 48, address: prefix6('20010db80002') }, 2],
        [{ prefixLength: 0, address: prefix6('') }, 99],
      ],
      budgets: [
        [1, { left: 400n, refused: 0, allowed: 0 }],
        [2, { left: 100_000n, refused: 0, allowed: 0 }],
      ],
    },
    packets: padded(disturbed(ethernet(0x86dd, ipv6(17, address6, address6, payload())), 34)),
  },
};
