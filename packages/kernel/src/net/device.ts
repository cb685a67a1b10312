/**
 * Devices by name or by index. Netlink wants the index; it is looked up for each request, because a name may have passed
 * on to another device since the last one. The look-up costs about a microsecond (netdevice(7): any socket will do).
 */
import { describe } from '@waggle/bpf';
import { KernelError } from '../errors.ts';
import * as libc from '../sys/libc.ts';
import { NativeBuffer } from '../sys/memory.ts';
import { checkInterfaceName, checkRange } from './checks.ts';
import { textOf } from './netlink-message.ts';
import type { Intent, NetlinkSocket } from './netlink-socket.ts';

/** A network device: its name, or its interface index. */
export type Device = string | number;

const SIOCGIFNAME = 0x8910;
const SIOCGIFINDEX = 0x8933;
/** struct ifreq: the name, then a union that begins with the index. */
const IFREQ_SIZE = 40;
const IFNAMSIZ = 16;
const encoder = new TextEncoder();

/** How messages call a device. */
export function deviceText(device: Device): string {
  return typeof device === 'number' ? `device #${device}` : `device ${describe(device)}`;
}

/**
 * The index of a device in the namespace of the socket. A number is taken as it is.
 * @throws KernelError NOT_FOUND, in the words of `intent`.
 */
export function interfaceIndex(socket: NetlinkSocket, device: Device, intent: Intent): number {
  if (typeof device === 'number') return checkRange(device, 'an interface index', 1, 0x7fffffff);
  const request = new NativeBuffer(IFREQ_SIZE);
  encoder.encodeInto(checkInterfaceName(device), request.bytes);
  const result = libc.ioctl(socket.fd, SIOCGIFINDEX, request.address);
  if (result < 0) throw new KernelError(intent.operation, intent.object, -result, missing(device));
  return request.view.getInt32(IFNAMSIZ, true);
}

function missing(device: string): { hint: string } {
  return { hint: `There is no device ${describe(device)} in this network namespace` };
}

/**
 * The name of a device in the namespace of the socket.
 * @throws KernelError NOT_FOUND
 */
export function interfaceName(socket: NetlinkSocket, index: number): string {
  const request = new NativeBuffer(IFREQ_SIZE);
  request.view.setInt32(IFNAMSIZ, checkRange(index, 'an interface index', 1, 0x7fffffff), true);
  const result = libc.ioctl(socket.fd, SIOCGIFNAME, request.address);
  if (result < 0) throw new KernelError('find', deviceText(index), -result);
  return textOf(request.bytes.subarray(0, IFNAMSIZ));
}

/** A namespace to put a device into: an open {@link NetworkNamespace}, or that of a process. */
export type NamespaceTarget = { readonly fd: number } | { readonly pid: number };
