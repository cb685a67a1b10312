/** Writes late numbers into code that was generated without them. */
import { type Code, SLOT } from './assemble.ts';

/** The same code with its numbers, as contents of registers; the code that lacks them stays as it is. */
export function withNumbers(code: Code, numbers: readonly bigint[]): Code {
  const { lateNumbers, ...finished } = code;
  if (lateNumbers === undefined) return finished;
  const bytes = code.bytes.slice();
  const view = new DataView(bytes.buffer);
  for (const { slot, number, wide } of lateNumbers) {
    const value = numbers[number] ?? 0n;
    const at = slot * SLOT;
    view.setUint32(at + 4, Number(BigInt.asUintN(32, value)), true);
    if (wide) view.setUint32(at + 12, Number(value >> 32n), true);
  }
  return { ...finished, bytes };
}
