/**
 * A process that makes and ends one kind of object many times: `leak.ts <kind>`. It prints what that cost as JSON: open
 * file descriptors and bytes of memory gained between the end of the warm-up and the end, and seconds.
 */
import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { arrayMap, hashMap, type ProgramType, ringBuffer, u32, u64 } from '@waggle/bpf';
import { alu64, assemble, exit, r0 } from '@waggle/compiler';
import { attachTcx, attachXdp, createMap, loadProgram, MappedArray, NetworkNamespace } from '@waggle/kernel';

/** What a kind of object cost. */
export interface Leak {
  readonly descriptors: number;
  readonly bytes: number;
  readonly seconds: number;
}

export const ITERATIONS = 10_000;
const WARM_UP = 1000;

const table = hashMap({ name: 'table', key: u32, value: u64, maxEntries: 16 });
const slots = arrayMap({ name: 'slots', value: u64, maxEntries: 512, mmapable: true });
const ring = ringBuffer({ name: 'ring', bytes: 4096, record: u64 });
const load = (type: ProgramType) =>
  loadProgram({ type, name: 'nothing', code: assemble([alu64.mov(r0, 2), exit()]) });

/** Each makes something that lasts, and answers how to make and end one object of its kind. */
const kinds: Readonly<Record<string, () => () => void>> = {
  maps: () => () => createMap(table).close(),
  programs: () => () => load('xdp').close(),
  'XDP links': () => {
    const program = load('xdp');
    return inNamespace(() => attachXdp(program, 'lo', { mode: 'generic' }).close());
  },
  'tcx links': () => {
    const program = load('tc');
    return inNamespace(() => attachTcx(program, 'lo', 'ingress').close());
  },
  'mapped arrays': () => {
    const map = createMap(slots);
    return () => new MappedArray(map, slots).close();
  },
  'ring buffer readers': () => {
    const map = createMap(ring);
    return () => map.read(() => {}).close();
  },
};
export const kindNames = Object.keys(kinds);

/** Runs in a namespace of its own, whose loopback device is the only one and ours. */
function inNamespace(section: () => void): () => void {
  const namespace = NetworkNamespace.createAnonymous();
  return () => namespace.run(section);
}

const descriptors = () => readdirSync('/proc/self/fd').length;

async function repeat(count: number, once: () => void): Promise<void> {
  for (let index = 0; index < count; index++) {
    once();
    // Watches are freed when the event loop turns.
    if (index % 100 === 99) await turn();
  }
  globalThis.gc?.();
  await turn();
}
