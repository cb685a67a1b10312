/**
 * Sockets of this and of other processes. A socket is taken from a running process by pidfd_getfd(2), which duplicates the
 * descriptor: both processes have the same socket then, and neither knows of the other.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, WaggleError } from '@waggle/bpf';
import { check } from '../errors.ts';
import { formatAddress, type IpAddress } from '../net/addresses.ts';
import { Descriptor } from '../sys/descriptor.ts';
import * as libc from '../sys/libc.ts';
import { NativeBuffer } from '../sys/memory.ts';
import { fileOperation } from './files.ts';

const SOL_SOCKET = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SO_ACCEPTCONN = 30;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
const SO_COOKIE = 57;
const AF_INET = 2n;
const AF_INET6 = 10n;
const IPPROTO_TCP = 6n;
const IPPROTO_UDP = 17n;
const TCP_LISTEN = 0x0a;
const UDP_UNCONNECTED = 0x07;

const PTRACE = 'Run as root, or grant CAP_SYS_PTRACE';

/** What the kernel tells about a socket. */
export interface SocketInfo {
  /** undefined for sockets of other protocols. */
  readonly protocol: 'tcp' | 'udp' | undefined;
  readonly family: 4 | 6 | undefined;
  /** Whether it also takes IPv4, as a socket of IPv6 does unless it has IPV6_V6ONLY. */
  readonly dualStack: boolean;
  /** Whether it waits for connections; always false for UDP. */
  readonly listening: boolean;
  /** The number by which `ss -e` shows it, in hexadecimal. */
  readonly cookie: bigint;
}

/** A socket of a process, as found in /proc. */
export interface ProcessSocket {
  readonly fd: number;
  readonly protocol: 'tcp' | 'udp';
  readonly address: IpAddress;
  readonly port: number;
}

