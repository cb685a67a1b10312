/**
 * The frame of passes that replace single instructions by simpler ones: it visits blocks so that definitions come before
 * uses, keeps the books about what has become of them, and leaves the pass with one question at a time.
 */
import type { IrFunction, IrInstruction, Operation, Terminator, Value } from '../../ir/ir.ts';
import type { IrType } from '../../ir/type.ts';
import { normalize } from './arithmetic.ts';
import { blockAt, flowOf } from './flow.ts';
import { mapArguments, mapUses, Replacements, substitute, withBlocks, withParts } from './rewrite.ts';
import { valuesOf } from './values.ts';

/** An operation with what it works on; number, type and origin are those of the instruction that it replaces. */
export type Simpler = Operation & { readonly args: readonly Value[] };

/** The answers of a pass; undefined leaves things as they are. Arguments are already simplified. */
export interface Simplifier {
  /** Called before the instructions of a block. */
  block?(node: number): void;
  /** A value that takes the instruction's place, or a simpler operation of the same type. */
  instruction?(instruction: IrInstruction, scope: Scope): Value | Simpler | undefined;
  terminator?(terminator: Terminator, scope: Scope): Terminator | undefined;
}

/** What a simplifier may ask, and the instructions that it may add in front of the one it looks at. */
export class Scope {
  readonly #definitions: (IrInstruction | undefined)[];
  readonly #types: IrType[];
  readonly #uses: number[];
  readonly #compared: boolean[];
  #next: Value;
  #block: IrInstruction[] = [];

  constructor(fn: IrFunction) {
    const values = valuesOf(fn);
    this.#next = values.count;
    const { definitions, types, uses, compared } = values.tables();
    this.#definitions = definitions;
    this.#types = types;
    this.#uses = uses;
    this.#compared = compared;
  }

  /** The instruction that defines a value, undefined for parameters. */
  definition(value: Value): IrInstruction | undefined {
    return this.#definitions[value];
  }

  type(value: Value): IrType {
    return this.#types[value] ?? 'void';
  }

  /** The unsigned content of a constant, undefined for anything else. */
  constant(value: Value): bigint | undefined {
    const definition = this.#definitions[value];
    return definition?.op === 'const' ? normalize(definition.type, definition.value) : undefined;
  }

  /** Whether nothing but the instruction in question uses a value. */
  usedOnce(value: Value): boolean {
    return this.#uses[value] === 1;
  }

  /**
   * Whether the program compares a value. The verifier learns from comparisons, and only about the very value that is
   * compared; what is computed from it must not be computed around it.
   */
  compared(value: Value): boolean {
    return this.#compared[value] ?? false;
  }

  /** A constant in front of the instruction in question. */
  number(type: IrType, value: bigint): Value {
    return this.insert(type, { op: 'const', value: normalize(type, value), args: [] });
  }

  /** An instruction in front of the one in question. */
  insert(type: IrType, simpler: Simpler): Value {
    const id = this.#next++;
    this.define({ ...simpler, id, type });
    this.#types[id] = type;
    this.#uses[id] = 1;
    return id;
  }

  /** Adds an instruction to the block; for the frame only. */
  define(instruction: IrInstruction): void {
    this.#definitions[instruction.id] = instruction;
    this.#block.push(instruction);
  }

  /** Lets a value stand for another; for the frame only. */
  replace(value: Value, by: Value): void {
    this.#uses[by] = (this.#uses[by] ?? 0) + (this.#uses[value] ?? 0);
    if (this.#compared[value]) this.#compared[by] = true;
  }

  /** The instructions of the block so far, which end here; for the frame only. */
  finishBlock(): IrInstruction[] {
    const finished = this.#block;
    this.#block = [];
    return finished;
  }
}

/** How often an instruction may turn into a simpler one at a visit; more than any chain of rules is long. */
const MAX_STEPS = 8;

/** Simplifies the instructions and terminators of a function; returns the function itself if nothing changed. */
export function simplify(fn: IrFunction, simplifier: Simplifier): IrFunction {
  const flow = flowOf(fn);
  const scope = new Scope(fn);
  const replacements = new Replacements();
  const current = (value: Value): Value => replacements.of(value);
  const blocks = fn.blocks.slice();
  let changed = false;

  const visit = (original: IrInstruction): void => {
    let instruction = mapArguments(original, current);
    for (let step = 0; step < MAX_STEPS; step++) {
      const answer = simplifier.instruction?.(instruction, scope);
      if (answer === undefined) break;
      if (typeof answer === 'number') {
        replacements.set(instruction.id, answer);
        scope.replace(instruction.id, answer);
        return;
      }
      const { id, type, origin } = instruction;
      instruction = origin === undefined ? { ...answer, id, type } : { ...answer, id, type, origin };
    }
    scope.define(instruction);
  };

  for (const node of flow.order) {
    const block = blockAt(flow, node);
    simplifier.block?.(node);
    for (const instruction of block.instructions) visit(instruction);
    const mapped = mapUses(block.terminator, current);
    const terminator = simplifier.terminator?.(mapped, scope) ?? mapped;
    const instructions = scope.finishBlock();
    const same =
      instructions.length === block.instructions.length &&
      instructions.every((instruction, index) => instruction === block.instructions[index]);
    const simpler = withParts(block, same ? block.instructions : instructions, terminator);
    if (simpler !== block) changed = true;
    blocks[node] = simpler;
  }
  if (!changed) return fn;
  // Over back edges, and in blocks that cannot be reached, stand values that were replaced later.
  return substitute(withBlocks(fn, blocks), replacements);
}
