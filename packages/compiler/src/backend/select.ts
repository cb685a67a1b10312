/**
 * From the IR to machine instructions: one walk over the blocks, dominators first. Constants become immediates where they
 * fit, constant distances the offsets of loads and stores, comparisons conditional jumps; what is left without a user is
 * removed afterwards (see dead.ts).
 */

import type { ProgramType } from '@waggle/bpf';
import { WaggleError } from '@waggle/bpf';
import { graphOf, reversePostorder } from '../ir/graph.ts';
import type {
  AccessSize,
  Block,
  Comparison,
  Edge,
  IrFunction,
  IrInstruction,
  Terminator,
  Value,
} from '../ir/ir.ts';
import { isCommutative, mirrored } from '../ir/operators.ts';
import { Helper } from './helper.ts';
import type { Origin } from './instruction.ts';
import {
  type AluOperation,
  type FrameObject,
  isCall,
  isVirtual,
  type MachineBlock,
  type MachineEdge,
  type MachineFunction,
  type MachineInstruction,
  type MachineOperation,
  type MachineTerminator,
  type Operand,
  type Recomputable,
  type Spilled,
  type Virtual,
  type Width,
} from './machine.ts';
import type { Size } from './opcode.ts';
import { packetBound } from './packet-bounds.ts';
import { forgottenHalves } from './upper-halves.ts';
import { type Facts, factsOf } from './use-facts.ts';

const sizes: Readonly<Record<AccessSize, Size>> = { 1: 'u8', 2: 'u16', 4: 'u32', 8: 'u64' };
const aluOperations: Readonly<Record<string, AluOperation>> = {
  shiftLeft: 'lsh',
  shiftRight: 'rsh',
  signedShiftRight: 'arsh',
};

/** What selection must know beside the function. */
export interface Target {
  readonly type: ProgramType;
  readonly cpu: 3 | 4;
}

/** Selects the instructions of a function. */
export function select(each: IrFunction, target: Target): MachineFunction {
  return new Selection(each, target).run();
}

/** Where an access goes: a register or recomputable, and a distance. */
interface Address {
  readonly base: Operand;
  readonly offset: number;
}

class Selection {
  readonly #function: IrFunction;
  readonly #target: Target;
  readonly #facts: Facts;
  readonly #forgotten: ReadonlySet<Value>;
  readonly #operands = new Map<Value, Operand>();
  /** Pointers that are only accessed, as the place they are derived from. */
  readonly #addresses = new Map<Value, Address>();
  readonly #objects: FrameObject[] = [];
  #registers = 0;
  #written: MachineInstruction[] = [];
  /** The registers that hold recomputables in the current block, until the next call. */
  #held = new Map<string, Virtual>();
  #origin: Origin | undefined;

  constructor(each: IrFunction, target: Target) {
    this.#function = each;
    this.#target = target;
    this.#facts = factsOf(each);
    this.#forgotten = forgottenHalves(each);
  }

