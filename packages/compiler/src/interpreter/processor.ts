/**
 * The loop that executes instructions. It knows registers, stack frames and memory; calls of helpers and reads of the
 * packet it hands to its host, the machine.
 */
import { WaggleError } from '@waggle/bpf';
import { AluOperation, CallKind, Class, JumpOperation, Mode, Size } from '../backend/opcode.ts';
import { load, store } from './access.ts';
import { compute32, compute64, extendSign, holds32, holds64, swapBytes } from './arithmetic.ts';
import { ExecutionError } from './errors.ts';
import { CodeRegion, type Executable, type Step } from './executable.ts';
import { type Memory, Region } from './memory.ts';
import { Registers, SCRATCHED } from './registers.ts';

/** What the processor leaves to others. */
export interface Host {
  /** Calls a helper with r1 to r5; answers r0, or undefined for a helper that returns nothing. */
  callHelper(number: number, registers: Registers): bigint | undefined;
  /** Calls a function of the kernel by its name. */
  callKernel(name: string, registers: Registers): bigint | undefined;
  /** A number of the packet in network order; undefined outside of it. */
  loadPacket(offset: number, size: number): number | undefined;
}

/** The most functions that may be under way at a time (MAX_CALL_FRAMES of the kernel). */
const MOST_FRAMES = 8;
/** Bytes of a stack frame. */
const STACK = 512;
/** Stacks begin with bytes that no program put there. */
const UNWRITTEN = 0xbd;
const FRAME_POINTER = 10;
const SIZE_BYTES: ReadonlyMap<number, number> = new Map([
  [Size.u8, 1],
  [Size.u16, 2],
  [Size.u32, 4],
  [Size.u64, 8],
]);

interface Frame {
  readonly executable: Executable;
  readonly returnSlot: number;
  readonly saved: readonly [bigint, bigint, bigint, bigint];
}

/** Executes programs, one at a time. */
export class Processor {
  readonly registers = new Registers();
  readonly #memory: Memory;
  readonly #host: Host;
  readonly #stacks: readonly Region[];
  readonly #stackTops: readonly bigint[];
  readonly #frames: Frame[] = [];
  #depth = 0;
  #budget = 0;
  /** Where a tail call goes on; set by the helper, taken by the loop. */
  #successor: Executable | undefined;

