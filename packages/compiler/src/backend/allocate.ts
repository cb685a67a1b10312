/** Register allocation: liveness, interference, merging and colouring, again until nothing needs to be spilled. */
import { WaggleError } from '@waggle/bpf';
import { coalesce } from './coalesce.ts';
import { color } from './color.ts';
import { frequenciesOf, interferenceOf } from './interference.ts';
import { type Liveness, livenessOf } from './liveness.ts';
import {
  isVirtual,
  type MachineFunction,
  machineEdges,
  type Operand,
  terminatorArgs,
  type Virtual,
} from './machine.ts';
import { spill } from './spill.ts';

/** A function of which every virtual register has a real one. */
export interface Allocation {
  readonly machine: MachineFunction;
  readonly liveness: Liveness;
  readonly registerOf: (virtual: Virtual) => number;
  /** The virtual registers that something reads. */
  readonly used: ReadonlySet<Virtual>;
  readonly frequency: readonly number[];
}

/** Spilling makes live ranges shorter, so a few rounds do; more would be a mistake in here. */
const MOST_ROUNDS = 50;

/** Allocates registers. */
export function allocate(selected: MachineFunction): Allocation {
  let machine = selected;
  const unspillable = new Set<Virtual>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const liveness = livenessOf(machine);
    const interference = interferenceOf(machine, liveness);
    for (const register of unspillable) interference.cost[register] = Number.POSITIVE_INFINITY;
    const classes = coalesce(interference);
    const { registers, spills } = color(classes, interference.affinities);
    if (spills.length === 0) {
      const registerOf = (virtual: Virtual): number => registers[classes.classOf[virtual] ?? virtual] ?? 0;
      return { machine, liveness, registerOf, used: usedIn(machine), frequency: frequenciesOf(machine) };
    }
    const members = new Map<Virtual, Virtual[]>(spills.map((each) => [each, []]));
    for (const [register, representative] of classes.classOf.entries()) {
      members.get(representative)?.push(register);
    }
    const result = spill(machine, [...members.values()]);
    machine = result.machine;
    for (const register of result.temporaries) unspillable.add(register);
  }
  throw new WaggleError('BAD_DECLARATION', `function "${selected.name}" finds no registers for its values`, {
    hint: 'Split it into smaller functions',
  });
}

function usedIn({ blocks }: MachineFunction): Set<Virtual> {
  const used = new Set<Virtual>();
  const note = (operands: readonly Operand[]): void => {
    for (const operand of operands) if (isVirtual(operand)) used.add(operand);
  };
  for (const { instructions, terminator } of blocks) {
    for (const { args } of instructions) note(args);
    note(terminatorArgs(terminator));
    for (const { args } of machineEdges(terminator)) note(args);
  }
  return used;
}
