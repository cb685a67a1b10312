/**
 * Random programs for round trips: any instruction that exists, with any operands that its layout allows, jumps and calls
 * to labels that are there, maps by name, source lines. They mean nothing, and are never run.
 */
import fc from 'fast-check';
import { assemble, type Code } from '../backend/assemble.ts';
import { WIDE } from '../backend/decode.ts';
import { type Field, layoutOf } from '../backend/decode-layout.ts';
import type { Instruction, Label, Register } from '../backend/instruction.ts';
import { CallKind, Class, JumpOperation, Pseudo } from '../backend/opcode.ts';

const opcodes = Array.from({ length: 256 }, (_, opcode) => opcode).filter((opcode) => layoutOf(opcode));

const fieldValue = (field: Field, any: fc.Arbitrary<number>): fc.Arbitrary<number> => {
  if (field === 'zero') return fc.constant(0);
  if (field === 'any') return any;
  return field === 'register' ? fc.nat(10) : fc.constantFrom(...field);
};

const anyOffset = fc.integer({ min: -0x8000, max: 0x7fff });
const anyImmediate = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const anyName = fc.constantFrom('counters', 'services', 'a.b', '_x1');

/** An instruction whose target is still a number. */
const anyInstruction: fc.Arbitrary<Instruction & { readonly aim: number }> = fc
  .constantFrom(...opcodes)
  .chain((opcode) => {
    const layout = layoutOf(opcode);
    if (!layout) throw new Error(`no layout of opcode ${opcode}`);
    return fc.record({
      opcode: fc.constant(opcode),
      destination: fieldValue(layout.destination, fc.nat(10)).map((register) => register as Register),
      source: fieldValue(layout.source, fc.nat(10)),
      offset: fieldValue(layout.offset, anyOffset),
      immediate: fieldValue(layout.immediate, anyImmediate),
      aim: fc.nat(),
    });
  });

/** What a wide load stands for. */
const anyWide = (source: number): fc.Arbitrary<Partial<Instruction>> => {
  const number = fc.bigInt({ min: 0n, max: 0xffff_ffffn });
  switch (source) {
    case Pseudo.mapFd:
      return fc.oneof(
        number.map((wide) => ({ wide })),
        anyName.map((map) => ({ reference: { map } })),
      );
    case Pseudo.mapValue:
      return fc.oneof(
        fc.tuple(number, fc.nat(4096)).map(([low, high]) => ({ wide: (BigInt(high) << 32n) | low })),
        fc.tuple(anyName, fc.nat(4096)).map(([map, valueOffset]) => ({ reference: { map, valueOffset } })),
      );
    case Pseudo.none:
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((wide) => ({ wide }));
    case Pseudo.mapIndexValue:
      return fc.tuple(number, fc.nat(4096)).map(([low, high]) => ({ wide: (BigInt(high) << 32n) | low }));
    default:
      return number.map((wide) => ({ wide }));
  }
};

const finished = anyInstruction.chain((instruction) =>
  instruction.opcode === WIDE && instruction.source !== Pseudo.function
    ? anyWide(instruction.source).map((rest) => ({ ...instruction, immediate: 0, ...rest }))
    : fc.constant(instruction),
);

const anyOrigin = fc.option(
  fc.record({ line: fc.integer({ min: 1, max: 999 }), column: fc.integer({ min: 1, max: 99 }) }),
  {
    nil: undefined,
    freq: 4,
  },
);

/** Whether an instruction goes to another place of the program, and whether that is a function. */
function aims({ opcode, source }: Instruction): 'nowhere' | 'jump' | 'function' {
  if (opcode === WIDE) return source === Pseudo.function ? 'function' : 'nowhere';
  if (opcode === (Class.jmp | JumpOperation.call))
    return source === CallKind.function ? 'function' : 'nowhere';
  const isJump = (opcode & 7) === Class.jmp || (opcode & 7) === Class.jmp32;
  return isJump && opcode !== (Class.jmp | JumpOperation.exit) ? 'jump' : 'nowhere';
}

/** Random code. */
export const anyCode: fc.Arbitrary<Code> = fc
  .array(fc.tuple(finished, anyOrigin), { minLength: 1, maxLength: 30 })
  .map((items) => {
    const program: (Instruction | Label)[] = [];
    for (const [index, [{ aim, ...instruction }, place]] of items.entries()) {
      const origin = place ? { origin: { file: 'a.bpf.ts', source: `line ${place.line}`, ...place } } : {};
      const kind = aims(instruction);
      const target = `${kind === 'function' ? 'f' : 'l'}${aim % items.length}`;
      const far = kind === 'function' || instruction.opcode === (Class.jmp32 | JumpOperation.always);
      const rest = kind === 'nowhere' ? {} : { target, ...(far ? { immediate: 0 } : { offset: 0 }) };
      program.push({ label: `f${index}` }, { label: `l${index}` }, { ...instruction, ...rest, ...origin });
    }
    return assemble(program);
  });