  run(): MachineFunction {
    const graph = graphOf(this.#function);
    const order = reversePostorder(graph.successors);
    const places = new Map<number, number>();
    for (const [place, index] of order.entries()) {
      const block = graph.blocks[index];
      if (!block) continue;
      places.set(block.id, place);
      for (const { id } of block.params) this.#operands.set(id, this.#registers++);
    }
    const blocks = order.flatMap((index) => {
      const block = graph.blocks[index];
      return block ? [this.#block(block, places)] : [];
    });
    return {
      name: this.#function.name,
      blocks,
      objects: this.#objects,
      registerCount: this.#registers,
    };
  }

  #block(block: Block, places: ReadonlyMap<number, number>): MachineBlock {
    this.#written = [];
    this.#held = new Map();
    const params = block.params.map(({ id }) => this.#operand(id) as Virtual);
    this.#origin = block.instructions[0]?.origin ?? block.terminator.origin;
    for (const { id } of block.params) this.#operands.set(id, this.#reminded(id, this.#operand(id)));
    for (const instruction of block.instructions) {
      this.#origin = instruction.origin;
      const operand = this.#instruction(instruction);
      if (operand !== undefined) this.#operands.set(instruction.id, this.#reminded(instruction.id, operand));
    }
    this.#origin = block.terminator.origin;
    const terminator = this.#terminator(block.terminator, ({ block: id, args }) => ({
      block: places.get(id) ?? 0,
      args: args.map((value) => this.#operand(value)),
    }));
    return { params, instructions: this.#written, terminator };
  }

  /** The value in a register of which the verifier knows that its upper half is clear, where it has to know. */
  #reminded(value: Value, operand: Operand): Operand {
    if (!isVirtual(operand) || !this.#forgotten.has(value)) return operand;
    return this.#result({ op: 'move', width: 32 }, [operand]);
  }

  #emit(operation: MachineOperation, args: readonly Operand[], to?: Virtual): void {
    this.#written.push({ ...operation, to, args, origin: this.#origin });
    if (isCall(operation)) this.#held = new Map();
  }

