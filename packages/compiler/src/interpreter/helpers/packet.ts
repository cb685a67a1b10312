/** Helpers on packets: those of XDP, which move its ends, and those of socket buffers, which copy and replace bytes. */
import { Helper } from '../../backend/helper.ts';
import { errno } from '../errno.ts';
import type { Packet } from '../packet.ts';
import { fold, replaceChecksum, replaceWord, subtractSums, sumOf } from './checksum.ts';
import { type HelperFunction, type HelperHost, int, u32 } from './helper.ts';

const ETHERNET = 14;
/** What the kernel keeps at the very beginning of an XDP buffer: struct xdp_frame. */
const XDP_FRAME = 40;
/** The most metadata that the kernel can keep track of. */
const MOST_METADATA = 255;
/** The longest packet of XDP, fragments included. */
const LONGEST_XDP = 0xffff;
/** How long a socket buffer may become: the largest MTU and a link header. */
const LONGEST = 0xffff + ETHERNET;

/** Runs a change of the packet that moves it, and points the context to where it is then. */
function moving(machine: HelperHost, change: () => void): 0 {
  change();
  machine.context?.refresh();
  return 0;
}

const adjustHead: HelperFunction = (machine, _context, delta) => {
  const packet = machine.packetOf('xdp');
  const by = int(delta);
  if (packet.headroom + by < XDP_FRAME || packet.length - by < ETHERNET) return -errno.EINVAL;
  return moving(machine, () => packet.moveStart(by));
};

const adjustTail: HelperFunction = (machine, _context, delta) => {
  const packet = machine.packetOf('xdp');
  const by = int(delta);
  if (by > packet.tailroom || packet.length + by < ETHERNET) return -errno.EINVAL;
  return moving(machine, () => packet.moveEnd(by));
};

const adjustMeta: HelperFunction = (machine, _context, delta) => {
  const packet = machine.packetOf('xdp');
  const by = int(delta);
  const length = packet.metadata.length - by;
  if (packet.headroom + by < XDP_FRAME || length < 0) return -errno.EINVAL;
  if (length % 4 !== 0 || length > MOST_METADATA) return -errno.EACCES;
  return moving(machine, () => packet.moveMetadata(by));
};

const bufferLength: HelperFunction = (machine) => machine.packetOf('xdp').length;

/** The bytes of a packet at an offset, unless they are not all in it. */
function part(packet: Packet, offset: number, size: number): Uint8Array | undefined {
  const { bytes } = packet;
  return offset >= 0 && offset + size <= bytes.length ? bytes.subarray(offset, offset + size) : undefined;
}

const loadBytes: HelperFunction = (machine, _context, offset, target, size) => {
  const destination = machine.memory.bytes(target, u32(size), true);
  const source = part(machine.packetOf('socketBuffer'), int(offset), u32(size));
  if (source) destination.set(source);
  else destination.fill(0);
  return source ? 0 : -errno.EFAULT;
};

/** BPF_F_RECOMPUTE_CSUM and BPF_F_INVALIDATE_HASH */
const STORE_FLAGS = 3n;

const storeBytes: HelperFunction = (machine, _context, offset, source, size, flags) => {
  if ((flags & ~STORE_FLAGS) !== 0n) return -errno.EINVAL;
  const destination = part(machine.packetOf('socketBuffer'), int(offset), u32(size));
  destination?.set(machine.memory.bytes(source, u32(size)));
  return destination ? 0 : -errno.EFAULT;
};

/** The same for XDP; beyond the packet they leave everything as it is. */
const copyXdp =
  (isStore: boolean): HelperFunction =>
  (machine, _context, offset, address, size) => {
    if (u32(offset) > LONGEST_XDP || u32(size) > LONGEST_XDP) return -errno.EFAULT;
    const bytes = machine.memory.bytes(address, u32(size), !isStore);
    const inPacket = part(machine.packetOf('xdp'), u32(offset), u32(size));
    if (!inPacket) return -errno.EINVAL;
    if (isStore) inPacket.set(bytes);
    else bytes.set(inPacket);
    return 0;
  };

const pullData: HelperFunction = (machine, _context, length) => {
  const packet = machine.packetOf('socketBuffer');
  if (u32(length) > packet.length) return -errno.ENOMEM;
  return moving(machine, () => packet.relocate());
};

const changeTail: HelperFunction = (machine, _context, length, flags) => {
  const packet = machine.packetOf('socketBuffer');
  const wanted = u32(length);
  // The headers up to that of the network stay.
  const shortest = ETHERNET + packet.prepended;
  if (flags !== 0n || wanted < shortest || wanted > LONGEST) return -errno.EINVAL;
  const by = wanted - packet.length;
  return moving(machine, () => {
    packet.reserve(0, by);
    packet.moveEnd(by);
  });
};

