/** Helpers that ask about the world around the program: time, chance, the CPU, memory by address. */
import { WaggleError } from '@waggle/bpf';
import { Helper } from '../../backend/helper.ts';
import { errno } from '../errno.ts';
import { type HelperFunction, u32 } from './helper.ts';

/** Copies what can be read; leaves zeros and answers -EFAULT otherwise. */
const probeRead: HelperFunction = ({ memory }, target, size, source) => {
  const destination = memory.bytes(target, u32(size), true);
  try {
    destination.set(memory.bytes(source, u32(size)));
    return 0;
  } catch (error) {
    if (!(error instanceof WaggleError)) throw error;
    destination.fill(0);
    return -errno.EFAULT;
  }
};

/** Compares up to `size` bytes of the first text; both end at a NUL. */
const strncmp: HelperFunction = ({ memory }, first, size, second) => {
  const text = memory.bytes(first, u32(size));
  for (let index = 0; index < text.length; index++) {
    const left = text[index] ?? 0;
    const right = memory.bytes(second + BigInt(index), 1)[0] ?? 0;
    if (left !== right) return left < right ? -1 : 1;
    if (left === 0) break;
  }
  return 0;
};

const clock: HelperFunction = (machine) => machine.clock();
/** There are 250 ticks in a second, as on most machines. */
const TICK = 4_000_000n;

export const environmentHelpers: readonly (readonly [number, HelperFunction])[] = [
  [Helper.ktimeGetNs, clock],
  [Helper.ktimeGetBootNs, clock],
  [Helper.ktimeGetCoarseNs, clock],
  [Helper.ktimeGetTaiNs, clock],
  [Helper.jiffies64, (machine) => BigInt(machine.clock()) / TICK],
  [Helper.getPrandomU32, (machine) => machine.random() >>> 0],
  [Helper.getSmpProcessorId, (machine) => machine.cpu],
  [Helper.getNumaNodeId, () => 0],
  [Helper.probeRead, probeRead],
  [Helper.probeReadKernel, probeRead],
  [Helper.strncmp, strncmp],
];
