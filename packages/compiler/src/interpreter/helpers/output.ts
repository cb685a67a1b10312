/** Helpers that send something to user space: ring buffers, perf events, and the trace log. */
import { WaggleError } from '@waggle/bpf';
import { Helper } from '../../backend/helper.ts';
import { errno } from '../errno.ts';
import { Reservation, VirtualEvents, VirtualRing } from '../maps/records.ts';
import { type HelperFunction, type HelperHost, u32 } from './helper.ts';

function ringAt(machine: HelperHost, handle: bigint): VirtualRing {
  const map = machine.mapAt(handle);
  if (map instanceof VirtualRing) return map;
  throw map.refusal('helpers of ring buffers');
}

/** BPF_RB_NO_WAKEUP and BPF_RB_FORCE_WAKEUP: nobody waits here, but others are refused. */
const WAKEUP_FLAGS = 3n;

const output: HelperFunction = (machine, handle, data, size, flags) => {
  if ((flags & ~WAKEUP_FLAGS) !== 0n) return -errno.EINVAL;
  return ringAt(machine, handle).output(machine.memory.bytes(data, Number(size)));
};

const reserve: HelperFunction = (machine, handle, size, flags) => {
  if (flags !== 0n) return 0n;
  const reservation = ringAt(machine, handle).reserve(Number(size));
  return reservation ? machine.memory.address(reservation) : 0n;
};

const finish =
  (isSubmit: boolean): HelperFunction =>
  (machine, address) => {
    const region = machine.memory.find(address);
    if (!(region instanceof Reservation)) {
      throw new WaggleError('WRONG_TYPE', `0x${address.toString(16)} is no record reserved in a ring buffer`);
    }
    if (isSubmit) region.ring.submit(region);
    else region.ring.discard(region);
    machine.memory.detach(region);
    return undefined;
  };

const query: HelperFunction = (machine, handle, what) => ringAt(machine, handle).query(Number(what));

/** The upper half of the flags is how many bytes of the packet to send along. */
const perfEvent: HelperFunction = (machine, _context, handle, flags, data, size) => {
  const map = machine.mapAt(handle);
  if (!(map instanceof VirtualEvents)) throw map.refusal('perf_event_output');
  const index = u32(flags);
  if (index !== CURRENT_CPU && index !== machine.cpu) return -errno.EOPNOTSUPP;
  const wanted = Number((flags >> 32n) & 0xf_ffffn);
  const packet = machine.context?.packet.bytes ?? new Uint8Array();
  if (wanted > packet.length) return -errno.EFAULT;
  map.send({ data: machine.memory.bytes(data, Number(size)).slice(), packet: packet.slice(0, wanted) });
  return 0;
};

const CURRENT_CPU = 0xffff_ffff;

/** Up to three arguments; `%d %i %u %x %c %s %p`, with `l` for 64 bits and a width. */
const tracePrintk: HelperFunction = (machine, format, size, ...parameters) => {
  const text = textOf(machine.memory.bytes(format, u32(size)));
  let next = 0;
  const line = text.replace(/%(0?)(\d*)(l{0,2})([duixcsp%])/g, (_, zero, width, long, conversion) => {
    if (conversion === '%') return '%';
    const value = formatted(machine, conversion, long !== '', parameters[next++] ?? 0n);
    return value.padStart(Number(width), zero === '' ? ' ' : '0');
  });
  machine.trace.push(line.replace(/\n$/, ''));
  return line.length;
};

function formatted(machine: HelperHost, conversion: string, isLong: boolean, parameter: bigint): string {
  const bits = isLong || conversion === 'p' ? 64 : 32;
  switch (conversion) {
    case 'd':
    case 'i':
      return BigInt.asIntN(bits, parameter).toString();
    case 'x':
      return BigInt.asUintN(bits, parameter).toString(16);
    case 'p':
      return `0x${parameter.toString(16)}`;
    case 'c':
      return String.fromCharCode(Number(parameter & 0xffn));
    case 's':
      return stringAt(machine, parameter);
    default:
      return BigInt.asUintN(bits, parameter).toString();
  }
}

/** The text from an address up to the first NUL, or as far as the memory goes. */
function stringAt({ memory }: HelperHost, address: bigint): string {
  const region = memory.find(address);
  if (!region) return '(fault)';
  return textOf(region.bytes.subarray(Math.max(0, Number(address & 0xffff_ffffn) - region.start)));
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end));
}

export const outputHelpers: readonly (readonly [number, HelperFunction])[] = [
  [Helper.ringbufOutput, output],
  [Helper.ringbufReserve, reserve],
  [Helper.ringbufSubmit, finish(true)],
  [Helper.ringbufDiscard, finish(false)],
  [Helper.ringbufQuery, query],
  [Helper.perfEventOutput, perfEvent],
  [Helper.xdpOutput, perfEvent],
  [Helper.tracePrintk, tracePrintk],
];
