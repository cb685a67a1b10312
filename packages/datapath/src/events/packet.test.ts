import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeIpPacket, decodePacket } from './packet.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

const ETHERNET = '020000000002 020000000001';
const TCP4 = `${ETHERNET} 0800
  45 00 003c 1234 4000 40 06 0000 0a000001 0a000002`;
/** Ports 50000 and 8080, a SYN with the usual options. */
const SYN = `c350 1f90 00000001 00000000 a002 faf0 0000 0000
  020405b4 0402 080a 0000000a 0000000b 01 030307`;
const UDP6 = '0035 3039 000c 0000 01020304';

describe('a packet', () => {
  test('of TCP with its options', () => {
    assert.deepEqual(decodePacket(hex(TCP4 + SYN)), {
      ethernet: { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02', type: 0x800 },
      ip: {
        version: 4,
        source: '10.0.0.1',
        destination: '10.0.0.2',
        protocol: 6,
        timeToLive: 64,
        trafficClass: 0,
        length: 60,
      },
      tcp: {
        sourcePort: 50_000,
        destinationPort: 8080,
        sequence: 1,
        acknowledgement: 0,
        flags: ['SYN'],
        window: 64_240,
        options: {
          maximumSegment: 1460,
          selectiveAcknowledgement: true,
          timestamps: { value: 10, echo: 11 },
          windowScale: 7,
        },
      },
      truncated: false,
    });
  });

  test('that is cut off says so, and keeps what was there', () => {
    const whole = hex(TCP4 + SYN);
    const inOptions = decodePacket(whole.subarray(0, 60));
    assert.equal(inOptions.truncated, true);
    assert.equal(inOptions.tcp?.destinationPort, 8080);
    const inPorts = decodePacket(whole.subarray(0, 40));
    assert.deepEqual([inPorts.truncated, inPorts.tcp, inPorts.ip?.source], [true, undefined, '10.0.0.1']);
    assert.deepEqual(decodePacket(whole.subarray(0, 10)), { truncated: true });
    for (let length = 0; length < whole.length; length++) {
      assert.equal(decodePacket(whole.subarray(0, length)).truncated, true, `${length} bytes`);
    }
  });

  test('with VLANs', () => {
    const { ethernet, ip } = decodePacket(
      hex(`${ETHERNET} 88a8 0064 8100 0007 ${TCP4.slice(ETHERNET.length)}${SYN}`),
    );
    assert.deepEqual([ethernet?.vlans, ethernet?.type, ip?.version], [[100, 7], 0x800, 4]);
  });

  test('with options of IPv4', () => {
    const packet = hex(`46 00 0020 0000 0000 01 11 0000 0a000001 e0000001 94040000 0035 0035 0008 0000`);
    const { ip, udp, truncated } = decodeIpPacket(packet);
    assert.deepEqual([ip?.options, udp?.length, truncated], [[148], 8, false]);
  });

  test('behind extension headers of IPv6', () => {
    const addresses = `20010db8000000000000000000000001 20010db8000000000000000000000002`;
    const hopByHop = '3c 00 050200000100';
    const destination = '33 01 0104000000000104000000000000';
    const authentication = '11 04 0000 00000001 00000001 000102030405060708090a0b';
    const packet = hex(
      `60200007 0048 00 40 ${addresses} ${hopByHop} ${destination} ${authentication} ${UDP6}`,
    );
    const { ip, udp, truncated } = decodeIpPacket(packet);
    assert.deepEqual(ip?.options, [0, 60, 51]);
    assert.deepEqual([ip?.protocol, ip?.trafficClass, ip?.flowLabel], [17, 2, 7]);
    assert.deepEqual([udp, truncated], [{ sourcePort: 53, destinationPort: 12_345, length: 12 }, false]);
  });

  test('in pieces', () => {
    const [first, second] = ['2000', '00b9'].map((place) =>
      decodeIpPacket(hex(`45 00 05dc abcd ${place} 40 11 0000 0a000001 0a000002 ${UDP6}`)),
    );
    assert.deepEqual(first?.ip?.fragment, { identification: 0xabcd, offset: 0, more: true });
    assert.equal(first?.udp?.destinationPort, 12_345);
    assert.deepEqual(second?.ip?.fragment, { identification: 0xabcd, offset: 1480, more: false });
    assert.equal(second?.udp, undefined, 'there is no header in it');
    const third = decodeIpPacket(hex(`60000000 0010 2c 40 ${'00'.repeat(32)} 11 00 05a8 0000beef ${UDP6}`));
    assert.deepEqual(third.ip?.fragment, { identification: 0xbeef, offset: 1448, more: false });
    assert.equal(third.udp, undefined);
  });

  test('of ICMP, with what it is about', () => {
    const echo = decodeIpPacket(
      hex(`45 00 001c 0000 0000 40 01 0000 0a000001 0a000002 08 00 0000 1234 0001`),
    );
    assert.deepEqual(echo.icmp, { type: 8, code: 0, identifier: 0x1234, sequence: 1 });
    const quoted = `45 00 001c 0000 0000 40 11 0000 0a000002 0a000001 0035 3039 0008 0000`;
    const { icmp } = decodeIpPacket(
      hex(`45 00 0038 0000 0000 40 01 0000 0a000001 0a000002 03 03 0000 00000000 ${quoted}`),
    );
    assert.deepEqual([icmp?.type, icmp?.code, icmp?.identifier], [3, 3, undefined]);
    assert.deepEqual(icmp?.about?.udp, { sourcePort: 53, destinationPort: 12_345, length: 8 });
    const echo6 = decodeIpPacket(hex(`60000000 0008 3a 40 ${'00'.repeat(32)} 81 00 0000 0001 0002`));
    assert.deepEqual(echo6.icmp, { type: 129, code: 0, identifier: 1, sequence: 2 });
  });

  test('of SCTP', () => {
    const { sctp } = decodeIpPacket(
      hex(`45 00 0024 0000 0000 40 84 0000 0a000001 0a000002 0b59 0b5a 00000007 00000000 01000014`),
    );
    assert.deepEqual(sctp, { sourcePort: 2905, destinationPort: 2906, tag: 7, chunk: 1 });
  });

  test('of ARP', () => {
    const { arp } = decodePacket(
      hex(`ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 a9fe0101`),
    );
    assert.deepEqual(arp, {
      operation: 1,
      senderMac: '02:00:00:00:00:01',
      senderAddress: '10.0.0.1',
      targetMac: '00:00:00:00:00:00',
      targetAddress: '169.254.1.1',
    });
  });

  test('of nothing that we know', () => {
    assert.deepEqual(decodePacket(hex(`${ETHERNET} 88cc 0000`)).truncated, false);
    assert.equal(decodePacket(hex(`${ETHERNET} 0800 55`)).truncated, true);
    assert.equal(decodeIpPacket(hex(`45 00 0014 0000 0000 40 32 0000 0a000001 0a000002`)).ip?.protocol, 50);
  });
});

describe('any bytes', () => {
  const starts = fc.constantFrom(
    '',
    TCP4,
    `${ETHERNET} 86dd 60000000 0040`,
    `${ETHERNET} 0806`,
    `${ETHERNET} 8100`,
  );
  const bytes = fc
    .tuple(starts, fc.uint8Array({ maxLength: 200 }))
    .map(([start, rest]) => Uint8Array.of(...hex(start), ...rest));

  test('are read without an exception, and into plain data', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        const packet = decodePacket(data);
        assert.deepEqual(JSON.parse(JSON.stringify(packet)), packet);
      }),
      { numRuns: 3000 },
    );
  });

  test('that change in a packet never break it', () => {
    const packets = [
      TCP4 + SYN,
      `${ETHERNET} 86dd 60000000 0010 2c 40 ${'00'.repeat(32)} 11 00 0000 0000 ${UDP6}`,
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...packets),
        fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { maxLength: 8 }),
        (text, changes) => {
          const data = hex(text);
          for (const [place, value] of changes) if (place < data.length) data[place] = value;
          assert.ok(decodePacket(data));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('errors in errors come to an end', () => {
    const error = '45000038000000004001 0000 0a000001 0a000002 0303 0000 00000000';
    const nested = decodeIpPacket(hex(error.repeat(1000)));
    assert.ok(nested.icmp?.about?.icmp);
    assert.equal(nested.icmp.about.icmp.about, undefined);
  });
});
