/**
 * Programs on the addresses of sockets: what the processes of a cgroup bind, connect and send to, and what
 * they are told about it. This is how services are reached without changing a packet. All throw
 * BAD_DECLARATION.
 */
import type { Body } from './packet-programs.ts';
import { declareProgram, type ProgramDeclaration, type ProgramOptions } from './program.ts';
import type { SockAddrContext } from './program-contexts.ts';

/**
 * A socket is about to be bound to an IPv4 address; the program may change the address. Returns {@link
 * Cgroup}. Linux 4.17.
 */
export function cgroupBind4(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupBind4'> {
  return declareProgram('cgroupBind4', body, options);
}

/**
 * A socket is about to be bound to an IPv6 address; the program may change the address. Returns {@link
 * Cgroup}. Linux 4.17.
 */
export function cgroupBind6(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupBind6'> {
  return declareProgram('cgroupBind6', body, options);
}

/**
 * A socket is about to be connected to an IPv4 address; the program may change the address. Returns {@link
 * Cgroup}. Linux 4.17.
 */
export function cgroupConnect4(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupConnect4'> {
  return declareProgram('cgroupConnect4', body, options);
}

/**
 * A socket is about to be connected to an IPv6 address; the program may change the address. Returns {@link
 * Cgroup}. Linux 4.17.
 */
export function cgroupConnect6(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupConnect6'> {
  return declareProgram('cgroupConnect6', body, options);
}

/**
 * A socket is about to be connected to a Unix socket address; the program may change the address. Returns
 * {@link Cgroup}. Linux 6.7.
 */
export function cgroupConnectUnix(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupConnectUnix'> {
  return declareProgram('cgroupConnectUnix', body, options);
}

/**
 * A socket is about to send to an IPv4 address without being connected; the program may change the address.
 * Returns {@link Cgroup}. Linux 4.18.
 */
export function cgroupSendmsg4(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupSendmsg4'> {
  return declareProgram('cgroupSendmsg4', body, options);
}

/**
 * A socket is about to send to an IPv6 address without being connected; the program may change the address.
 * Returns {@link Cgroup}. Linux 4.18.
 */
export function cgroupSendmsg6(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupSendmsg6'> {
  return declareProgram('cgroupSendmsg6', body, options);
}

/**
 * A socket is about to send to a Unix socket address without being connected; the program may change the
 * address. Returns {@link Cgroup}. Linux 6.7.
 */
export function cgroupSendmsgUnix(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupSendmsgUnix'> {
  return declareProgram('cgroupSendmsgUnix', body, options);
}

/**
 * A socket has received from an IPv4 address without being connected; the program may change the address
 * shown. Returns {@link Cgroup}. Linux 5.2.
 */
export function cgroupRecvmsg4(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupRecvmsg4'> {
  return declareProgram('cgroupRecvmsg4', body, options);
}

/**
 * A socket has received from an IPv6 address without being connected; the program may change the address
 * shown. Returns {@link Cgroup}. Linux 5.2.
 */
export function cgroupRecvmsg6(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupRecvmsg6'> {
  return declareProgram('cgroupRecvmsg6', body, options);
}

/**
 * A socket has received from a Unix socket address without being connected; the program may change the
 * address shown. Returns {@link Cgroup}. Linux 6.7.
 */
export function cgroupRecvmsgUnix(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupRecvmsgUnix'> {
  return declareProgram('cgroupRecvmsgUnix', body, options);
}

/**
 * A socket is asked for the other end, an IPv4 address; the program may change the answer. Returns {@link
 * Cgroup}. Linux 5.8.
 */
export function cgroupGetpeername4(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupGetpeername4'> {
  return declareProgram('cgroupGetpeername4', body, options);
}

/**
 * A socket is asked for the other end, an IPv6 address; the program may change the answer. Returns {@link
 * Cgroup}. Linux 5.8.
 */
export function cgroupGetpeername6(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupGetpeername6'> {
  return declareProgram('cgroupGetpeername6', body, options);
}

/**
 * A socket is asked for the other end, a Unix socket address; the program may change the answer. Returns
 * {@link Cgroup}. Linux 6.7.
 */
export function cgroupGetpeernameUnix(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupGetpeernameUnix'> {
  return declareProgram('cgroupGetpeernameUnix', body, options);
}

/**
 * A socket is asked for its own end, an IPv4 address; the program may change the answer. Returns {@link
 * Cgroup}. Linux 5.8.
 */
export function cgroupGetsockname4(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupGetsockname4'> {
  return declareProgram('cgroupGetsockname4', body, options);
}

/**
 * A socket is asked for its own end, an IPv6 address; the program may change the answer. Returns {@link
 * Cgroup}. Linux 5.8.
 */
export function cgroupGetsockname6(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupGetsockname6'> {
  return declareProgram('cgroupGetsockname6', body, options);
}

/**
 * A socket is asked for its own end, a Unix socket address; the program may change the answer. Returns {@link
 * Cgroup}. Linux 6.7.
 */
export function cgroupGetsocknameUnix(
  body: Body<SockAddrContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupGetsocknameUnix'> {
  return declareProgram('cgroupGetsocknameUnix', body, options);
}
