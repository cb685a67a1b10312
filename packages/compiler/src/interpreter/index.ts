/** Running programs outside of the kernel. */
export {
  PacketContext,
  type TcContextOptions,
  tcContext,
  type XdpContextOptions,
  xdpContext,
} from './context.ts';
export { ExecutionError } from './errors.ts';
export type { Executable } from './executable.ts';
export type { HelperFunction, HelperHost, Redirection } from './helpers/helper.ts';
export { type InterpretOptions, interpret } from './interpret.ts';
export { Machine, type MachineMaps, type MachineOptions, type RunResult } from './machine.ts';
export type { VirtualArray } from './maps/array.ts';
export { type VirtualMapOf, virtualMap } from './maps/create.ts';
export type { VirtualFilter } from './maps/filter.ts';
export type { VirtualHash } from './maps/hash.ts';
export type { VirtualQueue } from './maps/queue.ts';
export type { Sample, VirtualEvents, VirtualRing } from './maps/records.ts';
export type { VirtualReferences } from './maps/references.ts';
export type { VirtualStorage } from './maps/storage.ts';
export type { VirtualTable } from './maps/table.ts';
export type { VirtualTrie } from './maps/trie.ts';
export type { VirtualUserRing } from './maps/user-ring.ts';
export type { UpdateMode, VirtualMap } from './maps/virtual-map.ts';
export type { Packet, PacketOptions } from './packet.ts';
export { type Outcome, parseVector, runVector, type Vector, type VectorOutcome } from './vector.ts';
