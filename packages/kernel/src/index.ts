export * from './btf/index.ts';
export { check, KernelError, type KernelErrorOptions } from './errors.ts';
export * from './host/index.ts';
export { attachCgroup } from './link/cgroup.ts';
export type { LinkInfo, LinkTarget } from './link/info.ts';
export { attachIterator, readIterator } from './link/iterator.ts';
export { Link } from './link/link.ts';
export { attachNamespace } from './link/namespace.ts';
export { attachNetfilter, type NetfilterHook } from './link/netfilter.ts';
export { attachCpuClock, attachTracepoint, attachUprobe, type UprobeTarget } from './link/perf.ts';
export { attachSocketMap, type SocketMapAttachment } from './link/sockmap.ts';
export { attachRawTracepoint, attachTracing } from './link/tracing.ts';
export {
  attachTcx,
  attachTrafficControl,
  type Place,
  type TrafficControlAttachment,
} from './link/traffic-control.ts';
export { attachXdp, type XdpOptions } from './link/xdp.ts';
export {
  type CreateMapOptions,
  createMap,
  type MapOf,
  type MapSource,
  openMap,
  type RawMap,
} from './map/create.ts';
export { type HasDescriptor, possibleCpus } from './map/element.ts';
export { KernelMap, type MapInfo } from './map/map.ts';
export { MappedArray } from './map/mapped-array.ts';
export { BloomFilterMap, QueueMap } from './map/queue.ts';
export { type PackedElements, TableMap, type UpdateMode } from './map/table.ts';
export * from './net/index.ts';
export { unpin } from './object.ts';
export * from './probe/index.ts';
export { awaitPrograms, programsEnded } from './program/await.ts';
export { type LoadDeclaredOptions, LoadedProgram, loadDeclared } from './program/compiled.ts';
export { dropKept } from './program/kept.ts';
export { type LoadOptions, loadProgram, type ProgramSpec } from './program/load.ts';
export {
  enableStatistics,
  Program,
  type ProgramInfo,
  type TestRunOptions,
  type TestRunResult,
} from './program/program.ts';
export { summarizeVerifierLog, VerifierError, type VerifierSummary } from './program/verifier-error.ts';
export { RingBufferMap } from './ring-buffer/map.ts';
export { type RecordSink, RingBufferReader, type RingBufferReaderOptions } from './ring-buffer/reader.ts';
