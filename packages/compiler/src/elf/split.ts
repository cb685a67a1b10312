/**
 * From the code of programs to the bytes of sections. In memory a program is followed by the functions that it calls; in
 * an object file libbpf wants these in the section `.text`, from where it copies them behind each program again. So a
 * program's code is cut at its first function, and what went from one part to the other by distance is now for the loader
 * to fill in.
 */
import { type Code, SLOT } from '../backend/assemble.ts';
import { CallKind, Class, JumpOperation, Mode, Pseudo, Size } from '../backend/opcode.ts';

const CALL = Class.jmp | JumpOperation.call;
const WIDE = Class.ld | Mode.immediate | Size.u64;

/** A stretch of code within a section. */
export interface Part {
  /** Where the part starts in its section, in slots. */
  readonly start: number;
  readonly bytes: Uint8Array;
  /** The slots, counted from the start of the section, that name a map. */
  readonly maps: readonly { readonly slot: number; readonly map: string }[];
  /** Those that refer to a function in `.text`, whose place is in their immediate already. */
  readonly functions: readonly { readonly slot: number; readonly kind: 'call' | 'address' }[];
  readonly lines: Code['lines'];
}

/** A program cut in two; `names` are the functions in `.text`, by their slot there. */
export interface SplitProgram {
  readonly body: Part;
  readonly text: Part;
  readonly names: readonly { readonly name: string; readonly slot: number; readonly slots: number }[];
}

/** Cuts a program whose body is to start at slot `bodyStart` of its section, and its functions at `textStart` of `.text`. */
export function splitProgram(code: Code, bodyStart: number, textStart: number): SplitProgram {
  const total = code.bytes.length / SLOT;
  const functions = code.functions.filter(({ slot }) => slot > 0);
  const cut = functions[0]?.slot ?? total;
  const toText = (slot: number): number => slot - cut + textStart;
  return {
    body: part(code, 0, cut, bodyStart, toText),
    text: part(code, cut, total, textStart, toText),
    names: functions.map(({ name, slot }, index) => ({
      name,
      slot: toText(slot),
      slots: (functions[index + 1]?.slot ?? total) - slot,
    })),
  };
}

function part(code: Code, from: number, to: number, start: number, toText: (slot: number) => number): Part {
  const bytes = code.bytes.slice(from * SLOT, to * SLOT);
  const view = new DataView(bytes.buffer);
  const moved = <T extends { readonly slot: number }>(items: readonly T[]): T[] =>
    items
      .filter(({ slot }) => slot >= from && slot < to)
      .map((item) => ({ ...item, slot: item.slot - from + start }));
  const functions: { slot: number; kind: 'call' | 'address' }[] = [];
  for (let slot = 0; slot < to - from; slot++) {
    const at = slot * SLOT;
    const opcode = view.getUint8(at);
    const source = view.getUint8(at + 1) >> 4;
    const target = toText(from + slot + 1 + view.getInt32(at + 4, true));
    if (opcode === CALL && source === CallKind.function && from === 0) {
      // The loader adds the place of the section and one: calls count from the instruction after them.
      view.setInt32(at + 4, target - 1, true);
      functions.push({ slot: slot + start, kind: 'call' });
    }
    if (opcode !== WIDE) continue;
    if (source === Pseudo.function) {
      view.setInt32(at + 4, target * SLOT, true);
      functions.push({ slot: slot + start, kind: 'address' });
    }
    slot++;
  }
  return { start, bytes, maps: moved(code.mapReferences), functions, lines: moved(code.lines) };
}
