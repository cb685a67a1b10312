/**
 * Moves values that found no register to memory: stored where they are made, loaded where they are used. What can be computed
 * again (a constant, a map) is computed again instead. Calls and edges take such values from memory without a detour.
 */
import {
  type FrameObject,
  isCall,
  isVirtual,
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
  type MachineTerminator,
  type Operand,
  type Recomputable,
  type Spilled,
  type Virtual,
  withEdges,
} from './machine.ts';

/** A spilled value is 8 bytes, aligned: only so does the verifier remember what a pointer points to. */
const HOME: FrameObject = { size: 8, alignment: 8, home: true };

/** The function with some registers in memory, and the registers that were added, which must not be spilled again. */
export interface SpillResult {
  readonly machine: MachineFunction;
  readonly temporaries: readonly Virtual[];
}

/** Rewrites a function; registers of one class share a place in memory. */
export function spill(machine: MachineFunction, classes: readonly (readonly Virtual[])[]): SpillResult {
  const objects = [...machine.objects];
  const homes = new Map<Virtual, Recomputable | Spilled>();
  const recomputable = recomputables(machine);
  for (const members of classes) {
    const [only] = members;
    const again = members.length === 1 && only !== undefined ? recomputable.get(only) : undefined;
    const home = again ?? ({ kind: 'spilled', object: objects.push(HOME) - 1 } as const);
    for (const member of members) homes.set(member, home);
  }
  const rewriter = new Rewriter(homes, machine.registerCount);
  const blocks = machine.blocks.map((block) => rewriter.block(block));
  const { count } = rewriter;
  const temporaries = Array.from(
    { length: count - machine.registerCount },
    (_, at) => machine.registerCount + at,
  );
  return { machine: { ...machine, blocks, objects, registerCount: count }, temporaries };
}

/** Registers that hold what can be computed again. */
function recomputables({ blocks }: MachineFunction): Map<Virtual, Recomputable> {
  const found = new Map<Virtual, Recomputable>();
  for (const { instructions } of blocks) {
    for (const { op, to, args } of instructions) {
      const [value] = args;
      if (op !== 'set' || to === undefined || value === undefined || isVirtual(value)) continue;
      if (value.kind !== 'spilled') found.set(to, value);
    }
  }
  return found;
}

class Rewriter {
  count: number;
  readonly #homes: ReadonlyMap<Virtual, Recomputable | Spilled>;
  #written: MachineInstruction[] = [];

  constructor(homes: ReadonlyMap<Virtual, Recomputable | Spilled>, count: number) {
    this.#homes = homes;
    this.count = count;
  }

  #home(operand: Operand | undefined): Recomputable | Spilled | undefined {
    return isVirtual(operand) ? this.#homes.get(operand) : undefined;
  }

  block({ params, instructions, terminator }: MachineBlock): MachineBlock {
    this.#written = [];
    for (const instruction of instructions) this.#instruction(instruction);
    const end = this.#terminator(terminator);
    return {
      params: params.map((param) => (this.#home(param) as Spilled | undefined) ?? param),
      instructions: this.#written,
      terminator: end,
    };
  }

  #instruction(instruction: MachineInstruction): void {
    const { to, origin } = instruction;
    const home = this.#home(to);
    if (home && home.kind !== 'spilled') return;
    const args = isCall(instruction)
      ? instruction.args.map((arg) => this.#home(arg) ?? arg)
      : this.#load(instruction.args, origin);
    if (!home) {
      this.#written.push({ ...instruction, args });
      return;
    }
    const temporary = this.count++;
    this.#written.push({ ...instruction, args, to: temporary });
    const address: Operand = { kind: 'frame', object: home.object, offset: 0 };
    const store = { op: 'store', size: 'u64', offset: 0, to: undefined, origin } as const;
    this.#written.push({ ...store, args: [address, temporary] });
  }

  #terminator(terminator: MachineTerminator): MachineTerminator {
    const direct = (operands: readonly Operand[]): Operand[] =>
      operands.map((each) => this.#home(each) ?? each);
    const moved = withEdges(terminator, ({ block, args }) => ({ block, args: direct(args) }));
    if (moved.op === 'return') return { ...moved, args: direct(moved.args) };
    if (moved.op === 'branch') return { ...moved, args: this.#load(moved.args, moved.origin) };
    return moved;
  }

  /** Brings operands into registers again, each once. */
  #load(operands: readonly Operand[], origin: MachineInstruction['origin']): Operand[] {
    const loaded = new Map<Operand, Virtual>();
    return operands.map((operand) => {
      const home = this.#home(operand);
      if (!home) return operand;
      const before = loaded.get(operand);
      if (before !== undefined) return before;
      const to = this.count++;
      loaded.set(operand, to);
      if (home.kind === 'spilled') {
        const address: Operand = { kind: 'frame', object: home.object, offset: 0 };
        const load = { op: 'load', size: 'u64', offset: 0, keep: false, to, origin } as const;
        this.#written.push({ ...load, args: [address] });
      } else this.#written.push({ op: 'set', to, args: [home], origin });
      return to;
    });
  }
}
