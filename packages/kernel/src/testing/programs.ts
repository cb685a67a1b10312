/** Small hand-assembled programs that several tests load. */
import type { ProgramType } from '@waggle/bpf';
import {
  alu64,
  assemble,
  atomic,
  callHelper,
  exit,
  Helper,
  type Instruction,
  jump,
  type Label,
  label,
  load,
  loadMap,
  r0,
  r1,
  r2,
  r3,
  r4,
  r6,
  r10,
  store,
} from '@waggle/compiler';
import { type LoadOptions, loadProgram, type ProgramSpec } from '../program/load.ts';
import type { Program } from '../program/program.ts';

/** An Ethernet frame of zeros, the shortest that programs on packets take in a test run. */
export const FRAME = new Uint8Array(64);

type Body = readonly (Instruction | Label)[];

/** The spec of a program with these instructions. */
export const specOf = (type: ProgramType, body: Body, rest: Partial<ProgramSpec> = {}): ProgramSpec => ({
  type,
  name: 'test',
  code: assemble(body),
  ...rest,
});

/** Loads a program with these instructions. */
export const loadBody = (type: ProgramType, body: Body, options?: LoadOptions): Program =>
  loadProgram(specOf(type, body), options);

/** `return value`. */
export const returning = (value: number): Body => [alu64.mov(r0, value), exit()];

/** Adds one to the u64 in slot 0 of the array map `counter`, then returns `value`. */
export const counting = (value: number): Body => [
  store('u32', r10, -4, 0),
  alu64.mov(r2, r10),
  alu64.add(r2, -4),
  loadMap(r1, 'counter'),
  callHelper(Helper.mapLookupElem),
  jump.equal(r0, 0, 'out'),
  alu64.mov(r1, 1),
  atomic('add', 'u64', r0, 0, r1),
  label('out'),
  ...returning(value),
];

/**
 * Sends the 16-byte record {sequence: u64, size: u32, tag: u32 = 7} to the ring buffer `events`, where the sequence is
 * counted in slot 0 of the array `counter`; what does not fit is counted in slot 0 of the per-CPU array `lost`.
 */
export const sending: Body = [
  alu64.mov(r6, r1),
  store('u32', r10, -20, 0),
  alu64.mov(r2, r10),
  alu64.add(r2, -20),
  loadMap(r1, 'counter'),
  callHelper(Helper.mapLookupElem),
  jump.equal(r0, 0, 'out'),
  alu64.mov(r1, 1),
  atomic('fetchAdd', 'u64', r0, 0, r1),
  store('u64', r10, -16, r1),
  load('u32', r2, r6, 4),
  load('u32', r3, r6, 0),
  alu64.sub(r2, r3),
  store('u32', r10, -8, r2),
  store('u32', r10, -4, 7),
  loadMap(r1, 'events'),
  alu64.mov(r2, r10),
  alu64.add(r2, -16),
  alu64.mov(r3, 16),
  alu64.mov(r4, 0),
  callHelper(Helper.ringbufOutput),
  jump.equal(r0, 0, 'out'),
  alu64.mov(r2, r10),
  alu64.add(r2, -20),
  loadMap(r1, 'lost'),
  callHelper(Helper.mapLookupElem),
  jump.equal(r0, 0, 'out'),
  load('u64', r1, r0, 0),
  alu64.add(r1, 1),
  store('u64', r0, 0, r1),
  label('out'),
  ...returning(2),
];
