/**
 * What a program of the corpus is run with. A fixture is plain data: the same maps are filled in the kernel and outside of
 * it.
 */
import type { ProgramType } from '@waggle/bpf';
import type { GivenConfigs, HelperFunction } from '@waggle/compiler';
import type { Bytes } from './packets.ts';

/** A key and its value; for per-CPU maps, none are set. */
export type Entry = readonly [key: unknown, value: unknown];

/** How one program of the corpus is tested. */
export interface Fixture {
  /** The program that the packets go to, by its name in the module. */
  readonly entry: string;
  /** Packets, or contexts for programs without packets. */
  readonly packets: Bytes;
  /** What is in the maps at the start. */
  readonly maps?: Readonly<Record<string, readonly Entry[]>>;
  /** Maps of maps: the entries of the inner map at each key. */
  readonly inner?: Readonly<Record<string, readonly (readonly [key: unknown, entries: readonly Entry[]])[]>>;
  /** Program arrays: names of programs of the same module by index. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  readonly config?: GivenConfigs;
  /** Maps whose contents depend on time or on the CPU, or cannot be read back. */
  readonly ignored?: readonly string[];
  /** Fields of map values that depend on time. */
  readonly volatile?: readonly string[];
  /** Helpers that exist only in a kernel, answered as a kernel does here. */
  readonly helpers?: Readonly<Record<number, HelperFunction>>;
  /** The share of the program's blocks that the packets have to reach, if not {@link COVERED}. */
  readonly coverage?: number;
  /** How many packets are generated, if not {@link PACKETS}. */
  readonly count?: number;
}

/** Blocks that no packet reaches are the null checks of lookups in arrays, and the like. */
export const COVERED = 0.8;
/** Packets that each program gets. */
export const PACKETS = 150;

/** The types of programs that the kernel runs on test data, and what they take. */
const INPUTS: { readonly [Type in ProgramType]?: 'frame' | 'packet' | 'context' } = {
  xdp: 'frame',
  tc: 'frame',
  cgroupSkbEgress: 'packet',
  skLookup: 'context',
};

/** What a program takes on a test run: a frame, the packet within it, its context; undefined when there is no test run. */
export const testInput = (type: ProgramType): 'frame' | 'packet' | 'context' | undefined => INPUTS[type];
