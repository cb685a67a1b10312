/**
 * Puts static functions where they are called, if they are small, called from one place, or cannot be called: those with
 * more parameters than there are registers for, and those that continue in another program, which would come back to the
 * caller instead of ending it. Functions that nobody calls any more go; `global` ones stay what they are.
 *
 *     %2: i32 = call half %1           =>    jump b7(%1)
 *     …                                      b7(%3): … jump b6(%5)
 *                                            b6(%2): …
 */
import type { Block, BlockId, IrFunction, IrInstruction, IrProgram, Terminator, Value } from '../ir/ir.ts';
import { namedFunctions, usedFunctions } from './analysis/calls.ts';
import {
  blockCount,
  filterSame,
  mapArguments,
  mapEdges,
  mapSame,
  mapUses,
  valueCount,
} from './analysis/rewrite.ts';
import { type Pass, withFunctions } from './pass.ts';

/** A call costs about as much as this many instructions: arguments, result, saved registers, a frame. */
const SMALL = 24;
/** Registers for arguments. */
const MAX_PARAMETERS = 5;

/** Inlining. */
export const inline: Pass = {
  name: 'inline',
  run(program: IrProgram): IrProgram {
    const inlined = new Inlining(program).run();
    if (inlined === program) return program;
    const used = usedFunctions(inlined);
    return withFunctions(
      inlined,
      filterSame(inlined.functions, ({ name }) => used.has(name)),
    );
  },
};

class Inlining {
  readonly #program: IrProgram;
  readonly #byName: ReadonlyMap<string, IrFunction>;
  /** How many places name each function. */
  readonly #mentions = new Map<string, number>();
  /** Functions after inlining; undefined while that is going on, so that recursion ends. */
  readonly #finished = new Map<string, IrFunction | undefined>();

  constructor(program: IrProgram) {
    this.#program = program;
    this.#byName = new Map(program.functions.map((fn) => [fn.name, fn]));
    for (const fn of program.functions) {
      for (const name of namedFunctions(fn)) this.#mentions.set(name, (this.#mentions.get(name) ?? 0) + 1);
    }
  }

  run(): IrProgram {
    return withFunctions(
      this.#program,
      mapSame(this.#program.functions, (fn) => this.#finish(fn.name) ?? fn),
    );
  }

  /** A function with everything inlined into it; undefined if it calls itself. */
  #finish(name: string): IrFunction | undefined {
    const fn = this.#byName.get(name);
    if (fn === undefined || this.#finished.has(name)) return this.#finished.get(name);
    this.#finished.set(name, undefined);
    const bodies = new Map<string, IrFunction>();
    for (const called of new Set(calledFunctions(fn))) {
      const body = this.#finish(called);
      if (body !== undefined && this.#isInlined(body)) bodies.set(called, body);
    }
    const finished = bodies.size === 0 ? fn : withBodies(fn, bodies);
    this.#finished.set(name, finished);
    return finished;
  }

  #isInlined({ name, linkage, blocks }: IrFunction): boolean {
    if (linkage !== 'static') return false;
    if (this.#mentions.get(name) === 1 || (blocks[0]?.params.length ?? 0) > MAX_PARAMETERS) return true;
    const size = blocks.reduce((sum, { instructions }) => sum + instructions.length + 1, 0);
    return (
      size <= SMALL || blocks.some(({ instructions }) => instructions.some(({ op }) => op === 'tailCall'))
    );
  }
}

/** Those that it calls itself; a callback is called by the kernel, and stays a function. */
const calledFunctions = ({ blocks }: IrFunction): string[] =>
  blocks.flatMap(({ instructions }) =>
    instructions.flatMap((each) => (each.op === 'call' ? [each.function] : [])),
  );

/** The function with calls replaced by the bodies of what they call. */
function withBodies(fn: IrFunction, bodies: ReadonlyMap<string, IrFunction>): IrFunction {
  let nextValue = valueCount(fn);
  let nextBlock = blockCount(fn);
  const blocks: Block[] = [];
  for (const block of fn.blocks) {
    let { id, params } = block;
    let instructions: IrInstruction[] = [];
    for (const instruction of block.instructions) {
      const body = instruction.op === 'call' ? bodies.get(instruction.function) : undefined;
      if (body === undefined) {
        instructions.push(instruction);
        continue;
      }
      const after = nextBlock++;
      const copies = copy(body, nextValue, nextBlock, after);
      nextValue += valueCount(body);
      nextBlock += blockCount(body);
      blocks.push(
        { id, params, instructions, terminator: enter(instruction, copies[0]?.id ?? after) },
        ...copies,
      );
      // What follows the call goes on in a block that gets the result as its parameter.
      id = after;
      params = instruction.type === 'void' ? [] : [{ id: instruction.id, type: instruction.type }];
      instructions = [];
    }
    const split = id !== block.id;
    blocks.push(split ? { id, params, instructions, terminator: block.terminator } : block);
  }
  return { ...fn, blocks };
}

const enter = ({ args, origin }: IrInstruction, block: BlockId): Terminator => {
  const to = { block, args };
  return origin === undefined ? { op: 'jump', to } : { op: 'jump', to, origin };
};

/** The blocks of a function under new numbers; they return to the block `after`. */
function copy(body: IrFunction, firstValue: Value, firstBlock: BlockId, after: BlockId): Block[] {
  const value = (old: Value): Value => old + firstValue;
  return body.blocks.map(({ id, params, instructions, terminator }) => ({
    id: id + firstBlock,
    params: params.map((param) => ({ ...param, id: value(param.id) })),
    instructions: instructions.map((instruction) => ({
      ...mapArguments(instruction, value),
      id: value(instruction.id),
    })),
    terminator: leave(mapUses(terminator, value), firstBlock, after, body),
  }));
}

function leave(terminator: Terminator, firstBlock: BlockId, after: BlockId, body: IrFunction): Terminator {
  if (terminator.op !== 'return') {
    return mapEdges(terminator, (edge) => ({ ...edge, block: edge.block + firstBlock }));
  }
  const { value, origin } = terminator;
  const args = value === undefined || body.result === 'void' ? [] : [value];
  const to = { block: after, args };
  return origin === undefined ? { op: 'jump', to } : { op: 'jump', to, origin };
}
