/**
 * What the body of a program may do with its context, for `tsc`, the editor and the compiler. A context is the struct of
 * context.ts without its pointers, read-only where the verifier lets programs only read, plus what the compiler offers in
 * their place: typed access to the packet, to the arguments of a traced function, to memory at an offset.
 */
import {
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
import type { KernelStruct } from './kernel-types.ts';
import type { ProgramType } from './program-types.ts';
import type { i32, Scalar, u32, u64 } from './scalar.ts';
import type { Struct } from './struct.ts';
import type { WithMethods } from './struct-methods.ts';
import type { Infer, Type } from './types.ts';

/** What programs may do with the fields of a context. */
export interface ContextRule {
  readonly layout: Struct;
  /** Fields that programs do not see. */
  readonly hidden: readonly string[];
  /** Fields that programs may assign. */
  readonly writable: readonly string[];
  /** Whether there is a packet, and how its length is known: from a field, or from its start and end. */
  readonly packet?: 'length' | 'bounds';
}

/** A rule whose lists keep the names of their fields, for the types below. */
function rule<
  L extends Struct,
  const Hidden extends readonly (keyof Infer<L> & string)[],
  const Writable extends readonly (keyof Infer<L> & string)[],
>(
  layout: L,
  hidden: Hidden,
  writable: Writable,
  packet?: ContextRule['packet'],
): { layout: L; hidden: Hidden; writable: Writable; packet?: 'length' | 'bounds' } {
  return Object.freeze({ layout, hidden, writable, ...(packet === undefined ? {} : { packet }) });
}

const POINTERS = ['data', 'dataEnd', 'dataMeta'] as const;
const SK_BUFF = [...POINTERS, 'flowKeys', 'socket', 'length'] as const;

const rules = {
  xdp: rule(XdpMd, POINTERS, [], 'bounds'),
  tc: rule(
    SkBuff,
    SK_BUFF,
    ['mark', 'queueMapping', 'priority', 'tcIndex', 'controlBlock', 'tcClassId', 'timestamp'],
    'length',
  ),
  cgroupSkb: rule(SkBuff, SK_BUFF, ['mark', 'priority', 'controlBlock', 'timestamp'], 'length'),
  skSkb: rule(SkBuff, SK_BUFF, ['priority', 'tcIndex'], 'length'),
  lwt: rule(SkBuff, SK_BUFF, ['mark', 'priority', 'controlBlock'], 'length'),
  socketFilter: rule(SkBuff, [...POINTERS, 'flowKeys', 'socket'], ['controlBlock']),
  flowDissector: rule(SkBuff, SK_BUFF, [], 'length'),
  sock: rule(Sock, [], ['boundInterface', 'mark', 'priority']),
  sockAddr: rule(SockAddr, ['socket'], ['userIp4', 'userIp6', 'userPort', 'sourceIp4', 'sourceIp6']),
  sockopt: rule(SockoptMd, ['socket', 'value', 'valueEnd'], ['level', 'option', 'length', 'returnValue']),
  sysctl: rule(SysctlMd, [], ['filePosition']),
  device: rule(DeviceAccessMd, [], []),
  sockOps: rule(SockOpsMd, ['socket', 'data', 'dataEnd'], ['arguments', 'transmitHash']),
  skMsg: rule(SkMsgMd, ['data', 'dataEnd', 'socket'], [], 'bounds'),
  skLookup: rule(SkLookupMd, ['cookie'], []),
  skReuseport: rule(SkReuseportMd, ['data', 'dataEnd', 'length', 'socket', 'migratingSocket'], [], 'length'),
};
type Rules = typeof rules;

/** The context of the programs of each type that have one with fields; tracing programs and netfilter have none. */
export const programContexts: { readonly [Type in ProgramType]?: ContextRule } = Object.freeze({
  xdp: rules.xdp,
  tc: rules.tc,
  socketFilter: rules.socketFilter,
  cgroupSkbIngress: rules.cgroupSkb,
  cgroupSkbEgress: rules.cgroupSkb,
  cgroupSockCreate: rules.sock,
  cgroupSockRelease: rules.sock,
  cgroupPostBind4: rules.sock,
  cgroupPostBind6: rules.sock,
  lwtIn: rules.lwt,
  lwtOut: rules.lwt,
  lwtXmit: rules.lwt,
  lwtSeg6Local: rules.lwt,
  sockOps: rules.sockOps,
  skSkbParser: rules.skSkb,
  skSkbStreamVerdict: rules.skSkb,
  skSkbVerdict: rules.skSkb,
  cgroupDevice: rules.device,
  skMsg: rules.skMsg,
  cgroupBind4: rules.sockAddr,
  cgroupBind6: rules.sockAddr,
  cgroupConnect4: rules.sockAddr,
  cgroupConnect6: rules.sockAddr,
  cgroupConnectUnix: rules.sockAddr,
  cgroupSendmsg4: rules.sockAddr,
  cgroupSendmsg6: rules.sockAddr,
  cgroupSendmsgUnix: rules.sockAddr,
  cgroupRecvmsg4: rules.sockAddr,
  cgroupRecvmsg6: rules.sockAddr,
  cgroupRecvmsgUnix: rules.sockAddr,
  cgroupGetpeername4: rules.sockAddr,
  cgroupGetpeername6: rules.sockAddr,
  cgroupGetpeernameUnix: rules.sockAddr,
  cgroupGetsockname4: rules.sockAddr,
  cgroupGetsockname6: rules.sockAddr,
  cgroupGetsocknameUnix: rules.sockAddr,
  skReuseport: rules.skReuseport,
  skReuseportMigrate: rules.skReuseport,
  flowDissector: rules.flowDissector,
  cgroupSysctl: rules.sysctl,
  cgroupGetsockopt: rules.sockopt,
  cgroupSetsockopt: rules.sockopt,
  skLookup: rules.skLookup,
});

/** A context struct without the hidden fields, in which only the writable ones can be assigned. */
type ContextOf<Rule extends { layout: Struct; hidden: readonly unknown[]; writable: readonly unknown[] }> =
  Readonly<Omit<Infer<Rule['layout']>, (Rule['hidden'] | Rule['writable'])[number] & PropertyKey>> &
    Pick<Infer<Rule['layout']>, Rule['writable'][number] & keyof Infer<Rule['layout']>>;

/** The bytes of a packet. */
export interface Packet {
  /** Bytes of the packet, from its first header on. */
  readonly length: u32;
  /**
   * The bytes at `offset` seen as a `type`, or null when the packet ends before the last of them. Reading and
   * assigning its fields reads and writes the packet. It is void after anything that may move the packet.
   */
  at<T>(type: Type<T>, offset: number): WithMethods<T> | null;
}

/** Bytes of a packet by copy, wherever the kernel keeps them: also what is not in its linear part. */
export interface LoadedPacket {
  /** A copy of the bytes at `offset`, or null when the packet ends before the last of them. Linux 4.5, in XDP 5.18. */
  load<T>(type: Type<T>, offset: u32): WithMethods<T> | null;
}

/** A packet of which bytes can be written by copy. */
export interface StoredPacket extends LoadedPacket {
  /** Writes a value at `offset`; 0 or a negative errno. Except in XDP, the packet may move. Linux 4.1, in XDP 5.18. */
  store<T>(type: Type<T>, offset: u32, value: T): i32;
}

/** Arguments of a function of user space. */
export interface UserArgumentsContext {
  /** The argument at that position, from 0, as the 64 bits in which it was passed. */
  argument(index: number): u64;
  /** The argument at that position, cast to a scalar. */
  argument<T>(index: number, type: Scalar<T>): T;
}

/** Arguments of the function, hook or tracepoint of the kernel that a program is attached to. */
export interface ArgumentsContext extends UserArgumentsContext {
  argument(index: number): u64;
  argument<T>(index: number, type: Scalar<T>): T;
  /** The argument at that position, which is a pointer to a struct of the kernel. */
  argument<T>(index: number, type: KernelStruct<T>): T | null;
}

/** Arguments of a function that has returned, and what it returned. */
export interface ReturnContext extends ArgumentsContext {
  readonly returnValue: u64;
}

/** A context whose layout the program declares itself. */
export interface MemoryContext {
  /** What the context holds at `offset`, seen as a `type`. */
  field<T>(type: Type<T>, offset: number): WithMethods<T>;
  /** The context as a struct that the kernel declares, such as `trace_event_raw_sched_switch`. */
  field<T>(type: KernelStruct<T>): T;
}

export type XdpContext = Packet & StoredPacket & ContextOf<Rules['xdp']>;
export type TcContext = Packet & StoredPacket & ContextOf<Rules['tc']>;
export type CgroupSkbContext = Packet & LoadedPacket & ContextOf<Rules['cgroupSkb']>;
export type SkSkbContext = Packet & StoredPacket & ContextOf<Rules['skSkb']>;
export type LwtContext = Packet & StoredPacket & ContextOf<Rules['lwt']>;
export type SocketFilterContext = LoadedPacket & ContextOf<Rules['socketFilter']>;
export type FlowDissectorContext = Packet & LoadedPacket & ContextOf<Rules['flowDissector']>;
export type CgroupSockContext = ContextOf<Rules['sock']>;
export type SockAddrContext = ContextOf<Rules['sockAddr']>;
export type CgroupSockoptContext = ContextOf<Rules['sockopt']> & {
  /** The bytes of the option's value at `offset` seen as a `type`, or null when it ends before. */
  at<T>(type: Type<T>, offset: number): WithMethods<T> | null;
};
export type CgroupSysctlContext = ContextOf<Rules['sysctl']>;
export type CgroupDeviceContext = ContextOf<Rules['device']>;
export type SockOpsContext = ContextOf<Rules['sockOps']>;
export type SkMsgContext = Omit<Packet, 'length'> & ContextOf<Rules['skMsg']>;
export type SkLookupContext = ContextOf<Rules['skLookup']>;
export type SkReuseportContext = Packet & LoadedPacket & ContextOf<Rules['skReuseport']>;
