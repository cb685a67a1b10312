/** Kernel objects that come and go, for leaks.bench.ts. */
import { arrayMap, hashMap, type ProgramType, ringBuffer, u32, u64 } from '@waggle/bpf';
import { alu64, assemble, exit, r0 } from '@waggle/compiler';
import { attachTcx, attachXdp, createMap, loadProgram, MappedArray, NetworkNamespace } from '@waggle/kernel';

const table = hashMap({ name: 'table', key: u32, value: u64, maxEntries: 16 });
const slots = arrayMap({ name: 'slots', value: u64, maxEntries: 512, mmapable: true });
const ring = ringBuffer({ name: 'ring', bytes: 4096, record: u64 });
const verdict = assemble([alu64.mov(r0, 2), exit()]);
const load = (type: ProgramType) => loadProgram({ type, name: 'nothing', code: verdict });

/** Runs a life in a namespace of its own, so that the loopback device is ours. */
function inNamespace(life: () => void): () => void {
  const namespace = NetworkNamespace.createAnonymous();
  return () => namespace.run(life);
}

/** A kind of object, and how often to make one. */
export interface Lifecycle {
  readonly lives: number;
  /** Prepares what lasts, and answers one life. */
  readonly prepare: () => () => void;
}

const MANY = 10_000;
/** To attach and to detach, the kernel waits until no CPU runs the old program: 10 ms and more for both. */
const FEW = 500;

export const lifecycles: ReadonlyMap<string, Lifecycle> = new Map([
  ['map', { lives: MANY, prepare: () => () => createMap(table).close() }],
  ['program', { lives: MANY, prepare: () => () => load('xdp').close() }],
  [
    'XDP link',
    {
      lives: FEW,
      prepare: () => {
        const program = load('xdp');
        return inNamespace(() => attachXdp(program, 'lo', { mode: 'generic' }).close());
      },
    },
  ],
  [
    'tcx link',
    {
      lives: FEW,
      prepare: () => {
        const program = load('tc');
        return inNamespace(() => attachTcx(program, 'lo', 'ingress').close());
      },
    },
  ],
  [
    'mapped array',
    {
      lives: MANY,
      prepare: () => {
        const map = createMap(slots);
        return () => new MappedArray(map, slots).close();
      },
    },
  ],
  [
    'ring buffer reader',
    {
      lives: MANY,
      prepare: () => {
        const map = createMap(ring);
        return () => map.read(() => {}).close();
      },
    },
  ],
]);