/** Adds zeros before the first header. */
const changeHead: HelperFunction = (machine, _context, room, flags) => {
  const packet = machine.packetOf('socketBuffer');
  const by = u32(room);
  if (flags !== 0n || packet.length + by > LONGEST) return -errno.EINVAL;
  return moving(machine, () => {
    packet.reserve(by, 0);
    packet.moveStart(-by);
    packet.bytes.fill(0, 0, by);
  });
};

/** The low bits of the flags of the two below: the size of the replaced part, 0 for a difference of sums. */
const SIZE = 0xfn;
const PSEUDO_HEADER = 0x10n;
/** A checksum of 0 means that there is none: leave it so, and never make one of 0. */
const MANGLED_ZERO = 0x20n;
/** Compute it even if there was none. */
const ENFORCE = 0x40n;
const IPV6 = 0x80n;

function replaceInPacket(
  machine: HelperHost,
  [offset, from, to, flags]: readonly bigint[],
  known: bigint,
  replaceTwo: typeof replaceWord,
): number {
  if (offset === undefined || from === undefined || to === undefined || flags === undefined)
    return -errno.EINVAL;
  if ((flags & ~known) !== 0n) return -errno.EINVAL;
  if (int(offset) < 0 || int(offset) % 2 !== 0) return -errno.EFAULT;
  const field = part(machine.packetOf('socketBuffer'), int(offset), 2);
  if (!field) return -errno.EFAULT;
  const view = new DataView(field.buffer, field.byteOffset);
  const old = view.getUint16(0, true);
  const skipsNone = (flags & MANGLED_ZERO) !== 0n;
  if (skipsNone && (flags & ENFORCE) === 0n && old === 0) return 0;
  const size = flags & SIZE;
  const isKnown = size === 2n || size === 4n || (size === 0n && from === 0n);
  if (!isKnown) return -errno.EINVAL;
  const [before, after] = [u32(from), u32(to)];
  const replaced =
    size === 2n ? replaceTwo(old, before & 0xffff, after & 0xffff) : replaceChecksum(old, before, after);
  view.setUint16(0, skipsNone && replaced === 0 ? 0xffff : replaced, true);
  return 0;
}

const replaceL3: HelperFunction = (machine, _context, ...parameters) =>
  replaceInPacket(machine, parameters, SIZE, replaceWord);

const replaceL4: HelperFunction = (machine, _context, ...parameters) =>
  replaceInPacket(machine, parameters, SIZE | PSEUDO_HEADER | MANGLED_ZERO | ENFORCE | IPV6, replaceChecksum);

/** The difference of two sums, folded to 16 bits as kernels since 6.13 answer it. */
const difference: HelperFunction = ({ memory }, from, fromSize, to, toSize, seed) => {
  const [before, after] = [u32(fromSize), u32(toSize)];
  if (before % 4 !== 0 || after % 4 !== 0) return -errno.EINVAL;
  if (before + after === 0) return fold(u32(seed));
  const start = u32(seed);
  // There are two zeros, 0 and 0xffff; which of them comes out depends on the way.
  if (after === 0) return fold(~sumOf(memory.bytes(from, before), ~start >>> 0) >>> 0);
  const added = sumOf(memory.bytes(to, after), start);
  return fold(before === 0 ? added : subtractSums(added, sumOf(memory.bytes(from, before), 0)));
};

const hash: HelperFunction = (machine) => {
  const { context } = machine;
  machine.packetOf('socketBuffer');
  const fields = context?.fields;
  return typeof fields === 'object' && fields !== null && 'hash' in fields ? Number(fields.hash) : 0;
};

export const packetHelpers: readonly (readonly [number, HelperFunction])[] = [
  [Helper.xdpAdjustHead, adjustHead],
  [Helper.xdpAdjustTail, adjustTail],
  [Helper.xdpAdjustMeta, adjustMeta],
  [Helper.xdpGetBuffLen, bufferLength],
  [Helper.xdpLoadBytes, copyXdp(false)],
  [Helper.xdpStoreBytes, copyXdp(true)],
  [Helper.skbLoadBytes, loadBytes],
  [Helper.skbStoreBytes, storeBytes],
  [Helper.skbPullData, pullData],
  [Helper.skbChangeTail, changeTail],
  [Helper.skbChangeHead, changeHead],
  [Helper.l3CsumReplace, replaceL3],
  [Helper.l4CsumReplace, replaceL4],
  [Helper.csumDiff, difference],
  [Helper.getHashRecalc, hash],
];
