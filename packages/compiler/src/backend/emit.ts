/**
 * Writes the instructions of an allocated function, block by block; jumps between blocks are left to place.ts, which decides
 * on their order. Here the parameters of blocks become moves on the edges, and the arguments of calls moves to r1 … r5.
 */
import type { Comparison } from '../ir/ir.ts';
import type { Allocation } from './allocate.ts';
import type { Frame } from './frame.ts';
import {
  alu32,
  alu64,
  atomic,
  callFunction,
  callHelper,
  callKernelFunction,
  endian,
  exit,
  type Instruction,
  jump,
  jump32,
  type Label,
  label,
  load,
  loadFunction,
  loadImmediate64,
  loadMap,
  loadMapValue,
  type Origin,
  type Register,
  type RegisterOperand,
  r0,
  r10,
  store,
} from './instruction.ts';
import {
  isVirtual,
  type MachineBlock,
  type MachineEdge,
  type MachineInstruction,
  type MachineTerminator,
  type Operand,
  type Recomputable,
  type Width,
} from './machine.ts';
import { type Location, type Move, sequence } from './moves.ts';

/** How an emitted block goes on; blocks by number. */
export type End =
  | { readonly kind: 'goto'; readonly to: number; readonly origin?: Origin | undefined }
  | {
      readonly kind: 'branch';
      readonly comparison: Comparison;
      readonly width: Width;
      readonly left: RegisterOperand;
      readonly right: RegisterOperand | number;
      /** The late number that the immediate on the right becomes. */
      readonly late?: number;
      readonly then: number;
      readonly otherwise: number;
      readonly origin?: Origin | undefined;
    }
  /** The instructions end in `exit`. */
  | { readonly kind: 'exit' };

export interface EmittedBlock {
  readonly items: readonly (Instruction | Label)[];
  readonly end: End;
  readonly frequency: number;
}

/** Conditional jumps by the names of the IR. */
export const jumps = (width: Width) => (width === 32 ? jump32 : jump);

const operandOf = (register: number): RegisterOperand => ({ register: register as Register });

/** The blocks of a function; block 0 is its entry. `name` must differ between the functions of a program. */
export function emit(allocation: Allocation, frame: Frame, name: string): EmittedBlock[] {
  return new Emitter(allocation, frame, name).run();
}

class Emitter {
  readonly #allocation: Allocation;
  readonly #frame: Frame;
  readonly #name: string;
  readonly #blocks: EmittedBlock[] = [];
  #items: (Instruction | Label)[] = [];
  #labels = 0;
  #origin: Origin | undefined;

  constructor(allocation: Allocation, frame: Frame, name: string) {
    this.#allocation = allocation;
    this.#frame = frame;
    this.#name = name;
  }

  /** Emitted block 0 takes the arguments and goes to machine block 0, which is emitted block 1, and so on. */
  run(): EmittedBlock[] {
    const { blocks } = this.#allocation.machine;
    this.#entry();
    // Blocks of edges come after these, so each of these has its place before the first is written.
    const unwritten: EmittedBlock = { items: [], end: { kind: 'exit' }, frequency: 0 };
    this.#blocks.push(...blocks.map(() => unwritten));
    for (const [index, block] of blocks.entries()) this.#block(block, index);
    return this.#blocks;
  }

  #entry(): void {
    const params = this.#allocation.machine.blocks[0]?.params ?? [];
    const moves = params.flatMap((param, place): Move[] =>
      isVirtual(param) && !this.#allocation.used.has(param)
        ? []
        : [{ to: this.#locationOf(param), from: { register: place + 1 } }],
    );
    this.#move(moves, 0);
    this.#blocks.push({ items: this.#items, end: { kind: 'goto', to: 1 }, frequency: 1 });
  }

  #block({ instructions, terminator }: MachineBlock, index: number): void {
    this.#items = [];
    for (const instruction of instructions) {
      this.#origin = instruction.origin;
      this.#instruction(instruction);
    }
    this.#origin = terminator.origin;
    const frequency = this.#allocation.frequency[index] ?? 1;
    const end = this.#terminator(terminator, frequency);
    this.#blocks[index + 1] = { items: this.#items, end, frequency };
  }

