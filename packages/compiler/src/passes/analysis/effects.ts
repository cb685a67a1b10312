/**
 * What an operation does besides computing its result. Passes ask it before they drop, share or pass by an instruction,
 * or trust what memory held before it.
 */
import { Helper } from '../../backend/helper.ts';
import type { IrInstruction, IrProgram } from '../../ir/ir.ts';
import { remembered } from './flow.ts';

/** Whether an instruction does something that is seen elsewhere: it must run exactly when the program says. */
export function hasEffect(instruction: IrInstruction): boolean {
  switch (instruction.op) {
    case 'store':
    case 'atomic':
    case 'callHelper':
    case 'callKernel':
    case 'call':
    case 'tailCall':
      return true;
    case 'load':
      return instruction.volatile === true;
    default:
      return false;
  }
}

/** Whether the result depends on the arguments alone, so that one of two equal instructions is enough. */
export function isPure(instruction: IrInstruction): boolean {
  switch (instruction.op) {
    // Memory of its own for each, what memory holds at the time, where the packet is at the time.
    case 'stackSlot':
    case 'load':
    case 'packetAt':
    case 'packetBound':
      return false;
    default:
      return !hasEffect(instruction);
  }
}

/** The memory that a helper writes, as far as the program can see it. */
export type Writes = 'nothing' | 'arguments' | 'maps' | 'anything';

/** Helpers that do not write just anything. All others are taken to. */
const writes: ReadonlyMap<number, Writes> = new Map<number, Writes>([
  ...list('nothing', [
    Helper.mapLookupElem,
    Helper.mapLookupPercpuElem,
    Helper.ktimeGetNs,
    Helper.ktimeGetBootNs,
    Helper.ktimeGetCoarseNs,
    Helper.ktimeGetTaiNs,
    Helper.jiffies64,
    Helper.getPrandomU32,
    Helper.getSmpProcessorId,
    Helper.getNumaNodeId,
    Helper.getCurrentPidTgid,
    Helper.getCurrentUidGid,
    Helper.getCurrentCgroupId,
    Helper.getCurrentAncestorCgroupId,
    Helper.getCurrentTask,
    Helper.getSocketCookie,
    Helper.getSocketUid,
    Helper.getNetnsCookie,
    Helper.skbCgroupId,
    Helper.csumDiff,
    Helper.redirect,
    Helper.redirectMap,
    Helper.redirectPeer,
    Helper.tracePrintk,
    Helper.perfEventOutput,
    Helper.ringbufOutput,
    Helper.ringbufReserve,
    Helper.ringbufQuery,
    Helper.strncmp,
  ]),
  ...list('arguments', [
    Helper.skbLoadBytes,
    Helper.skbLoadBytesRelative,
    Helper.xdpLoadBytes,
    Helper.fibLookup,
    Helper.getCurrentComm,
    Helper.mapPopElem,
    Helper.mapPeekElem,
    Helper.probeReadKernel,
    Helper.probeReadUser,
    Helper.probeReadKernelStr,
    Helper.probeReadUserStr,
  ]),
  ...list('maps', [Helper.mapUpdateElem, Helper.mapDeleteElem, Helper.mapPushElem]),
]);

function list(kind: Writes, helpers: readonly number[]): [number, Writes][] {
  return helpers.map((helper) => [helper, kind]);
}

/** The memory that a call writes. */
export function writtenBy(instruction: IrInstruction): Writes {
  return instruction.op === 'callHelper' ? (writes.get(instruction.helper) ?? 'anything') : 'anything';
}

/** What of a program may move the packet. */
interface Movers {
  /** Functions that do, themselves or by what they call. */
  readonly functions: ReadonlySet<string>;
  /** Whether one of them is called by the kernel, for whom its address is taken. */
  readonly callbacks: boolean;
}

const moversOf: (program: IrProgram) => Movers = remembered(({ functions }) => {
  const movers = new Set<string>();
  const moves = (instruction: IrInstruction): boolean => {
    const { op } = instruction;
    if (op === 'callHelper' || op === 'callKernel') return instruction.kills === 'packet';
    return (op === 'call' || op === 'functionReference') && movers.has(instruction.function);
  };
  for (let before = -1; before < movers.size; ) {
    before = movers.size;
    for (const { name, blocks } of functions) {
      if (blocks.some(({ instructions }) => instructions.some(moves))) movers.add(name);
    }
  }
  const callback = (instruction: IrInstruction): boolean =>
    instruction.op === 'functionReference' && movers.has(instruction.function);
  const callbacks = functions.some(({ blocks }) =>
    blocks.some(({ instructions }) => instructions.some(callback)),
  );
  return { functions: movers, callbacks };
});

/** Whether an instruction may move the packet, so that pointers into it end. */
export function movesPacket(instruction: IrInstruction, program: IrProgram): boolean {
  switch (instruction.op) {
    case 'callHelper':
    case 'callKernel':
      return instruction.kills === 'packet' || moversOf(program).callbacks;
    case 'call':
      return moversOf(program).functions.has(instruction.function);
    default:
      return false;
  }
}
