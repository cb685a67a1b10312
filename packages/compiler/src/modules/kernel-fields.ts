/**
 * What a program reads of the kernel's structs, put where the running kernel has it (CO-RE). An offset becomes a constant, as the
 * verifier wants it for pointers whose types it knows. A field that has another size than the program takes it to have is an
 * error, unless it is an integer that fits: then as many bytes (or bits) as there are are read, and widened by the sign that they
 * have in the kernel.
 *
 *     %2: i64 = fieldOffset sock sk_protocol size 4 narrow      %2: i64 = const 516
 *     %3: kernel = offsetPointer %1 %2                      =>  %3: kernel = offsetPointer %1 %2
 *     %4: i32 = load u32 %3 +0                                  %5: i32 = load u16 %3 +0 …
 */
import { WaggleError } from '@waggle/bpf';
import type { Btf } from '../btf/btf.ts';
import type { BtfMember } from '../btf/types.ts';
import type { AccessSize, IrFunction, IrInstruction, IrProgram, Value } from '../ir/ir.ts';
import { constant, mapBlocks, valueCount, withParts } from '../passes/analysis/rewrite.ts';

type FieldOffset = Extract<IrInstruction, { op: 'fieldOffset' }>;
type Load = Extract<IrInstruction, { op: 'load' }>;

/** Bits of a field that has fewer than the program reads. */
interface Narrow {
  readonly field: FieldOffset;
  readonly offset: number;
  readonly size: AccessSize;
  /** The bits, counted from the lowest of the `size` bytes. */
  readonly shift: number;
  readonly bits: number;
  readonly signed: boolean;
}

/** The program with the answers to its questions whether the kernel has a field. */
export function withFieldTests(program: IrProgram, btf: Btf): IrProgram {
  return withInstructions(program, (instruction) => {
    if (instruction.op !== 'fieldExists') return instruction;
    const { id, type, struct, path } = instruction;
    return constant(id, type, find(btf, struct, path) instanceof WaggleError ? 0n : 1n);
  });
}

/**
 * The program with every offset of a field as a constant.
 * @param name what messages call the program.
 * @throws WaggleError NOT_SUPPORTED for a field that the kernel lacks, or has in another size.
 */
export function withFieldOffsets(name: string, program: IrProgram, btf: Btf): IrProgram {
  const functions = program.functions.map((each) => {
    const narrow = new Map<Value, Narrow>();
    const resolve = (field: FieldOffset): IrInstruction => {
      const { offset, bits } = place(name, field, btf);
      if (bits) narrow.set(field.id, bits);
      return constant(field.id, field.type, BigInt(offset));
    };
    const resolved = mapBlocks(each, (block) =>
      withParts(
        block,
        block.instructions.map((instruction) =>
          instruction.op === 'fieldOffset' ? resolve(instruction) : instruction,
        ),
        block.terminator,
      ),
    );
    return narrow.size === 0 ? resolved : withNarrowLoads(name, resolved, narrow);
  });
  return { ...program, functions };
}

/** Whether a program depends on the structs of the kernel that it will run in. */
export function readsFields({ functions }: IrProgram): boolean {
  return functions.some(({ blocks }) =>
    blocks.some(({ instructions }) =>
      instructions.some(({ op }) => op === 'fieldOffset' || op === 'fieldExists'),
    ),
  );
}

function withInstructions(
  program: IrProgram,
  replace: (instruction: IrInstruction) => IrInstruction,
): IrProgram {
  const functions = program.functions.map((fn) =>
    mapBlocks(fn, (block) => withParts(block, block.instructions.map(replace), block.terminator)),
  );
  return { ...program, functions };
}

function find(btf: Btf, struct: string, path: string): BtfMember | WaggleError {
  try {
    return btf.member(struct, path);
  } catch (error) {
    if (error instanceof WaggleError && error.code === 'NOT_FOUND') return error;
    throw error;
  }
}

