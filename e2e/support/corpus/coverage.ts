/** Which blocks of a program were reached: a block begins where a jump leads, and after every jump. */
import type { Code } from '@waggle/compiler';
import { decodeSlots, targetSlot } from '../../../packages/compiler/src/backend/decode.ts';
import { CallKind, Class, JumpOperation } from '../../../packages/compiler/src/backend/opcode.ts';

/** The share of the blocks of a program in which `visits` counts an execution. */
export function blockCoverage(code: Code, visits: Uint32Array): number {
  const starts = blockStarts(code);
  const reached = starts.filter((slot) => (visits[slot] ?? 0) > 0);
  return reached.length / starts.length;
}

function blockStarts(code: Code): number[] {
  const starts = new Set([0]);
  for (const [slot, instruction] of decodeSlots(code.bytes).entries()) {
    if (!instruction) continue;
    const { opcode, source } = instruction;
    const kind = opcode & 7;
    const target = targetSlot(instruction, slot);
    if (target !== undefined) starts.add(target);
    const operation = opcode & 0xf0;
    const isJump = kind === Class.jmp || kind === Class.jmp32;
    const isCall = isJump && operation === JumpOperation.call;
    if (isJump && (!isCall || source === CallKind.function)) starts.add(slot + 1);
  }
  const end = code.bytes.length / 8;
  return [...starts].filter((slot) => slot < end).sort((a, b) => a - b);
}
