/**
 * Builds a function of the IR block by block, with fresh numbers:
 *
 *     const builder = new FunctionBuilder('main', 'i32', ['context']);
 *     const [context] = builder.parameters;
 *     const zero = builder.add('i32', { op: 'const', value: 0n });
 *     builder.end({ op: 'return', value: zero });
 *     const main = builder.build();
 */
import { WaggleError } from '@waggle/bpf';
import type {
  Block,
  BlockId,
  Comparison,
  Edge,
  IrFunction,
  IrInstruction,
  Operation,
  Origin,
  Parameter,
  Terminator,
  Value,
} from './ir.ts';
import type { IrType } from './type.ts';

interface Draft {
  readonly id: BlockId;
  readonly params: readonly Parameter[];
  readonly instructions: IrInstruction[];
  terminator: Terminator | undefined;
}

/** A function in the making; instructions go to the end of the current block, at first the entry. */
export class FunctionBuilder {
  readonly name: string;
  readonly result: IrType;
  readonly linkage: IrFunction['linkage'];
  /** The values of the function's parameters. */
  readonly parameters: readonly Value[];
  /** Where what is added next comes from. */
  origin: Origin | undefined;
  readonly #drafts: Draft[] = [];
  readonly #types = new Map<Value, IrType>();
  #current: Draft;
  #nextValue = 0;

  constructor(
    name: string,
    result: IrType,
    parameters: readonly IrType[],
    linkage: IrFunction['linkage'] = 'program',
  ) {
    this.name = name;
    this.result = result;
    this.linkage = linkage;
    this.#current = this.#draft(parameters);
    this.parameters = this.#current.params.map(({ id }) => id);
  }

  #draft(types: readonly IrType[]): Draft {
    const params = types.map((type) => ({ id: this.#value(type), type }));
    const draft = { id: this.#drafts.length, params, instructions: [], terminator: undefined };
    this.#drafts.push(draft);
    return draft;
  }

  #value(type: IrType): Value {
    const id = this.#nextValue++;
    this.#types.set(id, type);
    return id;
  }

  #at(id: BlockId): Draft {
    const draft = this.#drafts[id];
    if (!draft) throw new WaggleError('NOT_FOUND', `function "${this.name}" has no block b${id}`);
    return draft;
  }

  /** A new, empty block with parameters of these types; it does not become the current one. */
  block(...types: readonly IrType[]): BlockId {
    return this.#draft(types).id;
  }

  /** The values of a block's parameters. */
  params(block: BlockId): readonly Value[] {
    return this.#at(block).params.map(({ id }) => id);
  }

  /** The block that instructions go to. */
  get current(): BlockId {
    return this.#current.id;
  }

  /** Whether the current block has its terminator. */
  get ended(): boolean {
    return this.#current.terminator !== undefined;
  }

  /** Makes another block the current one. */
  continueIn(block: BlockId): void {
    this.#current = this.#at(block);
  }

  /** The type of a value. */
  typeOf(value: Value): IrType {
    const type = this.#types.get(value);
    if (type === undefined)
      throw new WaggleError('NOT_FOUND', `function "${this.name}" has no value %${value}`);
    return type;
  }

  /** Appends an instruction; the number is that of its result. */
  add(type: IrType, operation: Operation, ...args: readonly Value[]): Value {
    if (this.ended) throw this.#endedError();
    const id = this.#value(type);
    const from = this.origin === undefined ? {} : { origin: this.origin };
    this.#current.instructions.push({ ...operation, id, type, args, ...from });
    return id;
  }

  /** A constant. */
  constant(type: IrType, value: number | bigint): Value {
    return this.add(type, { op: 'const', value: BigInt(value) });
  }

  /** Ends the current block. */
  end(terminator: Terminator): void {
    if (this.ended) throw this.#endedError();
    const from = this.origin === undefined ? {} : { origin: this.origin };
    this.#current.terminator = { ...from, ...terminator };
  }

  /** Ends the current block with a jump. */
  jump(block: BlockId, ...args: readonly Value[]): void {
    this.end({ op: 'jump', to: { block, args } });
  }

  /** Ends the current block with a branch; an edge without arguments may be given as its block. */
  branch(
    comparison: Comparison,
    left: Value,
    right: Value,
    thenEdge: Edge | BlockId,
    otherwiseEdge: Edge | BlockId,
  ): void {
    const [then, otherwise] = [asEdge(thenEdge), asEdge(otherwiseEdge)];
    this.end({ op: 'branch', comparison, left, right, then, otherwise });
  }

  #endedError(): WaggleError {
    return new WaggleError('BAD_DECLARATION', `block b${this.current} of "${this.name}" has ended already`);
  }

  /** The function. @throws WaggleError BAD_DECLARATION for a block that does not end. */
  build(): IrFunction {
    const { name, result, linkage } = this;
    const blocks = this.#drafts.map(({ id, params, instructions, terminator }): Block => {
      if (!terminator) throw new WaggleError('BAD_DECLARATION', `block b${id} of "${name}" does not end`);
      return { id, params, instructions: [...instructions], terminator };
    });
    return { name, result, linkage, blocks };
  }
}

const asEdge = (edge: Edge | BlockId): Edge => (typeof edge === 'number' ? { block: edge, args: [] } : edge);
