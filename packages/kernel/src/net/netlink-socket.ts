/**
 * A netlink socket: requests that the kernel answers before `send` returns, so everything is synchronous (an answer
 * takes microseconds, and a network namespace is held by synchronous code only). The socket belongs to the namespace
 * in which it was opened, wherever the thread goes afterwards.
 *
 * Errors carry the kernel's own sentence (extended acknowledgements); dump requests are checked strictly, so a filter
 * is either applied or refused; a dump during which the tables changed is repeated.
 */
import { WaggleError } from '@waggle/bpf';
import { check, KernelError } from '../errors.ts';
import { Descriptor } from '../sys/descriptor.ts';
import { errno } from '../sys/errno.ts';
import * as libc from '../sys/libc.ts';
import { NativeBuffer } from '../sys/memory.ts';
import type { MessageBuilder } from './message-builder.ts';
import { NetworkNamespace } from './namespace.ts';
import {
  type Message,
  MessageFlag,
  MessageType,
  parseAcknowledgement,
  parseMessages,
} from './netlink-message.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 0o2000003;
const protocols = { route: 0, generic: 16 } as const;

const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_PEEK = 0x2;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

/** The kernel fills dumps up to this size. */
const RECEIVE_SIZE = 32 * 1024;
/** Room for the events of some thousand changes while the event loop is busy. */
const EVENT_BUFFER_SIZE = 1024 * 1024;
const DEFAULT_TIMEOUT = 5000;
const DUMP_ATTEMPTS = 16;

/** What a request is for, as errors say it: `add`, `address 10.0.0.1/24 to device "eth7"`. */
export interface Intent {
  readonly operation: string;
  readonly object: string;
}

/** Options of {@link NetlinkSocket.open}. */
export interface NetlinkSocketOptions {
  /** `route` for links, addresses, routes; `generic` for ethtool and other families by name. */
  readonly family: keyof typeof protocols;
  /** Where to open the socket; the calling thread's namespace by default. Not used afterwards. */
  readonly namespace?: NetworkNamespace;
  /** Milliseconds to wait for an answer. */
  readonly timeout?: number;
}

/** What {@link NetlinkSocket.watch} reports: messages, or that the kernel had to drop some. */
export type Notification = readonly Message[] | 'lost';

