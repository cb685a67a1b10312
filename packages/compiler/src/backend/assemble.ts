/**
 * From instructions to bytes: labels become offsets, map references are listed for the loader, which alone knows
 * file descriptors. Pure and deterministic: the same instructions always yield the same bytes.
 */
import { WaggleError } from '@waggle/bpf';
import type { FieldReference, Instruction, Label, MapReference, Origin } from './instruction.ts';
import { CallKind, Class, JumpOperation, Pseudo } from './opcode.ts';

/** Bytes of one instruction slot. */
export const SLOT = 8;

/** Where a late number goes: into 32 bits, or into the 64 bits of a wide load. */
export interface LatePlace {
  readonly slot: number;
  readonly number: number;
  readonly wide: boolean;
}

/** Machine code that the loader completes with the file descriptors of its maps. */
export interface Code {
  readonly bytes: Uint8Array;
  /** The wide loads that name a map, by the slot they start at. */
  readonly mapReferences: readonly (MapReference & { readonly slot: number })[];
  /** Where source lines begin, by slot, ascending. */
  readonly lines: readonly (Origin & { readonly slot: number })[];
  /** The calls of kernel functions whose number the loader fills in; absent where there are none. */
  readonly kernelCalls?: readonly { readonly slot: number; readonly name: string }[];
  /** The immediates that the loader sets to the offset of a field in the running kernel; absent where there are none. */
  readonly fieldOffsets?: readonly (FieldReference & { readonly slot: number })[];
  /** The immediates that late numbers are written into; absent where there are none. */
  readonly lateNumbers?: readonly LatePlace[];
  /** Where functions other than the first begin: the targets of calls, ascending. */
  readonly functions: readonly { readonly name: string; readonly slot: number }[];
}

const slots = (instruction: Instruction): number =>
  (instruction.opcode & 7) === Class.ld && (instruction.opcode & 0xe0) === 0 ? 2 : 1;

/** Finds the slot of every label, and the number of slots. */
function layOut(program: readonly (Instruction | Label)[]): { labels: Map<string, number>; total: number } {
  const labels = new Map<string, number>();
  let total = 0;
  for (const item of program) {
    if ('label' in item) {
      if (labels.has(item.label)) {
        throw new WaggleError('BAD_DECLARATION', `the label "${item.label}" stands in two places`);
      }
      labels.set(item.label, total);
    } else total += slots(item);
  }
  return { labels, total };
}

const isFunctionReference = (instruction: Instruction): boolean =>
  slots(instruction) === 2
    ? instruction.source === Pseudo.function
    : instruction.opcode === (Class.jmp | JumpOperation.call) && instruction.source === CallKind.function;

const isLongGoto = ({ opcode }: Instruction): boolean => opcode === (Class.jmp32 | JumpOperation.always);

/**
 * Assembles a program.
 * @throws WaggleError BAD_DECLARATION for a label that is missing or stands twice, OUT_OF_RANGE for a jump too far.
 */
export function assemble(program: readonly (Instruction | Label)[]): Code {
  const { labels, total } = layOut(program);
  const bytes = new Uint8Array(total * SLOT);
  const view = new DataView(bytes.buffer);
  const mapReferences: (MapReference & { slot: number })[] = [];
  const lines: (Origin & { slot: number })[] = [];
  const kernelCalls: { slot: number; name: string }[] = [];
  const fieldOffsets: (FieldReference & { slot: number })[] = [];
  const lateNumbers: LatePlace[] = [];
  const functions = new Map<string, number>();
  let slot = 0;

  for (const instruction of program) {
    if ('label' in instruction) continue;
    let { offset, immediate } = instruction;
    if (instruction.target !== undefined) {
      const target = labels.get(instruction.target);
      if (target === undefined) {
        throw new WaggleError('BAD_DECLARATION', `there is no label "${instruction.target}" to go to`);
      }
      const distance = target - slot - 1;
      if (isFunctionReference(instruction)) {
        immediate = distance;
        functions.set(instruction.target, target);
      } else if (isLongGoto(instruction)) immediate = distance;
      else {
        if (distance < -0x8000 || distance > 0x7fff) {
          throw new WaggleError(
            'OUT_OF_RANGE',
            `the jump to "${instruction.target}" spans ${distance} slots`,
          );
        }
        offset = distance;
      }
    }
    if (instruction.origin) lines.push({ ...instruction.origin, slot });
    if (instruction.reference) mapReferences.push({ ...instruction.reference, slot });
    if (instruction.kernelFunction !== undefined)
      kernelCalls.push({ slot, name: instruction.kernelFunction });
    if (instruction.field) fieldOffsets.push({ ...instruction.field, slot });
    if (instruction.late !== undefined) {
      lateNumbers.push({ slot, number: instruction.late, wide: instruction.wide !== undefined });
    }

    const at = slot * SLOT;
    view.setUint8(at, instruction.opcode);
    view.setUint8(at + 1, (instruction.source << 4) | instruction.destination);
    view.setInt16(at + 2, offset, true);
    if (instruction.wide === undefined) view.setInt32(at + 4, immediate, true);
    else {
      view.setUint32(at + 4, Number(instruction.wide & 0xffff_ffffn), true);
      view.setUint32(at + 12, Number(instruction.wide >> 32n), true);
    }
    slot += slots(instruction);
  }
  return {
    bytes,
    mapReferences,
    lines,
    ...(kernelCalls.length > 0 ? { kernelCalls } : {}),
    ...(fieldOffsets.length > 0 ? { fieldOffsets } : {}),
    ...(lateNumbers.length > 0 ? { lateNumbers } : {}),
    functions: [...functions].map(([name, at]) => ({ name, slot: at })).sort((a, b) => a.slot - b.slot),
  };
}
