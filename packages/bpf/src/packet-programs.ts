/**
 * Programs on packets: at the network driver, in traffic control, on their way through tunnels, cgroups and
 * netfilter. The body gets the packet's context and returns one of the verdicts in verdicts.ts. All throw
 * BAD_DECLARATION.
 */
import type { CompiledBody } from './compiled.ts';
import { declareProgram, type ProgramDeclaration, type ProgramOptions } from './program.ts';
import type {
  CgroupSkbContext,
  FlowDissectorContext,
  LwtContext,
  MemoryContext,
  SocketFilterContext,
  TcContext,
  XdpContext,
} from './program-contexts.ts';

/** A program that gets a `Context` and answers with a number. */
export type Body<Context> = ((context: Context) => number) | CompiledBody;

/**
 * Every packet that an interface receives, before the kernel takes memory for it. Returns {@link Xdp}. Linux
 * 4.8.
 */
export function xdp(body: Body<XdpContext>, options?: ProgramOptions): ProgramDeclaration<'xdp'> {
  return declareProgram('xdp', body, options);
}

/**
 * Every packet that an interface receives or sends (tcx, or the older clsact). Returns {@link Tc}. Linux 4.1.
 */
export function tc(body: Body<TcContext>, options?: ProgramOptions): ProgramDeclaration<'tc'> {
  return declareProgram('tc', body, options);
}

/** What a socket receives (SO_ATTACH_BPF). Returns how many bytes to keep, 0 to drop. Linux 3.19. */
export function socketFilter(
  body: Body<SocketFilterContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'socketFilter'> {
  return declareProgram('socketFilter', body, options);
}

/** Packets for the sockets of a cgroup. Returns {@link Cgroup}. Linux 4.10. */
export function cgroupSkbIngress(
  body: Body<CgroupSkbContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupSkbIngress'> {
  return declareProgram('cgroupSkbIngress', body, options);
}

/** Packets from the sockets of a cgroup. Returns {@link Cgroup}. Linux 4.10. */
export function cgroupSkbEgress(
  body: Body<CgroupSkbContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'cgroupSkbEgress'> {
  return declareProgram('cgroupSkbEgress', body, options);
}

/** Packets that a route of type bpf receives. Returns {@link Lwt}. Linux 4.10. */
export function lwtIn(body: Body<LwtContext>, options?: ProgramOptions): ProgramDeclaration<'lwtIn'> {
  return declareProgram('lwtIn', body, options);
}

/** Packets that a route of type bpf sends, before routing is final. Returns {@link Lwt}. Linux 4.10. */
export function lwtOut(body: Body<LwtContext>, options?: ProgramOptions): ProgramDeclaration<'lwtOut'> {
  return declareProgram('lwtOut', body, options);
}

/**
 * Packets that a route of type bpf sends, just before they leave; may add headers. Returns {@link Lwt}. Linux
 * 4.10.
 */
export function lwtXmit(body: Body<LwtContext>, options?: ProgramOptions): ProgramDeclaration<'lwtXmit'> {
  return declareProgram('lwtXmit', body, options);
}

/** Packets at an IPv6 segment routing action. Returns {@link Lwt}. Linux 4.18. */
export function lwtSeg6Local(
  body: Body<LwtContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'lwtSeg6Local'> {
  return declareProgram('lwtSeg6Local', body, options);
}

/** Takes a packet apart into its flow, for a network namespace. Returns {@link FlowDissector}. Linux 4.20. */
export function flowDissector(
  body: Body<FlowDissectorContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'flowDissector'> {
  return declareProgram('flowDissector', body, options);
}

/** Packets at a netfilter hook. Returns {@link Netfilter}. Linux 6.4. */
export function netfilter(
  body: Body<MemoryContext>,
  options?: ProgramOptions,
): ProgramDeclaration<'netfilter'> {
  return declareProgram('netfilter', body, options);
}
