/**
 * Finds uses of the packet after a helper may have moved it. The verifier forgets all pointers into the packet then, and
 * complains about the use without saying why; here both lines are known.
 *
 * Forwards over the blocks: which pointers are dead on some way to here. A helper that moves the packet kills all of them; a
 * pointer lives again when its definition is run again, in the next turn of a loop.
 */
import type { Block, IrFunction, IrInstruction, Origin, Value } from '../ir/ir.ts';
import { spaceOf } from '../ir/type.ts';
import { edgesOf, origins, usesOf } from './flow.ts';
import type { Reporter } from './report.ts';

/** Dead pointers, and what killed them. */
type Dead = ReadonlyMap<Value, Origin | undefined>;

/** Reports uses of packet pointers that are void. */
export function checkPackets(functions: readonly IrFunction[], reporter: Reporter): void {
  const moving = movingFunctions(functions);
  for (const each of functions) check(each, moving, reporter);
}

function check(each: IrFunction, moving: ReadonlySet<string>, reporter: Reporter): void {
  const pointers = packetPointers(each);
  if (pointers.size === 0) return;
  const entries = new Map<number, Dead>([[each.blocks[0]?.id ?? 0, new Map()]]);
  const blocks = new Map(each.blocks.map((block) => [block.id, block]));
  const defined = origins(each);
  const work = each.blocks.slice(0, 1);
  const visited = new Set<Block>();
  for (let block = work.pop(); block; block = work.pop()) {
    visited.add(block);
    const dead = through(block, entries.get(block.id) ?? new Map(), pointers, moving);
    for (const { block: id, args } of edgesOf(block.terminator)) {
      const target = blocks.get(id);
      if (!target) continue;
      const before = entries.get(id);
      const now = new Map([...(before ?? []), ...dead]);
      for (const [index, param] of target.params.entries()) {
        const argument = args[index];
        if (argument !== undefined && dead.has(argument)) now.set(param.id, dead.get(argument));
        else if (!before?.has(param.id)) now.delete(param.id);
      }
      entries.set(id, now);
      if (now.size !== before?.size || !visited.has(target)) work.push(target);
    }
  }
  for (const block of visited) {
    through(block, entries.get(block.id) ?? new Map(), pointers, moving, (value, use, killed) => {
      if (!use) return;
      const { file, line, column } = use;
      reporter.add(
        'W304',
        { file, line, column, length: 1 },
        { line: defined.get(value)?.line ?? line, moved: killed?.line ?? line },
      );
    });
  }
}

type Complaint = (value: Value, use: Origin | undefined, killed: Origin | undefined) => void;

/** What is dead after a block, given what is dead before it. */
function through(
  block: Block,
  entry: Dead,
  pointers: ReadonlySet<Value>,
  moving: ReadonlySet<string>,
  complain?: Complaint,
): Dead {
  const dead = new Map(entry);
  const use = (value: Value, origin: Origin | undefined) => {
    if (dead.has(value)) complain?.(value, origin, dead.get(value));
  };
  for (const instruction of block.instructions) {
    for (const value of instruction.args) use(value, instruction.origin);
    if (moves(instruction, moving)) for (const pointer of pointers) dead.set(pointer, instruction.origin);
    dead.delete(instruction.id);
  }
  for (const value of usesOf(block.terminator)) use(value, block.terminator.origin);
  return dead;
}

const moves = (instruction: IrInstruction, moving: ReadonlySet<string>): boolean =>
  ('kills' in instruction && instruction.kills === 'packet') ||
  ((instruction.op === 'call' || instruction.op === 'functionReference') && moving.has(instruction.function));

/** The functions that may move the packet, themselves or by what they call. */
function movingFunctions(functions: readonly IrFunction[]): ReadonlySet<string> {
  const moving = new Set<string>();
  // Functions come after those that they call.
  for (const { name, blocks } of functions) {
    if (blocks.some((block) => block.instructions.some((each) => moves(each, moving)))) moving.add(name);
  }
  return moving;
}

function packetPointers({ blocks }: IrFunction): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const { params, instructions } of blocks) {
    for (const { id, type } of [...params, ...instructions]) {
      const space = spaceOf(type);
      if (space === 'packet' || space === 'packetMeta' || space === 'packetEnd') found.add(id);
    }
  }
  return found;
}
