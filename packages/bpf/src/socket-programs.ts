/**
 * Programs on sockets and on what processes do with them: their options and events, socket lookup and
 * steering, and messages between sockets; the addresses are in address-programs.ts. Those of a cgroup hold
 * for the processes in it. All throw BAD_DECLARATION.
 */
import type { Body } from './packet-programs.ts';
import { declareProgram, type ProgramDeclaration, type ProgramOptions } from './program.ts';
import type {
  CgroupDeviceContext,
  CgroupSockContext,
  CgroupSockoptContext,
  CgroupSysctlContext,
  SkLookupContext,
  SkMsgContext,
  SkReuseportContext,
  SkSkbContext,
  SockOpsContext,
} from './program-contexts.ts';

/** A socket is made. Returns {@link Cgroup}. Linux 4.10. */
export function cgroupSockCreate(
  body: Body<CgroupSockContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupSockCreate'> {
  return declareProgram('cgroupSockCreate', body, options);
}

/** A socket is given up. What it returns is ignored. Linux 5.9. */
export function cgroupSockRelease(
  body: Body<CgroupSockContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupSockRelease'> {
  return declareProgram('cgroupSockRelease', body, options);
}

/** A socket was bound to an IPv4 address and port. Returns {@link Cgroup}. Linux 4.17. */
export function cgroupPostBind4(
  body: Body<CgroupSockContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupPostBind4'> {
  return declareProgram('cgroupPostBind4', body, options);
}

/** A socket was bound to an IPv6 address and port. Returns {@link Cgroup}. Linux 4.17. */
export function cgroupPostBind6(
  body: Body<CgroupSockContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupPostBind6'> {
  return declareProgram('cgroupPostBind6', body, options);
}

/** A socket option was read. Returns {@link Cgroup}. Linux 5.3. */
export function cgroupGetsockopt(
  body: Body<CgroupSockoptContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupGetsockopt'> {
  return declareProgram('cgroupGetsockopt', body, options);
}

/** A socket option is about to be set. Returns {@link Cgroup}. Linux 5.3. */
export function cgroupSetsockopt(
  body: Body<CgroupSockoptContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupSetsockopt'> {
  return declareProgram('cgroupSetsockopt', body, options);
}

/** A sysctl is about to be read or written. Returns {@link Cgroup}. Linux 5.2. */
export function cgroupSysctl(
  body: Body<CgroupSysctlContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupSysctl'> {
  return declareProgram('cgroupSysctl', body, options);
}

/** A device file is about to be made or opened. Returns {@link Cgroup}. Linux 4.15. */
export function cgroupDevice(
  body: Body<CgroupDeviceContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupDevice'> {
  return declareProgram('cgroupDevice', body, options);
}

/** Events in the life of the TCP sockets of a cgroup. Returns what the operation asks for. Linux 4.13. */
export function sockOps(body: Body<SockOpsContext>, options?: ProgramOptions): ProgramDeclaration<'sockOps'> {
  return declareProgram('sockOps', body, options);
}

/**
 * Finds where messages end in the stream of a socket in a socket map. Returns the length of the message.
 * Linux 4.14.
 */
export function skSkbParser(
  body: Body<SkSkbContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'skSkbParser'> {
  return declareProgram('skSkbParser', body, options);
}

/** Decides on each message that {@link skSkbParser} found. Returns {@link Sk}. Linux 4.14. */
export function skSkbStreamVerdict(
  body: Body<SkSkbContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'skSkbStreamVerdict'> {
  return declareProgram('skSkbStreamVerdict', body, options);
}

/** Decides on what a socket in a socket map receives, without a parser. Returns {@link Sk}. Linux 5.13. */
export function skSkbVerdict(
  body: Body<SkSkbContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'skSkbVerdict'> {
  return declareProgram('skSkbVerdict', body, options);
}

/** Decides on what a socket in a socket map sends. Returns {@link Sk}. Linux 4.17. */
export function skMsg(body: Body<SkMsgContext>, options?: ProgramOptions): ProgramDeclaration<'skMsg'> {
  return declareProgram('skMsg', body, options);
}

/**
 * Chooses the listening socket of a new connection, for a network namespace. Returns {@link Sk}. Linux 5.9.
 */
export function skLookup(
  body: Body<SkLookupContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'skLookup'> {
  return declareProgram('skLookup', body, options);
}

/** Chooses a socket of a SO_REUSEPORT group. Returns {@link Sk}. Linux 4.19. */
export function skReuseport(
  body: Body<SkReuseportContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'skReuseport'> {
  return declareProgram('skReuseport', body, options);
}

/**
 * Like {@link skReuseport}, and chooses again when the chosen socket closes. Returns {@link Sk}. Linux 5.14.
 */
export function skReuseportMigrate(
  body: Body<SkReuseportContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'skReuseportMigrate'> {
  return declareProgram('skReuseportMigrate', body, options);
}
