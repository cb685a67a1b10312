/**
 * Which fields of configs decide something: what code there is, or what kind of instructions. All others are only numbers in
 * it, and code for some values of theirs becomes code for others by writing those into it (late-numbers.ts).
 *
 *     if (settings.udp) …                       decides: only one side stays
 *     packet.address === settings.address       a number
 *     counter += settings.step                  a number
 *     total / settings.share                    decides: a shift, or a division
 *
 * Passes know nothing of a value that is not put in, so whatever counts as a number is compiled correctly. Counting as
 * deciding what is a number costs time, the other way round a few instructions.
 */
import { edgesOf } from '../ir/graph.ts';
import type { IrFunction, IrInstruction, IrProgram, Terminator, Value } from '../ir/ir.ts';
import { closedValues, type FieldKey } from './analysis/closed.ts';

/** The fields of configs that decide something in a program. */
export function decidingFields({ functions }: IrProgram): ReadonlySet<FieldKey> {
  const deciding = new Set<FieldKey>();
  for (const fn of functions) {
    const fields = fieldsReaching(fn);
    const decide = (value: Value): void => {
      for (const field of fields.of(value)) deciding.add(field);
    };
    /** A comparison with what only the packet tells has two outcomes, whatever the number is. */
    const compare = (left: Value, right: Value): void => {
      if (!fields.isKnown(left) || !fields.isKnown(right)) return;
      decide(left);
      decide(right);
    };
    for (const { instructions, terminator } of fn.blocks) {
      for (const instruction of instructions) {
        const [left = -1, right = -1] = instruction.args;
        if (instruction.op === 'compare') compare(left, right);
        else if (isCheaperForSome(instruction) && !fields.isKnown(instruction.id)) {
          instruction.args.forEach(decide);
        } else if (instruction.op === 'offsetPointer' || instruction.op === 'packetAt') decide(right);
      }
      if (terminator.op === 'branch') compare(terminator.left, terminator.right);
    }
  }
  return deciding;
}

/** Whether there is something better than the operation itself for some numbers, or something that is not allowed. */
function isCheaperForSome({ op }: IrInstruction): boolean {
  switch (op) {
    case 'mul':
    case 'div':
    case 'mod':
    case 'signedDiv':
    case 'signedMod':
    case 'shiftLeft':
    case 'shiftRight':
    case 'signedShiftRight':
      return true;
    default:
      return false;
  }
}

/** The fields that a value depends on, directly or as one of those that a parameter of a block is given. */
interface Reaching {
  of(value: Value): ReadonlySet<FieldKey>;
  /** Whether a value is known on some way to it: it is closed, or a parameter that is given such a value. */
  isKnown(value: Value): boolean;
}

const none: ReadonlySet<FieldKey> = new Set();

function fieldsReaching(fn: IrFunction): Reaching {
  const reaching = new Map([...closedValues(fn)].map(([value, fields]) => [value, new Set(fields)]));
  const params = new Map(fn.blocks.map((block) => [block.id, block.params]));
  const give = (terminator: Terminator): boolean => {
    let grown = false;
    for (const { block, args } of edgesOf(terminator)) {
      for (const [index, { id }] of (params.get(block) ?? []).entries()) {
        const given = reaching.get(args[index] ?? -1);
        if (given === undefined) continue;
        const known = reaching.get(id) ?? new Set();
        const before = reaching.has(id) ? known.size : -1;
        for (const field of given) known.add(field);
        reaching.set(id, known);
        if (known.size > before) grown = true;
      }
    }
    return grown;
  };
  for (let grown = true; grown; ) {
    grown = false;
    for (const { terminator } of fn.blocks) if (give(terminator)) grown = true;
  }
  return { of: (value) => reaching.get(value) ?? none, isKnown: (value) => reaching.has(value) };
}
