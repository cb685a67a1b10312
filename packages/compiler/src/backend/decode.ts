/**
 * From bytes back to instructions: the inverse of `assemble`. Every slot is checked against the table of decode-layout.ts, every
 * jump against the program it is in, so whoever reads instructions from here meets none that does not exist.
 *
 *     assemble(decode(code))   // the same code
 */
import { WaggleError } from '@waggle/bpf';
import { type Code, SLOT } from './assemble.ts';
import { admits, type Layout, layoutOf } from './decode-layout.ts';
import type { Instruction, Label, Register } from './instruction.ts';
import { CallKind, Class, JumpOperation, Pseudo } from './opcode.ts';

/** The opcode of the one instruction that takes two slots. */
export const WIDE = 0x18;
const CALL = Class.jmp | JumpOperation.call;
const GOTO_LONG = Class.jmp32 | JumpOperation.always;

/** The kinds of wide loads of which the second half of the immediate means something. */
const SECOND_HALVES: readonly number[] = [Pseudo.none, Pseudo.mapValue, Pseudo.mapIndexValue];

/**
 * The instruction of every slot as it stands there: jumps by distance, maps by number. The second slot of a wide load has
 * none.
 * @throws WaggleError MALFORMED, naming the slot.
 */
export function decodeSlots(bytes: Uint8Array): (Instruction | undefined)[] {
  if (bytes.length === 0 || bytes.length % SLOT !== 0) {
    throw new WaggleError('MALFORMED', `${bytes.length} bytes are no program: a slot has ${SLOT} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots = new Array<Instruction | undefined>(bytes.length / SLOT);
  for (let slot = 0; slot < slots.length; slot++) {
    const instruction = decodeSlot(view, slot);
    slots[slot] = instruction;
    if (instruction.opcode === WIDE) slots[++slot] = undefined;
  }
  return slots;
}

/** The slot to which an instruction in `slot` goes or which it names; undefined for those that name none. */
export function targetSlot(
  { opcode, source, offset, immediate }: Instruction,
  slot: number,
): number | undefined {
  if (opcode === WIDE) return source === Pseudo.function ? slot + 1 + immediate : undefined;
  if (opcode === CALL) return source === CallKind.function ? slot + 1 + immediate : undefined;
  if (opcode === GOTO_LONG) return slot + 1 + immediate;
  const kind = opcode & 7;
  if (kind !== Class.jmp && kind !== Class.jmp32) return undefined;
  return opcode === (Class.jmp | JumpOperation.exit) ? undefined : slot + 1 + offset;
}

/**
 * The program that `assemble` would turn into these bytes: targets are labels (functions under their names), and maps and
 * source lines are where the code says.
 * @throws WaggleError MALFORMED, naming the slot, also for a jump that leads to no instruction.
 */
export function decode(code: Code | Uint8Array): (Instruction | Label)[] {
  const { bytes, mapReferences, lines, functions } = code instanceof Uint8Array ? bare(code) : code;
  const slots = decodeSlots(bytes);
  const labels = nameTargets(slots, functions);
  const references = new Map(mapReferences.map(({ slot, ...reference }) => [slot, reference]));
  const origins = new Map(lines.map(({ slot, ...origin }) => [slot, origin]));
  const program: (Instruction | Label)[] = [];
  for (const [slot, instruction] of slots.entries()) {
    const name = labels.get(slot);
    if (name !== undefined) program.push({ label: name });
    if (!instruction) continue;
    const target = targetSlot(instruction, slot);
    const reference = references.get(slot);
    const origin = origins.get(slot);
    program.push({
      ...withoutNumbers(instruction, labels.get(target ?? -1), reference !== undefined),
      ...(reference ? { reference } : {}),
      ...(origin ? { origin } : {}),
    });
  }
  return program;
}

/** The instruction without the distance or the map's number, for which a name stands instead. */
function withoutNumbers(
  instruction: Instruction,
  target: string | undefined,
  isReference: boolean,
): Instruction {
  if (isReference) {
    const { wide: _, ...rest } = instruction;
    return rest;
  }
  if (target === undefined) return instruction;
  const isFar = [WIDE, CALL, GOTO_LONG].includes(instruction.opcode);
  return isFar ? { ...instruction, immediate: 0, target } : { ...instruction, offset: 0, target };
}

const bare = (bytes: Uint8Array): Code => ({ bytes, mapReferences: [], lines: [], functions: [] });

function decodeSlot(view: DataView, slot: number): Instruction {
  const at = slot * SLOT;
  const opcode = view.getUint8(at);
  const registers = view.getUint8(at + 1);
  const fields = {
    destination: registers & 15,
    source: registers >> 4,
    offset: view.getInt16(at + 2, true),
    immediate: view.getInt32(at + 4, true),
  };
  const layout = layoutOf(opcode);
  if (!layout) throw malformed(slot, `there is no instruction with opcode 0x${hexByte(opcode)}`);
  checkFields(slot, opcode, layout, fields);
  const instruction = { opcode, ...fields, destination: fields.destination as Register };
  return opcode === WIDE ? decodeWide(view, slot, instruction) : instruction;
}

function checkFields(
  slot: number,
  opcode: number,
  layout: Layout,
  values: Record<keyof Layout, number>,
): void {
  for (const name of ['destination', 'source', 'offset', 'immediate'] as const) {
    const field = layout[name];
    if (admits(field, values[name])) continue;
    const problem =
      field === 'zero'
        ? 'is reserved and must be 0'
        : field === 'register'
          ? 'must be a register from 0 to 10'
          : `must be one of ${field}`;
    throw malformed(slot, `the ${name} of opcode 0x${hexByte(opcode)} is ${values[name]}, but ${problem}`);
  }
}

/** The second slot of a wide load has an immediate and otherwise zeros. */
function decodeWide(view: DataView, slot: number, instruction: Instruction): Instruction {
  const second = (slot + 1) * SLOT;
  if (second >= view.byteLength) throw malformed(slot, 'the wide load lacks its second slot');
  if (view.getUint32(second, true) !== 0) {
    throw malformed(
      slot + 1,
      'the second slot of a wide load has an opcode, registers or an offset, which must be 0',
    );
  }
  const high = view.getUint32(second + 4, true);
  if (high !== 0 && !SECOND_HALVES.includes(instruction.source)) {
    throw malformed(slot + 1, `the second immediate is ${high}, but is reserved and must be 0`);
  }
  if (instruction.source === Pseudo.function) return instruction;
  const wide = (BigInt(high) << 32n) | BigInt(instruction.immediate >>> 0);
  return { ...instruction, immediate: 0, wide };
}

/** A label for every slot that something goes to: the name of the function there, or one made of the slot's number. */
function nameTargets(
  slots: readonly (Instruction | undefined)[],
  functions: Code['functions'],
): ReadonlyMap<number, string> {
  const labels = new Map(functions.map(({ name, slot }) => [slot, name]));
  const taken = new Set(labels.values());
  for (const [slot, instruction] of slots.entries()) {
    if (!instruction) continue;
    const target = targetSlot(instruction, slot);
    if (target === undefined) continue;
    if (target < 0 || target >= slots.length) {
      throw malformed(slot, `goes to slot ${target}, but the program has slots 0 to ${slots.length - 1}`);
    }
    if (!slots[target]) throw malformed(slot, `goes to slot ${target}, which is the second of a wide load`);
    if (labels.has(target)) continue;
    const isFunction = (instruction.opcode & 7) === Class.ld || instruction.opcode === CALL;
    let name = `${isFunction ? 'function_' : 'L'}${target}`;
    while (taken.has(name)) name += '_';
    taken.add(name);
    labels.set(target, name);
  }
  return labels;
}

const hexByte = (value: number): string => value.toString(16).padStart(2, '0');

const malformed = (slot: number, problem: string): WaggleError =>
  new WaggleError('MALFORMED', `slot ${slot}: ${problem}`);