/** A connection to the kernel's netlink, owned until {@link NetlinkSocket.close}. */
export class NetlinkSocket implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #family: NetlinkSocketOptions['family'];
  #sendBuffer = new NativeBuffer(4096);
  #receiveBuffer = new NativeBuffer(RECEIVE_SIZE);
  #sequence = 0;
  #watch: libc.Watch | undefined;
  /** Whether another thread is sending a request. */
  #aside = false;

  private constructor(fd: number, family: NetlinkSocketOptions['family']) {
    this.#descriptor = new Descriptor(fd, 'the netlink socket');
    this.#family = family;
  }

  /** @throws KernelError NOT_SUPPORTED when the kernel lacks the family, or an option (Linux 4.20 has all). */
  static open(options: NetlinkSocketOptions): NetlinkSocket {
    const open = () => libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocols[options.family]);
    const fd = options.namespace === undefined ? open() : options.namespace.run(open);
    return NetlinkSocket.#prepare(fd, options.family, options.timeout ?? DEFAULT_TIMEOUT);
  }

  static #prepare(fd: number, family: NetlinkSocketOptions['family'], timeout: number): NetlinkSocket {
    check(fd, 'open', 'a netlink socket');
    const socket = new NetlinkSocket(fd, family);
    try {
      const address = new NativeBuffer(12);
      address.view.setUint16(0, AF_NETLINK, true);
      check(libc.bindSocket(fd, address.address, address.size), 'bind', 'a netlink socket');
      const interval = new NativeBuffer(16);
      interval.view.setBigInt64(0, BigInt(Math.floor(timeout / 1000)), true);
      interval.view.setBigInt64(8, BigInt(Math.floor((timeout % 1000) * 1000)), true);
      socket.#setOption(SOL_SOCKET, SO_RCVTIMEO, interval);
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
        socket.#setOption(SOL_NETLINK, option, integer(1));
      }
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Another socket in the same network namespace, wherever the calling thread is. */
  sibling(family: NetlinkSocketOptions['family']): NetlinkSocket {
    using namespace = NetworkNamespace.ofSocket(this.fd);
    return NetlinkSocket.open({ family, namespace });
  }

  /** The file descriptor, still owned by this object.
   * @throws WaggleError CLOSED */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Sends one request and answers the kernel's replies, none for most changes.
   * @throws KernelError when the kernel says no, or says nothing in time.
   */
  request(message: MessageBuilder, intent: Intent): Message[] {
    const sequence = this.#send(message, MessageFlag.request | MessageFlag.acknowledge, intent);
    return this.#replies(sequence, intent);
  }

  /**
   * As {@link request}, but the kernel does its work on another thread: for what takes it long. Nothing else can be asked on this
   * socket meanwhile.
   */
  async requestAside(message: MessageBuilder, intent: Intent): Promise<Message[]> {
    const sequence = this.#next(intent);
    const buffer = NativeBuffer.from(message.finish(MessageFlag.request | MessageFlag.acknowledge, sequence));
    this.#aside = true;
    try {
      check(await libc.sendAside(this.fd, buffer.address, buffer.size, 0), intent.operation, intent.object);
    } finally {
      this.#aside = false;
    }
    // The kernel has answered before the sender returned.
    return this.#replies(sequence, intent);
  }

  #replies(sequence: number, intent: Intent): Message[] {
    const replies: Message[] = [];
    for (;;) {
      // A late answer to a request that had timed out still carries that request's number.
      for (const reply of this.#receive(intent)) {
        if (reply.sequence !== sequence) continue;
        if (reply.type === MessageType.error) {
          checkAcknowledgement(reply, intent);
          return replies;
        }
        replies.push(reply);
      }
    }
  }

  /**
   * Asks for a whole table.
   * @throws KernelError when the kernel says no; BUSY when the table kept changing while it was read.
   */
  dump(message: MessageBuilder, intent: Intent): Message[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const replies = this.#dumpOnce(message, intent);
      if (replies !== undefined) return replies;
    }
    throw new WaggleError(
      'BUSY',
      `${intent.operation} ${intent.object}: the table kept changing while it was read`,
      {
        hint: 'Try again, or ask for a part of it',
      },
    );
  }

  /** One dump; undefined when the table changed in between, so that entries may be missing or double. */
  #dumpOnce(message: MessageBuilder, intent: Intent): Message[] | undefined {
    const sequence = this.#send(message, MessageFlag.request | MessageFlag.dump, intent);
    const replies: Message[] = [];
    let consistent = true;
    for (;;) {
      for (const reply of this.#receive(intent)) {
        if (reply.sequence !== sequence) continue;
        if ((reply.flags & MessageFlag.dumpInterrupted) !== 0) consistent = false;
        if (reply.type === MessageType.error || reply.type === MessageType.done) {
          checkAcknowledgement(reply, intent);
          return consistent ? replies : undefined;
        }
        replies.push(reply);
      }
    }
  }

  /**
   * Joins multicast groups (RTNLGRP_*) and calls back on the event loop with what the kernel announces. The socket
   * serves nothing else from then on.
   */
  watch(groups: readonly number[], callback: (notification: Notification) => void): libc.Watch {
    const intent = { operation: 'watch', object: `the ${this.#family} netlink` };
    this.#setOption(SOL_SOCKET, SO_RCVBUFFORCE, integer(EVENT_BUFFER_SIZE));
    for (const group of groups) this.#setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, integer(group));
    this.#watch = libc.watchReadable(this.fd, () => {
      // The callback may close the socket.
      while (!this.#descriptor.closed) {
        const length = this.#receiveBytes(MSG_DONTWAIT);
        if (length === -errno.EAGAIN) return;
        if (length === -errno.ENOBUFS) callback('lost');
        else callback(this.#received(check(length, intent.operation, intent.object)));
      }
    });
    return this.#watch;
  }

  /** Closes the socket and ends its watch. Closing twice is harmless. */
  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The sequence number of the next message. */
  #next({ operation, object }: Intent): number {
    if (this.#watch !== undefined || this.#aside) {
      const doing = this.#aside ? 'waits for an answer' : 'is watching for events';
      throw new WaggleError('BUSY', `${operation} ${object}: this netlink socket ${doing}`);
    }
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }

  /** Sends a message; its sequence number. */
  #send(message: MessageBuilder, flags: number, intent: Intent): number {
    const sequence = this.#next(intent);
    const bytes = message.finish(flags, sequence);
    if (bytes.length > this.#sendBuffer.size) this.#sendBuffer = new NativeBuffer(2 * bytes.length);
    this.#sendBuffer.bytes.set(bytes);
    let sent: number;
    do sent = libc.send(this.fd, this.#sendBuffer.address, bytes.length, 0);
    while (sent === -errno.EINTR);
    check(sent, intent.operation, intent.object);
    return sequence;
  }

  /** Waits for the next datagram and answers its messages. */
  #receive(intent: Intent): Message[] {
    const length = this.#receiveBytes(0);
    if (length === -errno.EAGAIN) {
      throw new KernelError(intent.operation, intent.object, errno.ETIMEDOUT, {
        hint: 'The kernel did not answer; the change may have been made all the same',
      });
    }
    return this.#received(check(length, intent.operation, intent.object));
  }

  /** Receives one whole datagram into the buffer; its length or `-errno`. */
  #receiveBytes(flags: number): number {
    for (;;) {
      const { address, size } = this.#receiveBuffer;
      // Looking first costs a microsecond, and nothing is ever cut off.
      const length = libc.recv(this.fd, address, size, flags | MSG_PEEK | MSG_TRUNC);
      if (length === -errno.EINTR) continue;
      if (length <= size) return length < 0 ? length : libc.recv(this.fd, address, size, flags);
      this.#receiveBuffer = new NativeBuffer(2 * length);
    }
  }

  /** The messages of the last datagram, in memory of their own. */
  #received(length: number): Message[] {
    return parseMessages(this.#receiveBuffer.bytes.slice(0, length));
  }

  #setOption(level: number, option: number, value: NativeBuffer): void {
    check(libc.setsockopt(this.fd, level, option, value.address, value.size), 'set up', 'a netlink socket');
  }
}

function integer(value: number): NativeBuffer {
  const buffer = new NativeBuffer(4);
  buffer.view.setInt32(0, value, true);
  return buffer;
}

function checkAcknowledgement(reply: Message, intent: Intent): void {
  const { result, sentence } = parseAcknowledgement(reply);
  if (result >= 0) return;
  const hint =
    sentence !== undefined
      ? `The kernel says: ${sentence}`
      : result === -errno.EPERM
        ? 'Run as root, or grant CAP_NET_ADMIN'
        : undefined;
  throw new KernelError(intent.operation, intent.object, -result, hint === undefined ? {} : { hint });
}
