/**
 * What the body of a program may do with its context, for `tsc` and the editor. A context is the struct of
 * context.ts without its pointers, read-only where the verifier lets programs only read, plus what the
 * compiler offers in their place: typed access to the packet, to the arguments of a traced function, to
 * memory at an offset.
 */
import type {
  DeviceAccessMd,
  SkBuff,
  SkLookupMd,
  SkMsgMd,
  SkReuseportMd,
  Sock,
  SockAddr,
  SockOpsMd,
  SockoptMd,
  SysctlMd,
  XdpMd,
} from './context.ts';
import type { u32, u64 } from './scalar.ts';
import type { Infer, Type } from './types.ts';

/** A context struct without the `Hidden` fields, in which only the `Writable` ones can be assigned. */
type ContextOf<
  Layout,
  Hidden extends keyof Infer<Layout> = never,
  Writable extends keyof Infer<Layout> = never,
> = Readonly<Omit<Infer<Layout>, Hidden | Writable>> & Pick<Infer<Layout>, Writable>;

/** The bytes of a packet. */
export interface Packet {
  /** Bytes of the packet, from its first header on. */
  readonly length: u32;
  /**
   * The bytes at `offset` seen as a `type`, or null when the packet ends before the last of them. Reading and
   * assigning its fields reads and writes the packet. It is void after anything that may move the packet.
   */
  at<T>(type: Type<T>, offset: number): T | null;
}

/** Arguments of the function, hook or tracepoint that a program is attached to. */
export interface ArgumentsContext {
  /** The argument at that position, from 0, as the 64 bits in which it was passed. */
  argument(index: number): u64;
}

/** Arguments of a function that has returned, and what it returned. */
export interface ReturnContext extends ArgumentsContext {
  readonly returnValue: u64;
}

/** A context whose layout the program declares itself. */
export interface MemoryContext {
  /** What the context holds at `offset`, seen as a `type`. */
  field<T>(type: Type<T>, offset: number): T;
}

type PacketPointers = 'data' | 'dataEnd' | 'dataMeta';
type SkBuffPointers = PacketPointers | 'flowKeys' | 'socket' | 'length';

export type XdpContext = Packet & ContextOf<typeof XdpMd, PacketPointers>;
export type TcContext = Packet &
  ContextOf<
    typeof SkBuff,
    SkBuffPointers,
    'mark' | 'queueMapping' | 'priority' | 'tcIndex' | 'controlBlock' | 'tcClassId' | 'timestamp'
  >;
export type CgroupSkbContext = Packet &
  ContextOf<typeof SkBuff, SkBuffPointers, 'mark' | 'priority' | 'controlBlock' | 'timestamp'>;
export type SkSkbContext = Packet & ContextOf<typeof SkBuff, SkBuffPointers, 'priority' | 'tcIndex'>;
export type LwtContext = Packet &
  ContextOf<typeof SkBuff, SkBuffPointers, 'mark' | 'priority' | 'controlBlock'>;
export type SocketFilterContext = ContextOf<typeof SkBuff, Exclude<SkBuffPointers, 'length'>, 'controlBlock'>;
export type FlowDissectorContext = Packet & ContextOf<typeof SkBuff, SkBuffPointers>;
export type CgroupSockContext = ContextOf<typeof Sock, never, 'boundInterface' | 'mark' | 'priority'>;
export type SockAddrContext = ContextOf<
  typeof SockAddr,
  'socket',
  'userIp4' | 'userIp6' | 'userPort' | 'sourceIp4' | 'sourceIp6'
>;
export type CgroupSockoptContext = ContextOf<
  typeof SockoptMd,
  'socket' | 'value' | 'valueEnd',
  'level' | 'option' | 'length' | 'returnValue'
> & {
  /** The bytes of the option's value at `offset` seen as a `type`, or null when it ends before. */
  at<T>(type: Type<T>, offset: number): T | null;
};
export type CgroupSysctlContext = ContextOf<typeof SysctlMd, never, 'filePosition'>;
export type CgroupDeviceContext = ContextOf<typeof DeviceAccessMd>;
export type SockOpsContext = ContextOf<
  typeof SockOpsMd,
  'socket' | 'data' | 'dataEnd',
  'arguments' | 'transmitHash'
>;
export type SkMsgContext = Omit<Packet, 'length'> & ContextOf<typeof SkMsgMd, 'data' | 'dataEnd' | 'socket'>;
export type SkLookupContext = ContextOf<typeof SkLookupMd, 'cookie'>;
export type SkReuseportContext = Packet &
  ContextOf<typeof SkReuseportMd, 'data' | 'dataEnd' | 'length' | 'socket' | 'migratingSocket'>;
