/** Programs of the corpus on sockets and their addresses. What they take is a context, not a packet. */
import { codecOf, SkLookupMd, SockAddr, SockOpsMd } from '@waggle/bpf';
import { Helper } from '@waggle/compiler';
import fc from 'fast-check';
import type { Fixture } from './fixture.ts';
import { among, type Bytes, disturbed, tcpFrame, udpFrame } from './packets.ts';

/** A context of zeros with some fields set. */
function context<T extends object>(
  codec: ReturnType<typeof codecOf<T>>,
  fields: fc.Arbitrary<Partial<T>>,
): Bytes {
  return fields.map((each) => codec.encode({ ...codec.decode(new Uint8Array(codec.size)), ...each }));
}

/** A port as `user_port` has it: network order, in the first two bytes. */
const userPort = (port: number): number => ((port & 0xff) << 8) | (port >>> 8);

export const sockets: Readonly<Record<string, Fixture>> = {
  'socket-guard': {
    entry: 'guard',
    // No packet here belongs to a socket of this machine: the addresses are for documentation (RFC 5737).
    helpers: { [Helper.skLookupTcp]: () => 0 },
    packets: disturbed(
      fc.oneof(
        tcpFrame({ source: 0xc633_6401, destination: 0xc633_6402, options: 0 }, {}),
        udpFrame({ source: 0xc633_6401, destination: 0xc633_6402, options: 0 }, {}),
      ),
    ),
    coverage: 0.4,
  },
  'connect-services': {
    entry: 'connect',
    maps: {
      services: [
        [
          { address: 0x0a60_0001, port: 443, protocol: 6 },
          {
            count: 4,
            list: [1, 2, 3, 0].map((each) => ({
              address: 0x0a01_0000 + each,
              port: each === 0 ? 0 : 8443 + each,
            })),
          },
        ],
        [
          { address: 0x0a60_0001, port: 80, protocol: 6 },
          { count: 0, list: [0, 0, 0, 0].map(() => ({ address: 0, port: 0 })) },
        ],
      ],
    },
    helpers: { [Helper.getSocketCookie]: () => 77n },
    packets: context(
      codecOf(SockAddr),
      fc.record({
        userIp4: among(0x0a60_0001, 0x0a60_0001, 0x0a60_0002),
        userPort: among(443, 443, 80).map(userPort),
        protocol: among(6, 6, 17),
      }),
    ),
  },
  'steer-lookups': {
    entry: 'steer',
    maps: {
      prefixes: [[{ prefixLength: 24, address: 0xc633_6400 }, 1]],
      ranges: [
        [4, { first: 80, last: 90, protocol: 6 }],
        [5, { first: 443, last: 443, protocol: 17 }],
      ],
    },
    packets: context(
      codecOf(SkLookupMd),
      fc.record({
        family: among(2, 2, 2, 10),
        protocol: among(6, 17),
        localIp4: among(0xc633_6401, 0xc633_6402, 0xc633_6501),
        localPort: among(79, 80, 90, 443),
        remoteIp4: among(0xcb00_7101),
        remotePort: among(1234),
      }),
    ),
  },
  'socket-events': {
    entry: 'follow',
    helpers: { [Helper.sockOpsCbFlagsSet]: () => 0 },
    packets: context(
      codecOf(SockOpsMd),
      fc.record({
        operation: among(1, 4, 5, 10, 10, 10, 3),
        arguments: among(1, 7, 7).map((state) => [4, state, 0, 0]),
        family: among(2, 2, 2, 10),
        localIp4: among(1, 2),
        remotePort: among(5),
        totalRetransmits: among(0, 9),
        bytesAcknowledged: fc.bigInt(0n, 1n << 63n),
      }),
    ),
  },
};