  /** Emits an instruction with a result in a new register. */
  #result(operation: MachineOperation, args: readonly Operand[]): Virtual {
    const to = this.#registers++;
    this.#emit(operation, args, to);
    return to;
  }

  #operand(value: Value): Operand {
    const operand = this.#operands.get(value);
    if (operand !== undefined) return operand;
    const address = this.#addresses.get(value);
    if (address) return this.#materialize(address);
    throw new WaggleError(
      'BAD_DECLARATION',
      `function "${this.#function.name}" uses %${value} before it exists`,
    );
  }

  /** The operand in a register. */
  #register(operand: Operand): Virtual {
    if (isVirtual(operand)) return operand;
    const key = keyOf(operand);
    const held = this.#held.get(key);
    if (held !== undefined) return held;
    const register = this.#result({ op: 'set' }, [operand]);
    this.#held.set(key, register);
    return register;
  }

  #valueIn(value: Value | undefined): Virtual {
    return this.#register(this.#operand(value ?? -1));
  }

  /** A constant, when the operand is one. */
  #constant(value: Value | undefined): bigint | undefined {
    const operand = this.#operands.get(value ?? -1);
    return operand !== undefined && !isVirtual(operand) && operand.kind === 'constant'
      ? operand.value
      : undefined;
  }

  /** Whether the value is a number that may be an immediate. */
  #isNumber(value: Value | undefined): boolean {
    const operand = this.#operands.get(value ?? -1);
    return operand !== undefined && !isVirtual(operand) && isNumber(operand);
  }

  /** The second operand of an instruction: an immediate where the number fits, else a register. */
  #second(value: Value | undefined, width: Width): Operand {
    const operand = this.#operand(value ?? -1);
    if (isVirtual(operand)) return operand;
    return fits(operand, width) ? operand : this.#register(operand);
  }

  /** Writes an instruction; the result is where its value can be found. */
  #instruction(instruction: IrInstruction): Operand | undefined {
    const { id, type, args } = instruction;
    const [first, second] = args;
    const width: Width = type === 'i32' ? 32 : 64;
    switch (instruction.op) {
      case 'const':
        return constantOf(instruction.value, width);
      case 'config':
        throw new WaggleError(
          'BAD_DECLARATION',
          `the value of ${instruction.config}.${instruction.field} is not known`,
          { hint: 'Give the configuration before code is generated' },
        );
      case 'late':
        return { kind: 'late', number: instruction.number, bits: instruction.bits };
      case 'compare':
        if (this.#facts.fusedCompares.has(id)) return undefined;
        return this.#compare(instruction.comparison, args);
      case 'zeroExtend':
        return this.#operand(first ?? -1);
      case 'truncate': {
        const value = this.#constant(first);
        if (value !== undefined) return constantOf(value, 32);
        // Whoever looks at the low half only, may look at it where it is.
        if (this.#facts.lowHalfOnly.has(id)) return this.#operand(first ?? -1);
        return this.#result({ op: 'move', width: 32 }, [this.#valueIn(first)]);
      }
      case 'signExtend':
        return this.#signExtend(instruction.bits, width, this.#valueIn(first));
      case 'swapBytes':
        return this.#result({ op: 'toBig', bits: instruction.bits }, [this.#valueIn(first)]);
      case 'load': {
        const { base, offset } = this.#address(first, instruction.offset);
        const operation = { ...loadOf(instruction.size, offset), keep: instruction.volatile ?? false };
        return this.#result(operation, [base]);
      }
      case 'store':
        this.#store(instruction.size, this.#address(first, instruction.offset), args);
        return undefined;
      case 'atomic': {
        const { base, offset } = this.#address(first, instruction.offset);
        const { operator } = instruction;
        const operation = {
          op: 'atomic',
          operator,
          size: sizes[instruction.size],
          offset,
        } as MachineOperation;
        const operands = [base, ...args.slice(1).map((value) => this.#valueIn(value))];
        if (type === 'void') {
          this.#emit(operation, operands);
          return undefined;
        }
        return this.#result(operation, operands);
      }
      case 'offsetPointer':
        return this.#offsetPointer(instruction);
      case 'packetBound': {
        const { offset, size } = packetBound(this.#target.type, instruction.bound);
        return this.#result(loadOf(size, offset), [this.#valueIn(first)]);
      }
      case 'packetAt':
        throw new WaggleError(
          'BAD_DECLARATION',
          'packetAt must be expanded before instructions are selected',
        );
      case 'stackSlot': {
        const { size, alignment } = instruction;
        return { kind: 'frame', object: this.#objects.push({ size, alignment }) - 1, offset: 0 };
      }
      case 'mapReference':
        return { kind: 'map', map: instruction.map };
      case 'mapValueReference':
        return { kind: 'map', map: instruction.map, valueOffset: instruction.offset };
      case 'functionReference':
        return { kind: 'function', function: instruction.function };
      case 'fieldExists':
      case 'registerOffset':
        throw new WaggleError(
          'BAD_DECLARATION',
          `${instruction.op} is not known before the program is finished for a kernel`,
          { hint: 'Load the program with loadDeclared()' },
        );
      case 'fieldOffset':
        return { kind: 'field', struct: instruction.struct, path: instruction.path };
      case 'callHelper':
        return this.#call({ op: 'callHelper', helper: instruction.helper }, instruction);
      case 'tailCall':
        return this.#call({ op: 'callHelper', helper: Helper.tailCall }, instruction);
      case 'callKernel':
        return this.#call({ op: 'callKernel', function: instruction.function }, instruction);
      case 'call':
        return this.#call({ op: 'callFunction', function: instruction.function }, instruction);
      default:
        return this.#binary(instruction, width, first, second);
    }
  }

  #call(operation: MachineOperation, { id, type, args }: IrInstruction): Operand | undefined {
    const operands = args.map((value) => this.#operand(value));
    if (type === 'void') {
      this.#emit(operation, operands);
      return undefined;
    }
    const raw = this.#result(operation, operands);
    // Helpers return 64 bits, of which an int fills the upper half with its sign; our own functions keep the rule.
    const clean = type !== 'i32' || operation.op === 'callFunction' || this.#facts.lowHalfOnly.has(id);
    return clean ? raw : this.#result({ op: 'move', width: 32 }, [raw]);
  }

  #binary(
    instruction: IrInstruction,
    width: Width,
    first: Value | undefined,
    second: Value | undefined,
  ): Operand {
    const { op } = instruction;
    const operator = op as Parameters<typeof isCommutative>[0];
    let [left, right] = [first, second];
    if (isCommutative(operator) && this.#isNumber(left)) [left, right] = [right, left];
    const operation = aluOperations[op] ?? (op as AluOperation);
    const alu = { op: 'alu', operation, width } as const;
    const constant = this.#constant(right);
    // The kernel refuses to divide by an immediate 0, and to shift further than the register is wide.
    const dividing = op === 'div' || op === 'mod' || op === 'signedDiv' || op === 'signedMod';
    const shifting = op.startsWith('shift') || op === 'signedShiftRight';
    if (constant !== undefined) {
      if (dividing && constant === 0n) {
        return op === 'div' || op === 'signedDiv' ? constantOf(0n, width) : this.#operand(left ?? -1);
      }
      if (shifting) {
        return this.#result(alu, [this.#valueIn(left), constantOf(constant & BigInt(width - 1), width)]);
      }
      // The verifier and its readers are used to `r1 += -8`.
      if (op === 'sub' && fitsImmediate(-constant, width)) {
        return this.#result({ ...alu, operation: 'add' }, [
          this.#valueIn(left),
          constantOf(-constant, width),
        ]);
      }
    }
    if (op === 'sub' && this.#constant(left) === 0n) {
      return this.#result({ op: 'negate', width }, [this.#valueIn(right)]);
    }
    const takesAny = constant !== undefined || !(dividing || shifting);
    const operand = takesAny ? this.#second(right, width) : this.#valueIn(right);
    return this.#result(alu, [this.#valueIn(left), operand]);
  }

  #compare(comparison: Comparison, args: readonly Value[]): Operand {
    const condition = this.#condition(comparison, args[0], args[1]);
    return this.#result(
      { op: 'compare', comparison: condition.comparison, width: condition.width },
      condition.args,
    );
  }

  /** A comparison with a register on the left. */
  #condition(comparison: Comparison, left: Value | undefined, right: Value | undefined) {
    const width = this.#facts.typeOf(left) === 'i32' ? 32 : 64;
    if (this.#isNumber(left) && !this.#isNumber(right)) {
      return {
        comparison: mirrored[comparison],
        width: width as Width,
        args: [this.#valueIn(right), this.#second(left, width)],
      };
    }
    return {
      comparison,
      width: width as Width,
      args: [this.#valueIn(left), this.#second(right, width)],
    };
  }

  #signExtend(bits: 8 | 16 | 32, width: Width, from: Virtual): Operand {
    if (bits === 32 && width === 32) return from;
    if (this.#target.cpu >= 4) return this.#result({ op: 'moveSigned', bits, width }, [from]);
    const by = constantOf(BigInt(width - bits), width);
    const up = this.#result({ op: 'alu', operation: 'lsh', width }, [from, by]);
    return this.#result({ op: 'alu', operation: 'arsh', width }, [up, by]);
  }

  #address(pointer: Value | undefined, offset: number): Address {
    const address = this.#addresses.get(pointer ?? -1) ?? { base: this.#operand(pointer ?? -1), offset: 0 };
    const moved = { base: address.base, offset: address.offset + offset };
    const { base } = moved;
    if (!fitsOffset(moved.offset)) return { base: this.#materialize(moved), offset: 0 };
    if (isVirtual(base)) return moved;
    if (base.kind === 'frame') {
      return { base: { ...base, offset: base.offset + moved.offset }, offset: 0 };
    }
    return { base: this.#register(base), offset: moved.offset };
  }

  /** The pointer itself, in a register or recomputable. */
  #materialize({ base, offset }: Address): Operand {
    if (offset === 0) return base;
    if (!isVirtual(base) && base.kind === 'frame') return { ...base, offset: base.offset + offset };
    if (!isVirtual(base) && base.kind === 'map' && base.valueOffset !== undefined) {
      return { ...base, valueOffset: base.valueOffset + offset };
    }
    return this.#add(this.#register(base), constantOf(BigInt(offset), 64));
  }

  #add(left: Virtual, right: Operand): Virtual {
    const second =
      isVirtual(right) || right.kind === 'field' || fits(right, 64) ? right : this.#register(right);
    return this.#result({ op: 'alu', operation: 'add', width: 64 }, [left, second]);
  }

  #offsetPointer({ id, args }: IrInstruction): Operand | undefined {
    const [pointer, index] = args;
    const distance = this.#constant(index);
    if (distance === undefined) return this.#add(this.#valueIn(pointer), this.#operand(index ?? -1));
    const from = this.#addresses.get(pointer ?? -1) ?? { base: this.#operand(pointer ?? -1), offset: 0 };
    const address = { base: from.base, offset: from.offset + Number(BigInt.asIntN(64, distance)) };
    if (!this.#facts.accessedOnly.has(id) || !fitsOffset(address.offset)) return this.#materialize(address);
    this.#addresses.set(id, address);
    return undefined;
  }

  #store(size: AccessSize, { base, offset }: Address, args: readonly Value[]): void {
    const operation = { op: 'store', size: sizes[size], offset } as const;
    // Kernels before 6.4 refuse to store an immediate to the context.
    const toContext = this.#facts.typeOf(args[0]) === 'context';
    const value = toContext ? this.#valueIn(args[1]) : this.#second(args[1], size === 8 ? 64 : 32);
    this.#emit(operation, [base, value]);
  }

  #terminator(terminator: Terminator, edge: (edge: Edge) => MachineEdge): MachineTerminator {
    const { origin } = terminator;
    switch (terminator.op) {
      case 'jump':
        return { op: 'jump', to: edge(terminator.to), origin };
      case 'return': {
        const { value } = terminator;
        return { op: 'return', args: value === undefined ? [] : [this.#operand(value)], origin };
      }
      case 'unreachable':
        return { op: 'unreachable', origin };
      case 'branch': {
        const { comparison, left, right, negated } = this.#facts.conditionOf(terminator);
        const condition = this.#condition(comparison, left, right);
        const sides = [edge(terminator.then), edge(terminator.otherwise)] as const;
        const [then, otherwise] = negated ? [sides[1], sides[0]] : sides;
        return { op: 'branch', ...condition, then, otherwise, origin };
      }
    }
  }
}

