/** How a running program fails: with the place where it did. */
import { WaggleError } from '@waggle/bpf';
import { instructionText } from '../backend/disassemble.ts';
import type { Instruction } from '../backend/instruction.ts';

/** An error of a running program; `slot` is that of the instruction at fault. */
export class ExecutionError extends WaggleError {
  override readonly name: string = 'ExecutionError';
  readonly slot: number;

  constructor(slot: number, instruction: Instruction | undefined, cause: WaggleError) {
    const place = instruction ? `slot ${slot} (${instructionText(instruction)})` : `slot ${slot}`;
    const { hint } = cause;
    // The cause's message ends with its hint, which belongs behind ours.
    const problem = hint === undefined ? cause.message : cause.message.slice(0, -hint.length - 2);
    super(cause.code, `${place}: ${problem}`, hint === undefined ? { cause } : { hint, cause });
    this.slot = slot;
  }
}
