/**
 * What programs on packets are given in r1: the context struct of their type, which points to the packet. A context
 * belongs to one run; what the program did to it and to the packet is read from it afterwards.
 */
import { codecOf, type Infer, SkBuff, type Struct, WaggleError, XdpMd } from '@waggle/bpf';
import { Region } from './memory.ts';
import { Packet, type PacketOptions } from './packet.ts';

/** A context in memory, with its packet. `T` is the struct's value. */
export class PacketContext<T = unknown> {
  /** Which of the two kinds of helpers for packets it goes with. */
  readonly kind: 'xdp' | 'socketBuffer';
  readonly region: Region;
  readonly packet: Packet;
  readonly #struct: Struct<T>;

  constructor(kind: PacketContext['kind'], struct: Struct<T>, fields: T, packet: Packet) {
    this.kind = kind;
    this.packet = packet;
    this.#struct = struct;
    const name = `the context ${struct.name}`;
    this.region = new Region(name, codecOf(struct).encode(fields), { writable: kind === 'socketBuffer' });
    this.refresh();
  }

  /** The fields of the struct as they are now. */
  get fields(): T {
    return codecOf(this.#struct).decode(this.region.bytes);
  }

  /** Points the struct to where the packet is now. */
  refresh(): void {
    const values: Readonly<Record<string, number>> = { ...this.packet.addresses, length: this.packet.length };
    for (const { name, offset } of this.#struct.fields) {
      const value = values[name];
      if (value !== undefined) this.region.view.setUint32(offset, value, true);
    }
  }
}

/** What {@link xdpContext} takes beside the packet. */
export interface XdpContextOptions extends PacketOptions {
  readonly ingressInterface?: number;
  readonly receiveQueue?: number;
  readonly egressInterface?: number;
}

/** The context of an XDP program. */
export function xdpContext(
  bytes: Uint8Array,
  options: XdpContextOptions = {},
): PacketContext<Infer<typeof XdpMd>> {
  const { ingressInterface = 1, receiveQueue = 0, egressInterface = 0, ...rest } = options;
  const pointers = { data: 0, dataEnd: 0, dataMeta: 0 };
  const fields = { ...pointers, ingressInterface, receiveQueue, egressInterface };
  return new PacketContext('xdp', XdpMd, fields, new Packet(bytes, rest));
}

/** What {@link tcContext} takes beside the packet: any field of the struct. */
export type TcContextOptions = PacketOptions & Partial<Infer<typeof SkBuff>>;

/** Where an Ethernet frame has its EtherType. */
const ETHER_TYPE = 12;
const ETHERNET = 14;

/**
 * The context of programs on socket buffers (tc, cgroup skb, socket filters). The protocol is taken from the packet, which
 * begins with an Ethernet header.
 * @throws WaggleError WRONG_SIZE for a packet that is shorter than that.
 */
export function tcContext(
  bytes: Uint8Array,
  options: TcContextOptions = {},
): PacketContext<Infer<typeof SkBuff>> {
  if (bytes.length < ETHERNET) {
    throw new WaggleError(
      'WRONG_SIZE',
      `a packet of ${bytes.length} bytes has no Ethernet header of ${ETHERNET} bytes`,
    );
  }
  const { headroom, tailroom, metadata, ...given } = options;
  const zeros = codecOf(SkBuff).decode(new Uint8Array(SkBuff.size));
  // The bytes stay in network order, whichever that makes of the number.
  const protocol = new DataView(bytes.buffer, bytes.byteOffset).getUint16(ETHER_TYPE, true);
  const fields = { ...zeros, protocol, wireLength: bytes.length, interfaceIndex: 1, ...given };
  const room = {
    ...(headroom === undefined ? {} : { headroom }),
    ...(tailroom === undefined ? {} : { tailroom }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  return new PacketContext('socketBuffer', SkBuff, fields, new Packet(bytes, room));
}