/** What two operands have in common that are the same. */
function keyOf(operand: Recomputable | Spilled): string {
  switch (operand.kind) {
    case 'constant':
      return `constant ${operand.value}`;
    case 'late':
      return `late ${operand.number}`;
    case 'frame':
      return `frame ${operand.object} ${operand.offset}`;
    case 'map':
      return `map ${operand.valueOffset} ${operand.map}`;
    case 'function':
      return `function ${operand.function}`;
    case 'field':
      return `field ${operand.struct} ${operand.path}`;
    case 'spilled':
      return `spilled ${operand.object}`;
  }
}

const loadOf = (size: AccessSize, offset: number): Extract<MachineOperation, { op: 'load' }> => ({
  op: 'load',
  size: sizes[size],
  offset,
  keep: false,
});

/** A constant as the register will hold it: an i32 has its upper half zero. */
const constantOf = (value: bigint, width: Width): Extract<Recomputable, { kind: 'constant' }> => ({
  kind: 'constant',
  value: BigInt.asUintN(width, value),
});

/** Immediates have 32 bits, which 64-bit instructions extend by their sign. */
function fitsImmediate(value: bigint, width: Width): boolean {
  if (width === 32) return true;
  const signed = BigInt.asIntN(64, value);
  return signed === BigInt.asIntN(32, signed);
}

const isNumber = ({ kind }: Recomputable | Spilled): boolean => kind === 'constant' || kind === 'late';

/** Whether an operand can be the immediate of an instruction: a late number, whatever it will be. */
function fits(operand: Recomputable | Spilled, width: Width): boolean {
  if (operand.kind === 'constant') return fitsImmediate(operand.value, width);
  return operand.kind === 'late' && (width === 32 || operand.bits < 32);
}

const fitsOffset = (offset: number): boolean => offset >= -0x8000 && offset <= 0x7fff;
