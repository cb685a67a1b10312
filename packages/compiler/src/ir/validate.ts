/**
 * Says whether a program keeps the rules of ir.ts: values defined once and before their uses, blocks and functions that
 * exist, types that fit, pointers checked before use. The front end and every pass are tested with it; it finds the
 * mistakes of the compiler, not those of its users.
 */
import { WaggleError } from '@waggle/bpf';
import { checkedPointers } from './checked-pointers.ts';
import { type BlockGraph, dominatorsOf, edgesOf, graphOf, reversePostorder } from './graph.ts';
import type { Block, Edge, IrFunction, IrProgram, Value } from './ir.ts';
import { printInstruction, printTerminator } from './print.ts';
import { type IrType, isNullable, nonNull } from './type.ts';
import { checkInstruction, checkTerminator, type Rules } from './validate-types.ts';

/** @throws WaggleError BAD_DECLARATION, naming function, block and instruction. */
export function validateIr(program: IrProgram): void {
  const functions = new Map(program.functions.map((each) => [each.name, each]));
  if (functions.size < program.functions.length) throw invalid('two functions have the same name');
  if (program.functions[0]?.linkage !== 'program')
    throw invalid('the first function is not the program itself');
  for (const each of program.functions) new Validation(each, functions).run();
}

/** Where a value comes from: a block (by place) and a place in it, -1 for its parameters. */
interface Definition {
  readonly type: IrType;
  readonly block: number;
  readonly place: number;
}

class Validation {
  readonly #function: IrFunction;
  readonly #functions: ReadonlyMap<string, IrFunction>;
  readonly #graph: BlockGraph;
  readonly #definitions = new Map<Value, Definition>();

  constructor(each: IrFunction, functions: ReadonlyMap<string, IrFunction>) {
    this.#function = each;
    this.#functions = functions;
    this.#graph = graphOf(each);
  }

  run(): void {
    const { blocks } = this.#function;
    if (blocks.length === 0) throw this.#error(undefined, 'has no blocks');
    if (this.#graph.indexOf.size < blocks.length)
      throw this.#error(undefined, 'has two blocks of one number');
    for (const [index, block] of blocks.entries()) this.#define(block, index);
    const { dominates } = dominatorsOf(this.#graph.successors);
    const checked = checkedPointers(this.#function, this.#graph);
    // Blocks that cannot be reached have no meaning to check, passes drop them.
    for (const index of reversePostorder(this.#graph.successors)) {
      const block = blocks[index];
      if (block) this.#checkBlock(block, index, dominates, checked[index] ?? new Set());
    }
  }

  #define(block: Block, index: number): void {
    const add = (id: Value, type: IrType, place: number): void => {
      if (this.#definitions.has(id)) throw this.#error(block, `defines %${id}, which is defined already`);
      this.#definitions.set(id, { type, block: index, place });
    };
    for (const { id, type } of block.params) {
      if (type === 'void') throw this.#error(block, `has the parameter %${id} of type void`);
      add(id, type, -1);
    }
    for (const [place, { id, type }] of block.instructions.entries()) add(id, type, place);
  }

  #checkBlock(
    block: Block,
    index: number,
    dominates: (by: number, node: number) => boolean,
    checked: ReadonlySet<Value>,
  ): void {
    const use = (value: Value, place: number, text: string): IrType => {
      const definition = this.#definitions.get(value);
      if (!definition) throw this.#error(block, `${text}: there is no value %${value}`);
      const before =
        definition.block === index ? definition.place < place : dominates(definition.block, index);
      if (!before) throw this.#error(block, `${text}: %${value} is not defined on every path to here`);
      if (definition.type === 'void') throw this.#error(block, `${text}: %${value} has no value`);
      // A nullable pointer that is known not to be null serves as both types.
      return checked.has(value) ? nonNull(definition.type) : definition.type;
    };
    const rulesAt = (place: number, text: string): Rules => ({
      function: this.#function,
      functions: this.#functions,
      typeOf: (value) => use(value, place, text),
      fail: (problem) => this.#error(block, `${text}: ${problem}`),
    });
    for (const [place, instruction] of block.instructions.entries()) {
      checkInstruction(instruction, rulesAt(place, printInstruction(instruction)));
    }
    const end = block.instructions.length;
    const text = printTerminator(block.terminator);
    checkTerminator(block.terminator, rulesAt(end, text));
    for (const edge of edgesOf(block.terminator)) {
      this.#checkEdge(block, edge, (value) => use(value, end, text));
    }
  }

  #checkEdge(block: Block, edge: Edge, typeOf: (value: Value) => IrType): void {
    const target = this.#graph.blocks[this.#graph.indexOf.get(edge.block) ?? -1];
    if (!target) throw this.#error(block, `goes to b${edge.block}, which is missing`);
    if (edge.args.length !== target.params.length) {
      throw this.#error(
        block,
        `gives b${edge.block} ${edge.args.length} values, but it has ${target.params.length} parameters`,
      );
    }
    for (const [place, value] of edge.args.entries()) {
      const expected = target.params[place]?.type ?? 'void';
      const type = typeOf(value);
      const fits = type === expected || (isNullable(expected) && nonNull(expected) === type);
      if (!fits) {
        throw this.#error(
          block,
          `gives b${edge.block} %${value} of type ${type} for one of type ${expected}`,
        );
      }
    }
  }

  #error(block: Block | undefined, problem: string): WaggleError {
    const place = `function "${this.#function.name}"${block ? `, block b${block.id}` : ''}`;
    return invalid(`${place}: ${problem}`);
  }
}

const invalid = (problem: string): WaggleError => new WaggleError('BAD_DECLARATION', problem);