/** A socket that this process holds. */
export class Socket implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #object: string;

  private constructor(fd: number, object: string) {
    this.#descriptor = new Descriptor(fd, object);
    this.#object = object;
  }

  /**
   * Duplicates a socket of another process.
   * @throws KernelError NOT_FOUND for a process or a descriptor that is gone, DENIED without CAP_SYS_PTRACE.
   */
  static ofProcess(pid: number, fd: number): Socket {
    const object = `descriptor ${fd} of process ${pid}`;
    const process = new Descriptor(
      check(libc.pidfdOpen(pid), 'open', `process ${pid}`, { hint: 'There may be no such process' }),
      `process ${pid}`,
    );
    try {
      return new Socket(check(libc.pidfdGetfd(process.fd, fd), 'take', object, { hint: PTRACE }), object);
    } finally {
      process.close();
    }
  }

  /** Takes over a descriptor that this process was started with. */
  static inherited(fd: number): Socket {
    return new Socket(fd, `descriptor ${fd}`);
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  /** @throws KernelError INVALID when the descriptor is no socket. */
  info(): SocketInfo {
    const domain = this.#option(SOL_SOCKET, SO_DOMAIN, 4);
    const protocol = this.#option(SOL_SOCKET, SO_PROTOCOL, 4);
    const family = domain === AF_INET ? 4 : domain === AF_INET6 ? 6 : undefined;
    return {
      protocol: protocol === IPPROTO_TCP ? 'tcp' : protocol === IPPROTO_UDP ? 'udp' : undefined,
      family,
      dualStack: family === 6 && this.#option(IPPROTO_IPV6, IPV6_V6ONLY, 4) === 0n,
      listening: this.#option(SOL_SOCKET, SO_ACCEPTCONN, 4) !== 0n,
      cookie: this.#option(SOL_SOCKET, SO_COOKIE, 8),
    };
  }

  #option(level: number, name: number, size: 4 | 8): bigint {
    const [value, length] = [new NativeBuffer(8), new NativeBuffer(4)];
    length.view.setUint32(0, size, true);
    const result = libc.getsockopt(this.fd, level, name, value.address, length.address);
    check(result, 'ask', this.#object, { code: 'INVALID', hint: 'It is no socket' });
    return value.view.getBigUint64(0, true);
  }

  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * The sockets of a process that wait for connections (TCP) or datagrams from anybody (UDP).
 * @throws KernelError NOT_FOUND without such a process, DENIED when its descriptors are not ours to see.
 */
export function listeningSockets(pid: number): ProcessSocket[] {
  if (!Number.isInteger(pid) || pid <= 0) {
    throw new WaggleError('OUT_OF_RANGE', `${describe(pid)} is not a process id`);
  }
  const folder = `/proc/${pid}/fd`;
  const names = fileOperation('look at', `process ${pid}`, () => readdirSync(folder), {
    hint: 'Is it running, and are you root?',
  });
  const byInode = new Map<string, number>();
  for (const name of names) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`)) ?? [];
    if (inode !== undefined) byInode.set(inode, Number(name));
  }
  return (['tcp', 'tcp6', 'udp', 'udp6'] as const).flatMap((table) => {
    const text = fileOperation('read the sockets of', `process ${pid}`, () =>
      readFileSync(`/proc/${pid}/net/${table}`, 'utf8'),
    );
    return parseSocketTable(text).flatMap(({ inode, state, address, port }) => {
      const fd = byInode.get(inode);
      const protocol = table.startsWith('tcp') ? 'tcp' : 'udp';
      const waits = state === (protocol === 'tcp' ? TCP_LISTEN : UDP_UNCONNECTED);
      return fd === undefined || !waits ? [] : [{ fd, protocol, address, port } as const];
    });
  });
}

/** Where a link leads; nowhere if the descriptor was closed since it was listed. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** A line of /proc/net/tcp and its kind. */
export interface SocketRow {
  readonly address: IpAddress;
  readonly port: number;
  /** Where it is connected to; zeros if it is not. */
  readonly remote: { readonly address: IpAddress; readonly port: number };
  /** As the kernel counts those of TCP. */
  readonly state: number;
  readonly inode: string;
}

/** Reads /proc/net/tcp and its kind: addresses are words of the machine in hexadecimal. */
export function parseSocketTable(text: string): SocketRow[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', far = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
      const [place, remote] = [parsePlace(local), parsePlace(far)];
      if (place === undefined || remote === undefined) return [];
      return [{ ...place, remote, state: Number.parseInt(state, 16), inode }];
    });
}

function parsePlace(text: string): SocketRow['remote'] | undefined {
  const [words = '', port = ''] = text.split(':');
  if (words.length !== 8 && words.length !== 32) return undefined;
  const bytes = new Uint8Array(words.length / 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 4) {
    view.setUint32(at, Number.parseInt(words.slice(2 * at, 2 * at + 8), 16), true);
  }
  return { address: { family: bytes.length === 4 ? 4 : 6, bytes }, port: Number.parseInt(port, 16) };
}

/** The connections of TCP, and sockets that wait for some, in the network namespace of the calling thread. */
export const tcpSockets = (): SocketRow[] => socketsOf('tcp', 'tcp6');

/** The sockets of UDP in the network namespace of the calling thread. */
export const udpSockets = (): SocketRow[] => socketsOf('udp', 'udp6');

function socketsOf(...tables: readonly string[]): SocketRow[] {
  return tables.flatMap((table) =>
    parseSocketTable(
      fileOperation('read', `the sockets of ${table}`, () =>
        readFileSync(`/proc/thread-self/net/${table}`, 'utf8'),
      ),
    ),
  );
}

/** A socket of a process as people write it: `tcp 127.0.0.1:80`. */
export const formatProcessSocket = ({ protocol, address, port }: ProcessSocket): string =>
  `${protocol} ${address.family === 6 ? `[${formatAddress(address.bytes)}]` : formatAddress(address.bytes)}:${port}`;
