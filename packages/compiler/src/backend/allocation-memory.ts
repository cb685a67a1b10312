/**
 * Remembers how functions were allocated. With other values of its config, a program often comes to the same instructions
 * with other constants; which registers they use does not depend on those, so they can have the same ones again. Allocation
 * never looks into a constant, it only moves the operand: every constant of the earlier function stands for the one at its
 * place in the new function, and what was allocated is the same with those put in.
 */
import { type Allocation, allocate } from './allocate.ts';
import { placeObjects } from './frame.ts';
import {
  isVirtual,
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
  type MachineTerminator,
  machineEdges,
  type Operand,
  type Recomputable,
  terminatorArgs,
  withEdges,
} from './machine.ts';

/** A function with registers, and the places of the objects in its frame. */
export interface Allocated {
  readonly allocation: Allocation;
  readonly depths: readonly number[];
}

/** How many allocations of a function are remembered: its config may rule out this or that. */
const MOST = 4;

/** Allocates a function, without remembering it. */
export function allocateFunction(selected: MachineFunction): Allocated {
  const allocation = allocate(selected);
  return { allocation, depths: placeObjects(allocation.machine) };
}

/** The allocations of the functions of one program. */
export class AllocationMemory {
  readonly #known = new Map<
    string,
    { readonly selected: MachineFunction; readonly allocated: Allocated }[]
  >();

  /** The registers and the frame of a function: those that it would get without this memory. */
  allocate(selected: MachineFunction): Allocated {
    const known = this.#known.get(selected.name) ?? [];
    for (const before of known) {
      const constants = constantsIn(before.selected, selected);
      if (constants) return withConstants(before.allocated, constants);
    }
    // Constants that happen to be equal now need not be so the next time: each has its own operand.
    const own = withOperands(selected, (operand) => (isConstant(operand) ? { ...operand } : operand));
    const allocated = allocateFunction(own);
    this.#known.set(selected.name, [{ selected: own, allocated }, ...known.slice(0, MOST - 1)]);
    return allocated;
  }
}

type Constant = Extract<Recomputable, { kind: 'constant' }>;
type Constants = Map<Operand, Constant>;

const isConstant = (operand: Operand | undefined): operand is Constant =>
  operand !== undefined && !isVirtual(operand) && operand.kind === 'constant';

/** By operand of the earlier function, what the later one has in its place; undefined if they differ in more than constants. */
function constantsIn(earlier: MachineFunction, later: MachineFunction): Constants | undefined {
  const constants: Constants = new Map();
  const sameOperand = (left: Operand, right: Operand | undefined): boolean => {
    if (right === undefined || isVirtual(left) || isVirtual(right)) return left === right;
    if (!isConstant(left) || !isConstant(right)) return sameFields(left, right);
    constants.set(left, right);
    return true;
  };
  const sameOperands = (left: readonly Operand[], right: readonly Operand[]): boolean =>
    left.length === right.length && left.every((operand, place) => sameOperand(operand, right[place]));
  const sameInstruction = (left: MachineInstruction, right: MachineInstruction | undefined): boolean =>
    right !== undefined &&
    left.to === right.to &&
    sameFields(left, right) &&
    sameOperands(left.args, right.args);
  const sameTerminator = (left: MachineTerminator, right: MachineTerminator): boolean => {
    const edges = machineEdges(right);
    return (
      sameFields(left, right) &&
      sameOperands(terminatorArgs(left), terminatorArgs(right)) &&
      machineEdges(left).every(({ block, args }, place) => {
        const edge = edges[place];
        return edge !== undefined && edge.block === block && sameOperands(args, edge.args);
      })
    );
  };
  const sameBlock = (left: MachineBlock, right: MachineBlock | undefined): boolean =>
    right !== undefined &&
    left.instructions.length === right.instructions.length &&
    sameOperands(left.params, right.params) &&
    left.instructions.every((each, place) => sameInstruction(each, right.instructions[place])) &&
    sameTerminator(left.terminator, right.terminator);

  const same =
    earlier.registerCount === later.registerCount &&
    earlier.blocks.length === later.blocks.length &&
    earlier.objects.length === later.objects.length &&
    earlier.objects.every((object, place) => sameFields(object, later.objects[place] ?? {})) &&
    earlier.blocks.every((block, place) => sameBlock(block, later.blocks[place]));
  return same ? constants : undefined;
}

/** Whether two objects agree in all fields but those with operands. Places in the source are the same objects again. */
function sameFields(left: object, right: object): boolean {
  if (left === right) return true;
  const [ours, theirs] = [left as Fields, right as Fields];
  for (const name in ours) if (!OPERANDS.has(name) && ours[name] !== theirs[name]) return false;
  for (const name in theirs) if (!(name in ours)) return false;
  return true;
}

type Fields = Readonly<Record<string, unknown>>;

const OPERANDS: ReadonlySet<string> = new Set(['args', 'to', 'then', 'otherwise']);

/** The same allocation of a function with other constants. */
function withConstants({ allocation, depths }: Allocated, constants: Constants): Allocated {
  const machine = withOperands(allocation.machine, (operand) => constants.get(operand) ?? operand);
  return { allocation: { ...allocation, machine }, depths };
}

/** The function with every operand that is used mapped. */
function withOperands(machine: MachineFunction, map: (operand: Operand) => Operand): MachineFunction {
  const terminator = (each: MachineTerminator): MachineTerminator => {
    const moved = withEdges(each, ({ block, args }) => ({ block, args: args.map(map) }));
    return moved.op === 'branch' || moved.op === 'return' ? { ...moved, args: moved.args.map(map) } : moved;
  };
  const blocks = machine.blocks.map((block) => ({
    params: block.params,
    instructions: block.instructions.map((each) =>
      each.args.every(isVirtual) ? each : { ...each, args: each.args.map(map) },
    ),
    terminator: terminator(block.terminator),
  }));
  return { ...machine, blocks };
}