  constructor(memory: Memory, host: Host) {
    this.#memory = memory;
    this.#host = host;
    this.#stacks = Array.from(
      { length: MOST_FRAMES },
      (_, depth) => new Region(`the stack of frame ${depth}`, new Uint8Array(STACK)),
    );
    this.#stackTops = this.#stacks.map((stack) => memory.address(stack, STACK));
  }

  /** Instructions that may still be executed. */
  get budget(): number {
    return this.#budget;
  }

  /** Runs a program from its first slot; r1 and r2 are set before. Answers r0. @throws ExecutionError */
  run(executable: Executable, budget: number): bigint {
    this.#budget = budget;
    this.#depth = 0;
    this.#frames.length = 0;
    this.#enterFrame();
    return this.#execute(executable, 0);
  }

  /** Runs a function of a program by itself, by its address. @throws ExecutionError */
  runFunction(address: bigint, parameters: readonly bigint[], budget: number): bigint {
    this.#budget = budget;
    this.#depth = 0;
    this.#frames.length = 0;
    this.#enterFrame();
    return this.invoke(address, parameters);
  }

  /** Calls a function of a program from a helper, by its address. Answers r0. */
  invoke(address: bigint, parameters: readonly bigint[]): bigint {
    const region = this.#memory.find(address);
    if (!(region instanceof CodeRegion)) {
      throw new WaggleError('OUT_OF_RANGE', `0x${address.toString(16)} is no function of a program`);
    }
    const saved = this.registers.saved();
    this.registers.scratch();
    for (const [index, parameter] of parameters.entries()) this.registers.set(index + 1, parameter);
    this.#descend();
    const result = this.#execute(region.executable, Number(address & 0xffff_ffffn) - region.start);
    this.#ascend(saved);
    return result;
  }

  /** Goes on with another program once the helper that asks for it returns. */
  replace(executable: Executable): void {
    this.#successor = executable;
  }

  #descend(): void {
    if (this.#depth + 1 === MOST_FRAMES) {
      throw new WaggleError('OUT_OF_RANGE', `calls more than ${MOST_FRAMES} functions deep`);
    }
    this.#depth++;
    this.#enterFrame();
  }

  #ascend(saved: Frame['saved']): void {
    this.#depth--;
    this.registers.restore(saved);
    this.registers.set(FRAME_POINTER, this.#stackTops[this.#depth] ?? 0n);
  }

  #enterFrame(): void {
    this.#stacks[this.#depth]?.bytes.fill(UNWRITTEN);
    this.registers.set(FRAME_POINTER, this.#stackTops[this.#depth] ?? 0n);
  }

  /** Runs until the function that begins here returns. */
  #execute(executable: Executable, start: number): bigint {
    const { registers } = this;
    const bottom = this.#frames.length;
    let { steps, visits } = executable;
    let current = executable;
    let slot = start;
    let step: Step | undefined;
    try {
      for (;;) {
        step = steps[slot];
        if (step === undefined) throw new WaggleError('OUT_OF_RANGE', 'the program has no instruction there');
        if (this.#budget-- <= 0)
          throw new WaggleError('OUT_OF_RANGE', 'the budget of instructions is used up');
        visits[slot] = (visits[slot] ?? 0) + 1;
        switch (step.kind) {
          case Class.alu64:
            this.#arithmetic64(step);
            break;
          case Class.alu:
            this.#arithmetic32(step);
            break;
          case Class.ldx:
            load(step, registers, this.#memory);
            break;
          case Class.st:
          case Class.stx:
            store(step, registers, this.#memory);
            break;
          case Class.ld:
            if (step.opcode === (Class.ld | Mode.immediate | Size.u64)) {
              registers.set(step.destination, step.operand);
              slot++;
            } else if (!this.#loadPacket(step)) return 0n;
            break;
          case Class.jmp32:
            if (step.operation === JumpOperation.always) slot += step.immediate;
            else if (this.#holds32(step)) slot += step.offset;
            break;
          default: {
            if (step.operation === JumpOperation.exit) {
              const frame = this.#frames.length > bottom ? this.#frames.pop() : undefined;
              if (!frame) return registers.get(0);
              this.#ascend(frame.saved);
              registers.scratch();
              current = frame.executable;
              ({ steps, visits } = current);
              slot = frame.returnSlot;
              continue;
            }
            if (step.operation !== JumpOperation.call) {
              if (step.operation === JumpOperation.always || this.#holds64(step)) slot += step.offset;
              break;
            }
            if (step.source === CallKind.function) {
              this.#frames.push({ executable: current, returnSlot: slot + 1, saved: registers.saved() });
              this.#descend();
              slot += step.immediate;
              break;
            }
            this.#call(step);
            if (this.#successor) {
              current = this.#successor;
              this.#successor = undefined;
              ({ steps, visits } = current);
              slot = 0;
              continue;
            }
          }
        }
        slot++;
      }
    } catch (error) {
      if (!(error instanceof WaggleError) || error instanceof ExecutionError) throw error;
      throw new ExecutionError(slot, step?.instruction, error);
    }
  }

  #arithmetic64({ operation, destination, source, fromRegister, offset, immediate, operand }: Step): void {
    const { registers } = this;
    if (operation === AluOperation.end) {
      registers.set(destination, swapBytes(immediate, registers.get(destination), true));
    } else if (operation === AluOperation.neg) {
      registers.set(destination, -registers.get(destination));
    } else if (operation === AluOperation.mov) {
      const value = fromRegister ? registers.get(source) : operand;
      registers.set(destination, offset === 0 ? value : extendSign(offset, value));
    } else {
      const right = fromRegister ? registers.get(source) : operand;
      registers.set(destination, compute64(operation, registers.get(destination), right, offset === 1));
    }
  }

  #arithmetic32({ operation, destination, source, fromRegister, offset, immediate }: Step): void {
    const { registers } = this;
    if (operation === AluOperation.end) {
      registers.set(destination, swapBytes(immediate, registers.get(destination), fromRegister));
    } else if (operation === AluOperation.neg) {
      registers.setLow(destination, -registers.low(destination));
    } else if (operation === AluOperation.mov) {
      const value = fromRegister ? registers.low(source) : immediate;
      registers.setLow(destination, offset === 0 ? value : (value << (32 - offset)) >> (32 - offset));
    } else {
      const right = fromRegister ? registers.low(source) : immediate;
      registers.setLow(destination, compute32(operation, registers.low(destination), right, offset === 1));
    }
  }

  #holds64({ operation, destination, source, fromRegister, operand }: Step): boolean {
    const right = fromRegister ? this.registers.get(source) : operand;
    return holds64(operation, this.registers.get(destination), right);
  }

  #holds32({ operation, destination, source, fromRegister, immediate }: Step): boolean {
    const right = fromRegister ? this.registers.low(source) : immediate >>> 0;
    return holds32(operation, this.registers.low(destination), right);
  }

  /** Whether the packet has those bytes. */
  #loadPacket({ opcode, source, immediate }: Step): boolean {
    const { registers } = this;
    const index = (opcode & 0xe0) === Mode.indirect ? registers.low(source) : 0;
    const value = this.#host.loadPacket((index + immediate) | 0, SIZE_BYTES.get(opcode & 0x18) ?? 0);
    registers.scratch();
    if (value !== undefined) registers.setLow(0, value);
    return value !== undefined;
  }

  #call({ source, immediate, kernelFunction }: Step): void {
    const { registers } = this;
    const context = registers.get(1);
    const result =
      source === CallKind.kernelFunction
        ? this.#host.callKernel(kernelFunction ?? `with BTF id ${immediate}`, registers)
        : this.#host.callHelper(immediate, registers);
    registers.scratch();
    registers.set(0, result ?? SCRATCHED);
    if (this.#successor) registers.set(1, context);
  }
}
