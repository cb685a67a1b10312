/**
 * The ring buffer that its benchmarks share: a program sends a record of four fields at each run, and counts what does
 * not fit. The struct `event` of bench/c/ring-buffer.c is the same in C.
 */
import { arrayMap, be16, be32, type Infer, perCpuArrayMap, ringBuffer, struct, u16, u64 } from '@waggle/bpf';
import {
  alu64,
  assemble,
  atomic,
  callHelper,
  exit,
  Helper,
  type Instruction,
  jump,
  label,
  load,
  loadMap,
  r0,
  r1,
  r2,
  r3,
  r4,
  r10,
  store,
} from '@waggle/compiler';
import { createMap, loadProgram } from '@waggle/kernel';

const Event = struct('event', { sequence: u64, address: be32, port: be16, verdict: u16 });
export type Event = Infer<typeof Event>;

/** A record takes 8 bytes of header and 16 of data. */
export const RECORD = 8 + Event.size;

/** The first slot of a map, in r0; its index 0 is in the word at r10 - 20. */
const firstSlot = (map: string): Instruction[] => [
  alu64.mov(r2, r10),
  alu64.add(r2, -20),
  loadMap(r1, map),
  callHelper(Helper.mapLookupElem),
];

/** The sequence is counted in `sent`, so records that did not fit leave a gap. */
const send = assemble([
  store('u32', r10, -20, 0),
  ...firstSlot('sent'),
  jump.equal(r0, 0, 'out'),
  alu64.mov(r1, 1),
  atomic('fetchAdd', 'u64', r0, 0, r1),
  store('u64', r10, -16, r1),
  store('u32', r10, -8, 0x0100000a),
  store('u16', r10, -4, 0x5000),
  store('u16', r10, -2, 1),
  alu64.mov(r2, r10),
  alu64.add(r2, -16),
  loadMap(r1, 'events'),
  alu64.mov(r3, Event.size),
  alu64.mov(r4, 0),
  callHelper(Helper.ringbufOutput),
  jump.equal(r0, 0, 'out'),
  ...firstSlot('lost'),
  jump.equal(r0, 0, 'out'),
  load('u64', r1, r0, 0),
  alu64.add(r1, 1),
  store('u64', r0, 0, r1),
  label('out'),
  alu64.mov(r0, 2),
  exit(),
]);

/** An Ethernet frame of zeros to run the program on. */
export const FRAME = new Uint8Array(64);

/** A ring of so many bytes, and the program that sends to it. */
export function createEvents(bytes: number) {
  const events = createMap(ringBuffer({ name: 'events', bytes, record: Event }));
  const sent = createMap(arrayMap({ name: 'sent', value: u64, maxEntries: 1 }));
  const lost = createMap(perCpuArrayMap({ name: 'lost', value: u64, maxEntries: 1 }));
  const program = loadProgram({ type: 'xdp', name: 'send', code: send }, { maps: { events, sent, lost } });
  return {
    events,
    program,
    /** Counts that the program keeps. */
    sent: () => sent.get(0) ?? 0n,
    lost: () => (lost.get(0) ?? []).reduce((sum, each) => sum + each, 0n),
    [Symbol.dispose]() {
      for (const each of [program, events, sent, lost]) each.close();
    },
  };
}