  #write(...instructions: readonly Instruction[]): void {
    const origin = this.#origin;
    this.#items.push(...instructions.map((each) => (origin ? { ...each, origin } : each)));
  }

  #terminator(terminator: MachineTerminator, frequency: number): End {
    const { origin } = terminator;
    switch (terminator.op) {
      case 'jump':
        this.#moveToBlock(terminator.to);
        return { kind: 'goto', to: terminator.to.block + 1, origin };
      case 'branch': {
        const { comparison, width, args } = terminator;
        const [left, right] = args;
        const then = this.#edge(terminator.then, frequency);
        const otherwise = this.#edge(terminator.otherwise, frequency);
        const condition = {
          comparison,
          width,
          left: this.#register(left),
          right: this.#second(right, width),
          ...lateOf(right),
        };
        return { kind: 'branch', ...condition, then, otherwise, origin };
      }
      case 'return': {
        const [value] = terminator.args;
        if (value !== undefined) this.#move([{ to: { register: 0 }, from: this.#source(value) }], undefined);
        // The caller, kernel or function, reads r0 in any case.
        else this.#write(alu32.mov(r0, 0));
        this.#write(exit());
        return { kind: 'exit' };
      }
      case 'unreachable':
        this.#write(alu32.mov(r0, 0), exit());
        return { kind: 'exit' };
    }
  }

  /** The emitted block that an edge of a branch goes to: one of its own when values have to be moved on the way. */
  #edge(edge: MachineEdge, frequency: number): number {
    const before = this.#items;
    this.#items = [];
    this.#moveToBlock(edge);
    const items = this.#items;
    this.#items = before;
    if (items.length === 0) return edge.block + 1;
    const end = { kind: 'goto', to: edge.block + 1, origin: this.#origin } as const;
    return this.#blocks.push({ items, end, frequency: frequency / 2 }) - 1;
  }

  #moveToBlock({ block, args }: MachineEdge): void {
    const params = this.#allocation.machine.blocks[block]?.params ?? [];
    const moves = params.flatMap((param, place): Move[] => {
      const arg = args[place];
      return arg === undefined ? [] : [{ to: this.#locationOf(param), from: this.#source(arg) }];
    });
    this.#move(moves, this.#spareAt(block, moves));
  }

  /** A register that nothing lives in on the way to a block. */
  #spareAt(block: number, moves: readonly Move[]): number | undefined {
    let taken = 0;
    for (const virtual of this.#allocation.liveness.entry[block] ?? []) {
      taken |= 1 << this.#allocation.registerOf(virtual);
    }
    for (const { to, from } of moves) {
      if ('register' in to) taken |= 1 << to.register;
      if ('register' in from) taken |= 1 << from.register;
    }
    for (let register = 0; register < 10; register++) if ((taken & (1 << register)) === 0) return register;
    return undefined;
  }

  #move(moves: readonly Move[], spare: number | undefined): void {
    const compute = (register: number, value: Recomputable) => this.#compute(operandOf(register), value);
    const emergency = this.#frame.emergency;
    this.#write(...sequence(moves, { spare, emergency, compute }));
  }

  #locationOf(place: Operand): Location {
    if (isVirtual(place)) return { register: this.#allocation.registerOf(place) };
    if (place.kind === 'spilled') return { frame: this.#frame.offsets[place.object] ?? 0 };
    throw new TypeError(`a ${place.kind} is no place`);
  }

  #source(operand: Operand): Move['from'] {
    if (isVirtual(operand) || operand.kind === 'spilled') return this.#locationOf(operand);
    return { value: operand };
  }

  #register(operand: Operand | undefined): RegisterOperand {
    if (!isVirtual(operand)) throw new TypeError('expected a register');
    return operandOf(this.#allocation.registerOf(operand));
  }

  /** A register, or the immediate of a constant; that of a late number comes later. */
  #second(operand: Operand | undefined, width: Width): RegisterOperand | number {
    if (isVirtual(operand)) return this.#register(operand);
    if (operand?.kind === 'late') return 0;
    if (operand?.kind === 'constant') return Number(BigInt.asIntN(32, BigInt.asIntN(width, operand.value)));
    throw new TypeError('expected a register or a constant');
  }

  #compute(to: RegisterOperand, value: Recomputable): Instruction[] {
    switch (value.kind) {
      case 'constant':
        return [loadConstant(to, value.value)];
      case 'late': {
        const any = value.bits <= 32 ? alu32.mov(to, 0) : loadImmediate64(to, 0n);
        return [{ ...any, late: value.number }];
      }
      case 'frame':
        return [alu64.mov(to, r10), alu64.add(to, this.#frameOffset(value))];
      case 'map': {
        const { map, valueOffset } = value;
        return [valueOffset === undefined ? loadMap(to, map) : loadMapValue(to, map, valueOffset)];
      }
      case 'function':
        return [loadFunction(to, value.function)];
      case 'field':
        return [{ ...alu64.mov(to, 0), field: { struct: value.struct, path: value.path } }];
    }
  }

  #frameOffset({ object, offset }: Extract<Recomputable, { kind: 'frame' }>): number {
    return (this.#frame.offsets[object] ?? 0) + offset;
  }

  /** The base register of an access, and its distance. */
  #address(base: Operand | undefined, offset: number): [RegisterOperand, number] {
    if (base !== undefined && !isVirtual(base) && base.kind === 'frame') {
      return [r10, this.#frameOffset(base) + offset];
    }
    return [this.#register(base), offset];
  }

  #instruction(instruction: MachineInstruction): void {
    const { to, args } = instruction;
    const [first, second, third] = args;
    const result = (): RegisterOperand => this.#register(to);
    switch (instruction.op) {
      case 'set':
        if (first === undefined || isVirtual(first) || first.kind === 'spilled') {
          throw new TypeError('only what can be computed is set');
        }
        this.#write(...this.#compute(result(), first));
        break;
      case 'move':
        if (instruction.width === 32) this.#write(alu32.mov(result(), this.#register(first)));
        else this.#copy(result(), this.#register(first));
        break;
      case 'alu':
        this.#alu(instruction, result(), this.#register(first), second);
        break;
      case 'negate': {
        this.#copy(result(), this.#register(first));
        this.#write((instruction.width === 32 ? alu32 : alu64).neg(result()));
        break;
      }
      case 'toBig':
        this.#copy(result(), this.#register(first));
        this.#write(endian.toBig(instruction.bits, result()));
        break;
      case 'moveSigned': {
        const { bits, width } = instruction;
        this.#write((width === 32 ? alu32 : alu64).movSigned(bits, result(), this.#register(first)));
        break;
      }
      case 'compare':
        this.#compare(instruction, result());
        break;
      case 'load': {
        const [base, offset] = this.#address(first, instruction.offset);
        this.#write(load(instruction.size, result(), base, offset));
        break;
      }
      case 'store': {
        const [base, offset] = this.#address(first, instruction.offset);
        const value = this.#second(second, instruction.size === 'u64' ? 64 : 32);
        this.#write({ ...store(instruction.size, base, offset, value), ...lateOf(second) });
        break;
      }
      case 'atomic':
        this.#atomic(instruction, first, second, third);
        break;
      default:
        this.#call(instruction);
    }
  }

  #copy(to: RegisterOperand, from: RegisterOperand): void {
    if (to.register !== from.register) this.#write(alu64.mov(to, from));
  }

  #alu(
    { operation, width }: Extract<MachineInstruction, { op: 'alu' }>,
    to: RegisterOperand,
    left: RegisterOperand,
    right: Operand | undefined,
  ): void {
    const alu = width === 32 ? alu32 : alu64;
    if (right !== undefined && !isVirtual(right) && right.kind === 'field') {
      this.#copy(to, left);
      this.#write({ ...alu[operation](to, 0), field: { struct: right.struct, path: right.path } });
      return;
    }
    let value = this.#second(right, width);
    if (typeof value !== 'number' && value.register === to.register && left.register !== to.register) {
      // Only operations that allow it let the result share a register with the second operand.
      value = left;
    } else if (left.register !== to.register) this.#write(alu.mov(to, left));
    this.#write({ ...alu[operation](to, value), ...lateOf(right) });
  }

  #compare(instruction: Extract<MachineInstruction, { op: 'compare' }>, to: RegisterOperand): void {
    const { comparison, width, args } = instruction;
    const done = `${this.#name}:compare${this.#labels++}`;
    this.#write(alu32.mov(to, 1));
    const jump = jumps(width)[comparison](this.#register(args[0]), this.#second(args[1], width), done);
    this.#write({ ...jump, ...lateOf(args[1]) });
    this.#write(alu32.mov(to, 0));
    this.#items.push(label(done));
  }

  #atomic(
    { operator, size, offset, to }: Extract<MachineInstruction, { op: 'atomic' }>,
    pointer: Operand | undefined,
    second: Operand | undefined,
    third: Operand | undefined,
  ): void {
    const [base, distance] = this.#address(pointer, offset);
    if (operator === 'compareExchange') {
      this.#copy(r0, this.#register(second));
      this.#write(atomic(operator, size, base, distance, this.#register(third)));
      if (to !== undefined) this.#copy(this.#register(to), r0);
      return;
    }
    const value = this.#register(second);
    if (to === undefined) this.#write(atomic(operator, size, base, distance, value));
    else {
      // The old value comes back in the register of the operand.
      this.#copy(this.#register(to), value);
      this.#write(atomic(operator, size, base, distance, this.#register(to)));
    }
  }

  #call(instruction: MachineInstruction): void {
    const moves = instruction.args.map(
      (arg, place): Move => ({ to: { register: place + 1 }, from: this.#source(arg) }),
    );
    // r0 is lost to the result anyway; as an argument it is read before a circle needs it.
    this.#move(moves, 0);
    if (instruction.op === 'callHelper') this.#write(callHelper(instruction.helper));
    else if (instruction.op === 'callFunction') this.#write(callFunction(instruction.function));
    else if (instruction.op === 'callKernel') {
      this.#write({ ...callKernelFunction(0), kernelFunction: instruction.function });
    }
    if (instruction.to !== undefined && this.#allocation.used.has(instruction.to)) {
      this.#copy(this.#register(instruction.to), r0);
    }
  }
}

/** What an instruction with a late number as its immediate says of it. */
const lateOf = (operand: Operand | undefined): { late?: number } =>
  operand !== undefined && !isVirtual(operand) && operand.kind === 'late' ? { late: operand.number } : {};

/** The shortest load of a constant: 32 bits clear the upper half, negative numbers fill it. */
function loadConstant(to: RegisterOperand, value: bigint): Instruction {
  if (value <= 0xffff_ffffn) return alu32.mov(to, Number(value));
  const signed = BigInt.asIntN(64, value);
  return signed === BigInt.asIntN(32, signed) ? alu64.mov(to, Number(signed)) : loadImmediate64(to, value);
}
