/**
 * Generators of packets, put together from headers. What a header says about the rest (lengths, protocols, the checksum of
 * IPv4) is right; every other field is given, or any value. `disturbed` then damages some of them, for programs
 * have to survive what no sender would send.
 */
import fc from 'fast-check';

/** Bytes of a packet, or of a part of one. */
export type Bytes = fc.Arbitrary<Uint8Array>;
/** A number of a header: always the same one, or one of many. */
export type Number = number | fc.Arbitrary<number>;

/** One of a few values. */
export const among = (...values: number[]): fc.Arbitrary<number> => fc.constantFrom(...values);
const any = (bits: number): fc.Arbitrary<number> => fc.nat(2 ** bits - 1);

/** A number of so many bytes in network order. */
export function number(size: number, value: Number = any(size * 8)): Bytes {
  const values = typeof value === 'number' ? fc.constant(value) : value;
  return values.map((each) =>
    Uint8Array.from({ length: size }, (_, index) => Math.floor(each / 2 ** (8 * (size - 1 - index))) % 256),
  );
}

/** Parts one after another. */
export const join = (...parts: Bytes[]): Bytes => fc.tuple(...parts).map((each) => concatenated(each));
const concatenated = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** Any bytes, of which there are as many as this. */
export const payload = (minLength = 0, maxLength = 40): Bytes => fc.uint8Array({ minLength, maxLength });
/** Bytes written in hexadecimal. */
export const hex = (text: string): Bytes =>
  fc.constant(Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex')));

/** An Ethernet frame; addresses are numbers of 48 bits. */
export function ethernet(
  protocol: Number,
  rest: Bytes,
  { destination, source }: { readonly destination?: Number; readonly source?: Number } = {},
): Bytes {
  return join(number(6, destination), number(6, source), number(2, protocol), rest);
}

export const vlan = (tag: Number, protocol: Number, rest: Bytes): Bytes =>
  join(number(2, tag), number(2, protocol), rest);

/** The fields of an IPv4 header that matter to the program. */
export interface Ipv4Fields {
  readonly source?: Number;
  readonly destination?: Number;
  readonly protocol?: Number;
  readonly timeToLive?: Number;
  readonly typeOfService?: Number;
  readonly identification?: Number;
  readonly fragment?: Number;
  /** Words of options; most packets have none. */
  readonly options?: Number;
}

/** An IPv4 packet, its lengths and its checksum right. */
export function ipv4(fields: Ipv4Fields, rest: Bytes): Bytes {
  const options = fields.options ?? fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, fc.nat(10));
  const words = typeof options === 'number' ? fc.constant(options) : options;
  const header = join(
    number(1, 0x45),
    number(1, fields.typeOfService),
    number(2, 0),
    number(2, fields.identification),
    number(2, fields.fragment ?? 0),
    number(1, fields.timeToLive),
    number(1, fields.protocol),
    number(2, 0),
    number(4, fields.source),
    number(4, fields.destination),
  );
  return fc.tuple(header, words, rest).map(([fixed, count, inner]) => {
    const packet = concatenated([fixed, new Uint8Array(count * 4).fill(1), inner]);
    const view = new DataView(packet.buffer);
    view.setUint8(0, 0x45 + count);
    view.setUint16(2, packet.length);
    view.setUint16(10, ~sum(packet.subarray(0, 20 + count * 4)) & 0xffff);
    return packet;
  });
}

/** The ones' complement sum of 16 bit words (RFC 1071). */
function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** An IPv6 packet; addresses are bytes. */
export function ipv6(nextHeader: Number, source: Bytes, destination: Bytes, rest: Bytes): Bytes {
  return rest.chain((inner) =>
    join(
      number(
        4,
        any(28).map((flow) => flow + 0x6000_0000),
      ),
      number(2, inner.length),
      number(1, nextHeader),
      number(1),
      source,
      destination,
      fc.constant(inner),
    ),
  );
}

/** The fields of transport headers that matter to the program. */
export interface TransportFields {
  readonly source?: Number;
  readonly destination?: Number;
  readonly flags?: Number;
  readonly options?: Bytes;
}

/** A TCP segment; its options are a multiple of 4 bytes. */
export function tcp(
  { source, destination, flags, options = payload(0, 0) }: TransportFields,
  rest = payload(),
): Bytes {
  return options.chain((each) =>
    join(
      number(2, source),
      number(2, destination),
      payload(8, 8),
      number(1, (5 + each.length / 4) << 4),
      number(1, flags),
      payload(6, 6),
      fc.constant(each),
      rest,
    ),
  );
}

/** A UDP datagram; half of them without a checksum. */
export function udp({ source, destination }: TransportFields, rest = payload()): Bytes {
  return rest.chain((inner) =>
    join(
      number(2, source),
      number(2, destination),
      number(2, inner.length + 8),
      number(2, fc.oneof(fc.constant(0), any(16))),
      fc.constant(inner),
    ),
  );
}

/** An ICMP message. */
export const icmp = (type: Number, code: Number): Bytes =>
  join(number(1, type), number(1, code), payload(6, 46));

/** IPv4 in Ethernet: what most programs expect. */
export const ipv4Frame = (fields: Ipv4Fields, rest: Bytes): Bytes => ethernet(0x0800, ipv4(fields, rest));

/** TCP or UDP over IPv4 in Ethernet. */
export const tcpFrame = (fields: Ipv4Fields, transport: TransportFields, rest?: Bytes): Bytes =>
  ipv4Frame({ ...fields, protocol: 6 }, tcp(transport, rest));
export const udpFrame = (fields: Ipv4Fields, transport: TransportFields, rest?: Bytes): Bytes =>
  ipv4Frame({ ...fields, protocol: 17 }, udp(transport, rest));

/** The least that a test run takes. */
const SHORTEST = 14;

/** Mostly the packets as they are; some with a byte changed, some cut off, some of another kind altogether. */
export function disturbed(packets: Bytes, shortest = SHORTEST): Bytes {
  const changed = fc.tuple(
    packets,
    fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { minLength: 1, maxLength: 2 }),
  );
  const cut = fc.tuple(packets, fc.nat(60));
  return fc.oneof(
    { arbitrary: packets, weight: 6 },
    {
      arbitrary: changed.map(([packet, changes]) => {
        const bytes = packet.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      }),
      weight: 2,
    },
    {
      arbitrary: cut.map(([packet, length]) => packet.slice(0, Math.max(shortest, length))),
      weight: 1,
    },
    {
      arbitrary: ethernet(fc.oneof(any(16), among(0x0800, 0x0806, 0x86dd, 0x8100)), payload(shortest)),
      weight: 1,
    },
  );
}

/** The least that the kernel takes for a socket buffer that says it has an IPv4 or IPv6 header. */
const LEAST: ReadonlyMap<number, number> = new Map([
  [0x0800, 34],
  [0x86dd, 54],
]);

/** The same packets, padded as far as a test run with a socket buffer demands. */
export const padded = (packets: Bytes): Bytes =>
  packets.map((packet) => {
    const least = LEAST.get(((packet[12] ?? 0) << 8) | (packet[13] ?? 0)) ?? 0;
    return Uint8Array.from({ length: Math.max(packet.length, least) }, (_, at) => packet[at] ?? 0);
  });
