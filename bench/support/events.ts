/**
 * The ring buffer that its benchmarks share: a program sends a record of four fields at each run. The struct
 * `event` of bench/c/ring-buffer.c is the same in C.
 */
import { arrayMap, be16, be32, ringBuffer, struct, u16, u64 } from '@waggle/bpf';
import {
  alu64,
  assemble,
  atomic,
  callHelper,
  exit,
  Helper,
  jump,
  label,
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

/** A record takes 8 bytes of header and 16 of data. */
export const RECORD = 8 + Event.size;

/** The same number in either byte order. */
const ADDRESS = 0x0a01010a;
const PORT = 0x1f1f;
const VERDICT = 1;

/** What all fields of `count` records add up to, from a sequence number on. */
export const sumOfRecords = (first: number, count: number): number =>
  count * (first + (count - 1) / 2 + ADDRESS + PORT + VERDICT);

/** The sequence is counted in `sent`, so records that did not fit leave a gap. */
const send = assemble([
  store('u32', r10, -20, 0),
  alu64.mov(r2, r10),
  alu64.add(r2, -20),
  loadMap(r1, 'sent'),
  callHelper(Helper.mapLookupElem),
  jump.equal(r0, 0, 'out'),
  alu64.mov(r1, 1),
  atomic('fetchAdd', 'u64', r0, 0, r1),
  store('u64', r10, -16, r1),
  store('u32', r10, -8, ADDRESS),
  store('u16', r10, -4, PORT),
  store('u16', r10, -2, VERDICT),
  alu64.mov(r2, r10),
  alu64.add(r2, -16),
  loadMap(r1, 'events'),
  alu64.mov(r3, Event.size),
  alu64.mov(r4, 0),
  callHelper(Helper.ringbufOutput),
  label('out'),
  alu64.mov(r0, 0),
  exit(),
]);

/** An Ethernet frame of zeros to run the program on. */
export const FRAME = new Uint8Array(64);

/** A ring of so many bytes, and the program that sends to it. */
export function createEvents(bytes: number) {
  const events = createMap(ringBuffer({ name: 'events', bytes, record: Event }));
  const sent = createMap(arrayMap({ name: 'sent', value: u64, maxEntries: 1 }));
  // A test run of an XDP program would wait twice for all CPUs to leave the kernel; one of a tc program
  // does not.
  const program = loadProgram({ type: 'tc', name: 'send', code: send }, { maps: { events, sent } });
  return {
    events,
    program,
    /** How many records the program has sent, or tried to. */
    sent: () => Number(sent.get(0)),
    [Symbol.dispose]() {
      for (const each of [program, events, sent]) each.close();
    },
  };
}
