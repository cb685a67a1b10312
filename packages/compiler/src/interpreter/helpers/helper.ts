/** What a helper is, and what it may ask of the machine that runs the program. */
import type { PacketContext } from '../context.ts';
import type { Executable } from '../executable.ts';
import type { VirtualMap } from '../maps/virtual-map.ts';
import type { Memory } from '../memory.ts';
import type { Packet } from '../packet.ts';
import type { Timers } from '../timers.ts';

/**
 * A helper: gets the machine and r1 to r5 as unsigned 64 bits, answers r0. Negative numbers are errors; undefined is for
 * helpers that return nothing.
 */
export type HelperFunction = (
  machine: HelperHost,
  ...parameters: [bigint, bigint, bigint, bigint, bigint]
) => bigint | number | undefined;

/** Where a program has sent a packet. */
export type Redirection =
  | { readonly interfaceIndex: number; readonly flags: number }
  | { readonly map: VirtualMap; readonly key: number; readonly flags: number };

/** The machine, as helpers see it. */
export interface HelperHost {
  readonly memory: Memory;
  readonly clock: () => bigint;
  readonly random: () => number;
  readonly cpu: number;
  /** The context of this run, if it has a packet. */
  readonly context: PacketContext | undefined;
  /** Lines that programs have printed. */
  readonly trace: string[];
  /** Where this run has redirected its packet. */
  redirection: Redirection | undefined;
  /** The address of the spin lock that the program holds. */
  heldLock: bigint | undefined;
  /** Tail calls of this run. */
  tailCalls: number;
  readonly timers: Timers;
  /** The map at an address that the program has passed. @throws WaggleError WRONG_TYPE */
  mapAt(address: bigint): VirtualMap;
  /** The packet of this run. @throws WaggleError NOT_SUPPORTED for a context without one, or of the other kind. */
  packetOf(kind: PacketContext['kind']): Packet;
  /** Runs a function of the program, by its address, and answers its r0. */
  invoke(address: bigint, ...parameters: readonly bigint[]): bigint;
  /** Goes on with another program when the helper returns. */
  continueWith(program: Executable): void;
}

/** The low 32 bits of a parameter, signed, as an `int` of the kernel. */
export const int = (parameter: bigint): number => Number(BigInt.asIntN(32, parameter));

/** The low 32 bits of a parameter, unsigned. */
export const u32 = (parameter: bigint): number => Number(BigInt.asUintN(32, parameter));
