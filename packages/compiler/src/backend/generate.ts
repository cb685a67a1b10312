/**
 * The back end: from a program of the IR to machine code.
 *
 *     expand packets and addresses, legalise -> select -> remove dead -> allocate registers -> lay out the frame -> emit -> place -> assemble
 */
import { WaggleError } from '@waggle/bpf';
import { graphOf, reversePostorder } from '../ir/graph.ts';
import type { IrFunction, IrProgram } from '../ir/ir.ts';
import { allocate } from './allocate.ts';
import { assemble, type Code } from './assemble.ts';
import { removeDead } from './dead.ts';
import { emit } from './emit.ts';
import { expandAddresses } from './expand-addresses.ts';
import { expandPackets } from './expand-packets.ts';
import { layOutFrame } from './frame.ts';
import { type Instruction, type Label, label } from './instruction.ts';
import { expandSignedDivision } from './legalize.ts';
import { placeOrigins } from './lines.ts';
import { place } from './place.ts';
import { relax } from './relax.ts';
import { select } from './select.ts';
import { checkStack } from './stack-limit.ts';

/** How code is generated. */
export interface GenerateOptions {
  /** The version of the instruction set: 3 (kernel 5.1, the default) or 4 (6.6), which has signed division and long jumps. */
  readonly cpu?: 3 | 4;
  /** Whether the code says from which source lines it comes (default). */
  readonly origins?: boolean;
}

/**
 * Generates the code of a program: its entry, then the functions that it calls.
 * @throws WaggleError BAD_DECLARATION for what the machine cannot do: more than 512 bytes of stack, a packet where the program
 *   type has none; OUT_OF_RANGE for a jump that does not reach.
 */
export function generate(program: IrProgram, options: GenerateOptions = {}): Code {
  const { cpu = 3, origins = true } = options;
  const frames = new Map<string, number>();
  const functions = calledFunctions(program);
  const items = functions.flatMap((each, index): (Instruction | Label)[] => {
    const { size, body } = generateFunction(each, index, { type: program.type, cpu });
    frames.set(each.name, size);
    return [...(index === 0 ? [] : [label(each.name)]), ...placeOrigins(body, origins)];
  });
  checkStack(functions, frames);
  return assemble(relax(items, cpu));
}

function generateFunction(
  each: IrFunction,
  index: number,
  target: { type: IrProgram['type']; cpu: 3 | 4 },
): { size: number; body: (Instruction | Label)[] } {
  const parameters = each.blocks[0]?.params.length ?? 0;
  if (parameters > 5) {
    throw new WaggleError('BAD_DECLARATION', `function "${each.name}" has ${parameters} parameters`, {
      hint: 'There are registers for 5; pass a pointer to a struct',
    });
  }
  const expanded = expandAddresses(expandPackets(each));
  const legal = target.cpu < 4 ? expandSignedDivision(expanded) : expanded;
  const allocation = allocate(removeDead(select(legal, target)));
  const frame = layOutFrame(allocation.machine);
  // Names of functions may not contain a colon, so these labels collide with none.
  const body = place(emit(allocation, frame, `:${index}`), `:${index}`);
  return { size: frame.size, body };
}

/** The entry and the functions that it calls, directly or not: the kernel refuses code that is never reached. */
function calledFunctions({ functions }: IrProgram): IrFunction[] {
  const byName = new Map(functions.map((each) => [each.name, each]));
  const found = new Set(functions.slice(0, 1));
  for (const each of found) {
    const { blocks, successors } = graphOf(each);
    // A call in a block that is never reached is not written.
    for (const index of reversePostorder(successors)) {
      for (const instruction of blocks[index]?.instructions ?? []) {
        if (instruction.op !== 'call' && instruction.op !== 'functionReference') continue;
        const target = byName.get(instruction.function);
        if (!target)
          throw new WaggleError('BAD_DECLARATION', `there is no function "${instruction.function}"`);
        found.add(target);
      }
    }
  }
  if (found.size === 0) throw new WaggleError('BAD_DECLARATION', 'a program without functions does nothing');
  return [...found];
}