/** Where a field is, and its bits if they are fewer than the program reads. */
function place(name: string, field: FieldOffset, btf: Btf): { offset: number; bits?: Narrow } {
  const { struct, path, size, narrow } = field;
  const member = find(btf, struct, path);
  if (member instanceof WaggleError) {
    throw new WaggleError('NOT_SUPPORTED', `${described(name, field)}, which this kernel does not have`, {
      hint: member.hint ?? 'Ask fieldExists() before, or declare what this kernel has',
      cause: member,
    });
  }
  const { byteOffset, byteSize, isBitfield, bitOffset, bitSize } = member;
  if (size === undefined || (byteSize === size && !isBitfield)) return { offset: byteOffset };
  const type = btf.resolve(member.typeId);
  const isInteger = type.kind === 'int' || type.kind === 'enum' || type.kind === 'enum64';
  if (!narrow || !isInteger || bitSize > size * 8) throw otherSize(name, field, member);
  // The smallest unit of memory that holds all of the bits. The machines that we run on are little-endian.
  const units: readonly AccessSize[] = [1, 2, 4, 8];
  const unit = units.find((bytes) => (bitOffset % (bytes * 8)) + bitSize <= bytes * 8);
  if (unit === undefined) throw otherSize(name, field, member);
  const offset = Math.floor(bitOffset / (unit * 8)) * unit;
  const signed = type.kind === 'int' ? type.encoding === 'signed' : type.signed;
  return {
    offset,
    bits: { field, offset, size: unit, shift: bitOffset - offset * 8, bits: bitSize, signed },
  };
}

/** The function with loads of as many bits as there are. */
function withNarrowLoads(name: string, each: IrFunction, narrow: ReadonlyMap<Value, Narrow>): IrFunction {
  const pointers = new Map<Value, Narrow>();
  for (const { instructions } of each.blocks) {
    for (const { op, id, args } of instructions) {
      const field = op === 'offsetPointer' ? narrow.get(args[1] ?? -1) : undefined;
      if (field) pointers.set(id, field);
    }
  }
  let next = valueCount(each);
  return mapBlocks(each, (block) => {
    const instructions = block.instructions.flatMap((instruction) => {
      const used = instruction.args.map((value) => pointers.get(value)).find((found) => found);
      if (!used) return [instruction];
      const whole =
        instruction.op === 'load' && instruction.offset === 0 && instruction.size === used.field.size;
      if (whole) return narrowLoad(instruction, used, () => next++);
      throw new WaggleError(
        'NOT_SUPPORTED',
        `${described(name, used.field)}, which has another size in this kernel`,
      );
    });
    return withParts(block, instructions, block.terminator);
  });
}

/** Loads the unit, and shifts the bits to the top and down again: zeros or the sign fill the rest. */
function narrowLoad(load: Load, { size, shift, bits, signed }: Narrow, id: () => Value): IrInstruction[] {
  const { origin } = load;
  const from = origin ? { origin } : {};
  const raw: IrInstruction = { ...load, id: id(), size, type: size === 8 ? 'i64' : 'i32' };
  const wide: IrInstruction =
    size === 8 ? raw : { op: 'zeroExtend', id: id(), type: 'i64', args: [raw.id], ...from };
  const up = constant(id(), 'i64', BigInt(64 - shift - bits));
  const down = constant(id(), 'i64', BigInt(64 - bits));
  const raised: IrInstruction = {
    op: 'shiftLeft',
    id: id(),
    type: 'i64',
    args: [wide.id, up.id],
    ...from,
  };
  const op = signed ? 'signedShiftRight' : 'shiftRight';
  const lowered = { op, type: 'i64', args: [raised.id, down.id], ...from } as const;
  const before = [raw, ...(wide === raw ? [] : [wide]), up, down, raised];
  if (load.type === 'i64') return [...before, { ...lowered, id: load.id }];
  const result = { ...lowered, id: id() };
  return [...before, result, { op: 'truncate', id: load.id, type: 'i32', args: [result.id], ...from }];
}

function otherSize(
  name: string,
  field: FieldOffset,
  { byteSize, bitSize, isBitfield }: BtfMember,
): WaggleError {
  const size = isBitfield ? counted(bitSize, 'bit') : counted(byteSize, 'byte');
  return new WaggleError(
    'NOT_SUPPORTED',
    `${described(name, field)} as ${counted(field.size ?? 0, 'byte')}, but it has ${size} in this kernel`,
    { hint: 'Declare it with the size that it has; a larger integer will do, too' },
  );
}

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;

function described(name: string, { struct, path, origin }: FieldOffset): string {
  const place = origin ? ` (${origin.file}:${origin.line})` : '';
  return `program "${name}" reads struct ${struct}.${path}${place}`;
}
