/** Programs of the corpus that take packets apart. */
import fc from 'fast-check';
import type { Fixture } from './fixture.ts';
import {
  among,
  type Bytes,
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
  udp,
  udpFrame,
  vlan,
} from './packets.ts';

const address6 = payload(16, 16);
const transport = fc.oneof(tcp({ destination: among(443, 80) }), udp({ destination: among(443, 53) }));
const network = fc.oneof(
  ipv4({}, transport).map((each) => [0x0800, each] as const),
  ipv6(17, address6, address6, transport).map((each) => [0x86dd, each] as const),
);

/** A frame behind so many VLAN tags. */
const tagged = (tags: number): Bytes =>
  network.chain(([protocol, packet]) => {
    let [outer, rest]: [number, Bytes] = [protocol, fc.constant(packet)];
    for (let tag = 0; tag < tags; tag++)
      [outer, rest] = [tag === 0 ? 0x8100 : 0x88a8, vlan(among(1, 9), outer, rest)];
    return ethernet(outer, rest);
  });

/** An IPv6 packet behind extension headers of these types. */
const extended = (types: readonly number[]): Bytes => {
  let [next, rest]: [number, Bytes] = [6, transport];
  for (const type of types) {
    const words = type === 44 ? 0 : 1;
    rest = join(
      number(1, next),
      number(1, words),
      number(1, among(0, 2)),
      number(1),
      payload(words * 8 + 4, words * 8 + 4),
      rest,
    );
    next = type;
  }
  return ethernet(0x86dd, ipv6(next, address6, address6, rest));
};

const tcpOptions = fc
  .array(
    fc.oneof(
      hex('01'),
      join(number(1, 2), number(1, 4), number(2, among(500, 1400, 1460, 9000))),
      hex('03 03 07'),
      hex('04 02'),
      hex('00'),
      join(hex('08 0a'), payload(8, 8)),
      hex('05 00'),
    ),
    { maxLength: 5 },
  )
  .chain((parts) => join(...parts.map((part) => fc.constant(part))))
  .map((bytes) => {
    const whole = bytes.subarray(0, 40);
    return Uint8Array.from({ length: Math.ceil(whole.length / 4) * 4 }, (_, at) => whole[at] ?? 1);
  });

const dnsName = fc
  .array(fc.stringMatching(/^[a-zA-Z]{1,8}$/), { minLength: 1, maxLength: 3 })
  .map((labels) =>
    Uint8Array.from([...labels.flatMap((label) => [label.length, ...Buffer.from(label)]), 0, 0, 1, 0, 1]),
  );
const dnsQuery = (name: Bytes): Bytes =>
  ethernet(
    0x0800,
    ipv4(
      { protocol: 17, options: 0 },
      udp({ destination: 53 }, join(number(2), hex('0100 0001 0000 00000000'), name)),
    ),
  );

const inner = ethernet(
  among(0x0800, 0x0800, 0x86dd),
  ipv4({ timeToLive: among(0, 64), source: among(1, 2) }, transport),
);

export const parsing: Readonly<Record<string, Fixture>> = {
  'count-protocols': {
    entry: 'countProtocols',
    packets: disturbed(fc.oneof(tagged(0), tagged(1), tagged(2))),
  },
  'ipv6-extensions': {
    entry: 'walkExtensions',
    packets: disturbed(
      fc.oneof(
        fc.array(among(0, 43, 44, 60), { maxLength: 4 }).chain(extended),
        ethernet(0x86dd, ipv6(59, address6, address6, payload())),
      ),
    ),
  },
  'clamp-mss': {
    entry: 'clampMss',
    config: { limits: { mss: 1400 } },
    packets: disturbed(
      tcpOptions.chain((options) =>
        tcpFrame({}, { flags: among(2, 2, 2, 0x12, 0x10), options: fc.constant(options) }),
      ),
    ),
  },
  vxlan: {
    entry: 'inspect',
    packets: disturbed(
      udpFrame(
        {},
        { destination: among(4789, 4789, 4789, 4790) },
        join(number(1, among(8, 8, 8, 0)), payload(3, 3), number(4, among(0x100, 0x200, 0x301)), inner),
      ),
    ),
  },
  dispatch: {
    entry: 'dispatch',
    maps: { verdictOf: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((kind) => [kind, kind % 4]) },
    packets: disturbed(
      fc.oneof(
        ipv4Frame({ protocol: 1 }, icmp(among(0, 8, 3, 3, 5, 11, 13), among(0, 4))),
        ipv4Frame({ protocol: among(6, 17, 41, 47, 50, 132, 2, 89) }, payload()),
      ),
    ),
  },
  fragments: {
    entry: 'defragment',
    maps: { blocked: [[53, 1]] },
    packets: disturbed(
      udpFrame(
        {
          source: among(1, 2),
          destination: 3,
          identification: among(7, 8),
          protocol: 17,
          fragment: among(0, 0x2000, 0x2000, 0x2010, 0x0010, 0x4000),
        },
        { destination: among(53, 80) },
      ),
    ),
  },
  'dns-names': {
    entry: 'filterNames',
    maps: { names: [[fnv('\x03www\x02ab\x00'), 0]] },
    packets: disturbed(
      fc.oneof(
        dnsQuery(dnsName),
        dnsQuery(hex('03 57 77 57 02 61 42 00 0001 0001')),
        dnsQuery(payload(70, 90)),
      ),
    ),
  },
  indexes: {
    entry: 'index',
    maps: {
      tables: [
        [
          0,
          {
            fives: [1, 20, 300, 4000, 50_000],
            halves: [7, 6, 5, 4, 3, 2, 1],
            wide: Array.from({ length: 16 }, (_, at) => BigInt(at) << 10n),
          },
        ],
      ],
    },
    packets: disturbed(fc.oneof(ethernet(fc.nat(0xffff), payload(14, 60)), udpFrame({}, {}))),
    // The rest guards indexes that are inside, which the verifier does not see.
    coverage: 0.75,
  },
  'payload-hash': {
    entry: 'sample',
    config: { sampling: { oneIn: 3 } },
    packets: padded(disturbed(tcpFrame({}, {}))),
  },
};

/** FNV-1a, 64 bits. */
function fnv(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
