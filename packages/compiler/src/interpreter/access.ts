/** How instructions read and write memory: loads, stores and atomic operations. */
import { WaggleError } from '@waggle/bpf';
import { AtomicOperation, Class, Mode, Size } from '../backend/opcode.ts';
import type { Step } from './executable.ts';
import type { Memory, Region } from './memory.ts';
import type { Registers } from './registers.ts';

/** `destination = *(size *)(source + offset)` */
export function load(
  { opcode, destination, source, offset }: Step,
  registers: Registers,
  memory: Memory,
): void {
  const low = registers.low(source) + offset;
  const region = memory.region(registers.high(source), low);
  const { view } = region;
  const isSigned = (opcode & 0xe0) === Mode.memorySigned;
  switch (opcode & 0x18) {
    case Size.u8: {
      const at = region.index(low, 1, false);
      if (isSigned) registers.setSigned(destination, view.getInt8(at));
      else registers.setLow(destination, view.getUint8(at));
      break;
    }
    case Size.u16: {
      const at = region.index(low, 2, false);
      if (isSigned) registers.setSigned(destination, view.getInt16(at, true));
      else registers.setLow(destination, view.getUint16(at, true));
      break;
    }
    case Size.u32: {
      const at = region.index(low, 4, false);
      if (isSigned) registers.setSigned(destination, view.getInt32(at, true));
      else registers.setLow(destination, view.getUint32(at, true));
      break;
    }
    default: {
      const at = region.index(low, 8, false);
      registers.setHalves(destination, view.getUint32(at, true), view.getUint32(at + 4, true));
    }
  }
}

/** `*(size *)(destination + offset) = source`, or an atomic operation there. */
export function store(step: Step, registers: Registers, memory: Memory): void {
  const { opcode, kind, destination, source, immediate } = step;
  const low = registers.low(destination) + step.offset;
  const region = memory.region(registers.high(destination), low);
  if ((opcode & 0xe0) === Mode.atomic) {
    atomic(step, registers, region, low);
    return;
  }
  const { view } = region;
  const isImmediate = kind === Class.st;
  switch (opcode & 0x18) {
    case Size.u8:
      view.setUint8(region.index(low, 1, true), isImmediate ? immediate : registers.low(source));
      break;
    case Size.u16:
      view.setUint16(region.index(low, 2, true), isImmediate ? immediate : registers.low(source), true);
      break;
    case Size.u32:
      view.setUint32(region.index(low, 4, true), isImmediate ? immediate : registers.low(source), true);
      break;
    default: {
      const at = region.index(low, 8, true);
      view.setUint32(at, isImmediate ? immediate : registers.low(source), true);
      view.setUint32(at + 4, isImmediate ? immediate >> 31 : registers.high(source), true);
    }
  }
}

function atomic(
  { opcode, source, immediate }: Step,
  registers: Registers,
  region: Region,
  low: number,
): void {
  const isWide = (opcode & 0x18) === Size.u64;
  const at = region.index(low, isWide ? 8 : 4, true);
  if (low % (isWide ? 8 : 4) !== 0) {
    throw new WaggleError('OUT_OF_RANGE', `the atomic operation on ${region.name} is not aligned`);
  }
  const old = isWide ? region.view.getBigUint64(at, true) : BigInt(region.view.getUint32(at, true));
  const value = isWide ? registers.get(source) : BigInt(registers.low(source));
  const expected = isWide ? registers.get(0) : BigInt(registers.low(0));
  const result = combine(immediate, old, value, expected);
  if (isWide) region.view.setBigUint64(at, result, true);
  else region.view.setUint32(at, Number(BigInt.asUintN(32, result)), true);
  if (immediate === AtomicOperation.compareExchange) registers.set(0, old);
  else if ((immediate & AtomicOperation.fetchAdd) !== 0) registers.set(source, old);
}

/** What an atomic operation leaves in memory. */
function combine(operation: number, old: bigint, value: bigint, expected: bigint): bigint {
  switch (operation) {
    case AtomicOperation.exchange:
      return value;
    case AtomicOperation.compareExchange:
      return old === expected ? value : old;
    case AtomicOperation.add:
    case AtomicOperation.fetchAdd:
      return old + value;
    case AtomicOperation.or:
    case AtomicOperation.fetchOr:
      return old | value;
    case AtomicOperation.and:
    case AtomicOperation.fetchAnd:
      return old & value;
    default:
      return old ^ value;
  }
}
