/**
 * Jumps have 16 bits for their distance. Where a program is so long that one does not reach, version 4 of the processor has a
 * longer unconditional jump; a conditional one then jumps over it.
 */
import { WaggleError } from '@waggle/bpf';
import { goto, gotoLong, type Instruction, type Label, label } from './instruction.ts';
import { CallKind, Class, JumpOperation } from './opcode.ts';

const REACH = 0x7fff;

const slotsOf = (item: Instruction | Label): number => ('label' in item ? 0 : item.opcode === 0x18 ? 2 : 1);

const isGoto = ({ opcode }: Instruction): boolean => opcode === (Class.jmp | JumpOperation.always);

/** Whether an instruction has its distance in 16 bits. */
function isShort({ opcode, source, target }: Instruction): boolean {
  const kind = opcode & 7;
  if (target === undefined || (kind !== Class.jmp && kind !== Class.jmp32)) return false;
  if (opcode === (Class.jmp32 | JumpOperation.always)) return false;
  return !(opcode === (Class.jmp | JumpOperation.call) && source === CallKind.function);
}

/**
 * Replaces the jumps that do not reach.
 * @throws WaggleError OUT_OF_RANGE when there are any and the processor has no longer ones.
 */
export function relax(program: readonly (Instruction | Label)[], cpu: 3 | 4): (Instruction | Label)[] {
  let items = [...program];
  let labels = 0;
  for (;;) {
    const far = farJumps(items);
    if (far.size === 0) return items;
    if (cpu < 4) {
      throw new WaggleError('OUT_OF_RANGE', `a jump spans more than ${REACH} instructions`, {
        hint: 'Generate code for cpu 4, or split the program by tail calls',
      });
    }
    items = items.flatMap((item): (Instruction | Label)[] => {
      if ('label' in item || !far.has(item) || item.target === undefined) return [item];
      const origin = item.origin ? { origin: item.origin } : {};
      const long = { ...gotoLong(item.target), ...origin };
      if (isGoto(item)) return [long];
      const [taken, past] = [`far:${labels++}`, `far:${labels++}`];
      return [{ ...item, target: taken }, { ...goto(past), ...origin }, label(taken), long, label(past)];
    });
  }
}

function farJumps(items: readonly (Instruction | Label)[]): Set<Instruction> {
  const places = new Map<string, number>();
  let slot = 0;
  for (const item of items) {
    if ('label' in item) places.set(item.label, slot);
    slot += slotsOf(item);
  }
  const far = new Set<Instruction>();
  slot = 0;
  for (const item of items) {
    if (!('label' in item) && isShort(item)) {
      const distance = (places.get(item.target ?? '') ?? slot) - slot - 1;
      if (distance < -REACH || distance > REACH) far.add(item);
    }
    slot += slotsOf(item);
  }
  return far;
}
