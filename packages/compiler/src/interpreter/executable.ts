/**
 * A program made ready to run: every slot decoded once, every wide load resolved to the number it stands for. The steps
 * are plain objects of one shape, which keeps the loop over them fast.
 */
import { WaggleError } from '@waggle/bpf';
import type { Code } from '../backend/assemble.ts';
import { decodeSlots, targetSlot, WIDE } from '../backend/decode.ts';
import type { Instruction } from '../backend/instruction.ts';
import { AtomicOperation, Class, Mode, Pseudo } from '../backend/opcode.ts';
import { ExecutionError } from './errors.ts';
import { type Memory, Region } from './memory.ts';

/** An instruction with what the loop would otherwise work out each time. */
export interface Step {
  readonly opcode: number;
  /** The lowest 3 bits of the opcode. */
  readonly kind: number;
  /** The highest 4 bits, where they are an operation. */
  readonly operation: number;
  /** Whether the second operand is a register. */
  readonly fromRegister: boolean;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
  /** The immediate as 64 bits: with its sign, or what a wide load loads. */
  readonly operand: bigint;
  /** The function of the kernel that is called. */
  readonly kernelFunction: string | undefined;
  readonly instruction: Instruction;
}

/** Where the maps that a program names are. */
export interface MapAddresses {
  /** The handle of a map. @throws WaggleError NOT_FOUND */
  handle(name: string): bigint;
  /** The address of a byte of its (first) value. @throws WaggleError NOT_FOUND, NOT_SUPPORTED */
  value(name: string, offset: number): bigint;
}

/** A program in the memory of a machine. */
export class Executable {
  /** The step of each slot; none for the second slot of a wide load. */
  readonly steps: readonly (Step | undefined)[];
  /** How often the step of each slot was executed. */
  readonly visits: Uint32Array;
  /** The addresses of the program's functions: nothing to read, but something to call. */
  readonly region: Region;

  /** @throws WaggleError MALFORMED as the decoder; ExecutionError for a write of r10; what `maps` throws. */
  constructor(code: Code | Uint8Array, memory: Memory, maps: MapAddresses) {
    const bytes = code instanceof Uint8Array ? code : code.bytes;
    const references = new Map(
      code instanceof Uint8Array ? [] : code.mapReferences.map((reference) => [reference.slot, reference]),
    );
    const calls = code instanceof Uint8Array ? [] : (code.kernelCalls ?? []);
    const kernelFunctions = new Map(calls.map(({ slot, name }) => [slot, name]));
    this.region = new CodeRegion(this);
    this.steps = decodeSlots(bytes).map((instruction, slot) => {
      if (!instruction) return undefined;
      if (writesFramePointer(instruction)) {
        const problem = new WaggleError('OUT_OF_RANGE', 'writes r10, the frame pointer, which is read-only');
        throw new ExecutionError(slot, instruction, problem);
      }
      const reference = references.get(slot);
      if (!reference) {
        return stepOf(instruction, this.#operand(instruction, slot, memory), kernelFunctions.get(slot));
      }
      const { map, valueOffset } = reference;
      return stepOf(instruction, valueOffset === undefined ? maps.handle(map) : maps.value(map, valueOffset));
    });
    this.visits = new Uint32Array(this.steps.length);
  }

  #operand(instruction: Instruction, slot: number, memory: Memory): bigint {
    const { opcode, source, wide = 0n } = instruction;
    if (opcode !== WIDE) return BigInt.asUintN(64, BigInt(instruction.immediate));
    if (source === Pseudo.none) return wide;
    const target = targetSlot(instruction, slot);
    if (target !== undefined) return memory.address(this.region, target);
    throw new WaggleError('NOT_SUPPORTED', `slot ${slot} names a kernel object by its number, ${wide}`, {
      hint: 'Give the machine Code, whose maps have names',
    });
  }
}

/** The addresses of a program's functions. */
export class CodeRegion extends Region {
  readonly executable: Executable;

  constructor(executable: Executable) {
    super('the code of the program', new Uint8Array(), { writable: false });
    this.executable = executable;
  }
}

const FRAME_POINTER = 10;

function writesFramePointer({ opcode, destination, source, immediate }: Instruction): boolean {
  switch (opcode & 7) {
    case Class.alu:
    case Class.alu64:
    case Class.ldx:
    case Class.ld:
      return destination === FRAME_POINTER;
    default: {
      const fetches = (opcode & 7) === Class.stx && (opcode & 0xe0) === Mode.atomic && (immediate & 1) !== 0;
      return fetches && immediate !== AtomicOperation.compareExchange && source === FRAME_POINTER;
    }
  }
}

function stepOf(instruction: Instruction, operand: bigint, kernelFunction?: string): Step {
  const { opcode, destination, source, offset, immediate } = instruction;
  return {
    opcode,
    kind: opcode & 7,
    operation: opcode & 0xf0,
    fromRegister: (opcode & 8) !== 0,
    destination,
    source,
    offset,
    immediate,
    operand,
    kernelFunction,
    instruction,
  };
}
