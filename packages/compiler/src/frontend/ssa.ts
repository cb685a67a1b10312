/**
 * Builds a function of the IR while its source is read once, in static single assignment form from the start (M. Braun and
 * others, "Simple and Efficient Construction of Static Single Assignment Form", 2013): reading a variable asks the blocks
 * before this one, and where they disagree a block gets a parameter. A block is sealed when all jumps to it are known; the
 * head of a loop is not until its body was read, so it takes parameters first and gives them arguments later.
 */
import type {
  Block,
  BlockId,
  Comparison,
  IrFunction,
  IrInstruction,
  Operation,
  Origin,
  Value,
} from '../ir/ir.ts';
import { type IrType, nonNull } from '../ir/type.ts';
import { type Fact, type Facts, learn, meet, noFacts } from './facts.ts';
import type { Known } from './range.ts';

/** A variable that is assigned. */
export interface Variable {
  readonly name: string;
  readonly type: IrType;
  /** By what the kind of memory of a variable for pointers is remembered (see program.ts). */
  readonly key?: string;
}

interface BuildingEdge {
  readonly from: BuildingBlock;
  readonly to: BuildingBlock;
  readonly args: Value[];
  readonly facts: Facts;
}

type BuildingTerminator =
  | { readonly op: 'jump'; readonly to: BuildingEdge; readonly origin: Origin }
  | {
      readonly op: 'branch';
      readonly comparison: Comparison;
      readonly left: Value;
      readonly right: Value;
      readonly then: BuildingEdge;
      readonly otherwise: BuildingEdge;
      readonly origin: Origin;
    }
  | { readonly op: 'return'; readonly value: Value | undefined; readonly origin: Origin }
  | { readonly op: 'unreachable'; readonly origin: Origin };

export interface BuildingBlock {
  readonly id: BlockId;
  readonly params: { id: Value; type: IrType }[];
  readonly instructions: IrInstruction[];
  readonly incoming: BuildingEdge[];
  readonly definitions: Map<Variable, Value>;
  readonly incomplete: Map<Variable, Value>;
  /** Names that are assigned in the loop that this block is the head of; all others it need not be asked for. */
  readonly assigned?: ReadonlySet<string>;
  facts: Facts;
  sealed: boolean;
  terminator?: BuildingTerminator;
}

export class FunctionBuilder {
  readonly blocks: BuildingBlock[] = [];
  current: BuildingBlock;
  private values = 0;
  private readonly replaced = new Map<Value, Value>();
  private readonly types = new Map<Value, IrType>();
  private readonly known = new Map<Value, Known>();

  constructor() {
    this.current = this.block();
    this.seal(this.current);
  }

  /** A new block; `assigned` marks the head of a loop. */
  block(assigned?: ReadonlySet<string>): BuildingBlock {
    const block: BuildingBlock = {
      id: this.blocks.length,
      params: [],
      instructions: [],
      incoming: [],
      definitions: new Map(),
      incomplete: new Map(),
      facts: noFacts,
      sealed: false,
      ...(assigned === undefined ? {} : { assigned }),
    };
    this.blocks.push(block);
    return block;
  }

  /** Continues in a block that is not the head of a loop: all jumps to it have been made. */
  enter(block: BuildingBlock): void {
    this.begin(block);
    this.seal(block);
  }

  /** Continues at the head of a loop, whose jumps back are still to come. */
  begin(block: BuildingBlock): void {
    this.current = block;
    block.facts = meet(block.incoming.map(({ facts }) => facts));
  }

  /** Says that all jumps to the block have been made. */
  seal(block: BuildingBlock): void {
    block.sealed = true;
    for (const [variable, param] of block.incomplete) this.giveArguments(block, variable, param);
    block.incomplete.clear();
  }

  /** Whether the current block can be reached; what follows a `return` is lowered, but leads nowhere. */
  get reachable(): boolean {
    const { current } = this;
    return current.id === 0 || current.incoming.length > 0 || !current.sealed;
  }

  param(block: BuildingBlock, type: IrType): Value {
    const id = this.value(type);
    block.params.push({ id, type });
    return id;
  }

  emit(operation: Operation, type: IrType, args: readonly Value[], origin: Origin): Value {
    const id = this.value(type);
    this.current.instructions.push({ ...operation, id, type, args, origin } as IrInstruction);
    return id;
  }

  jump(to: BuildingBlock, origin: Origin, args: readonly Value[] = []): void {
    this.end({ op: 'jump', to: this.edge(to, args, this.current.facts), origin });
  }

  /** Ends the block with a branch; the facts are what the one or the other way tells. */
  branch(
    comparison: Comparison,
    left: Value,
    right: Value,
    then: { readonly block: BuildingBlock; readonly facts: readonly (readonly [Value, Fact])[] },
    otherwise: { readonly block: BuildingBlock; readonly facts: readonly (readonly [Value, Fact])[] },
    origin: Origin,
  ): void {
    const told = (facts: readonly (readonly [Value, Fact])[]) =>
      facts.reduce((known, [value, fact]) => learn(known, value, fact), this.current.facts);
    this.end({
      op: 'branch',
      comparison,
      left,
      right,
      // biome-ignore lint/suspicious/noThenProperty: nobody awaits a terminator
      then: this.edge(then.block, [], told(then.facts)),
      otherwise: this.edge(otherwise.block, [], told(otherwise.facts)),
      origin,
    });
  }

  return(value: Value | undefined, origin: Origin): void {
    this.end({ op: 'return', value, origin });
  }

  unreachable(origin: Origin): void {
    this.end({ op: 'unreachable', origin });
  }

  write(variable: Variable, value: Value): void {
    this.current.definitions.set(variable, value);
  }

  read(variable: Variable): Value {
    return this.resolve(this.readIn(this.current, variable));
  }

  typeOf(value: Value): IrType {
    return this.types.get(this.resolve(value)) ?? 'void';
  }

  /** Notes what is known of a value from its definition on. */
  setKnown(value: Value, known: Known): void {
    this.known.set(value, known);
  }

  knownOf(value: Value): Known | undefined {
    const id = this.resolve(value);
    return this.current.facts.get(id)?.known ?? this.known.get(id);
  }

  isNonNull(value: Value): boolean {
    const id = this.resolve(value);
    return !this.typeOf(id).endsWith('?') || this.current.facts.get(id)?.nonNull === true;
  }

  /** From here on, a pointer counts as not null: what was missing has been reported, and once is enough. */
  forgiveNull(value: Value): void {
    this.current.facts = learn(this.current.facts, this.resolve(value), { nonNull: true });
  }

  /** The function, without blocks that cannot be reached and parameters that all jumps agree on. */
  finish(name: string, result: IrType, linkage: IrFunction['linkage']): IrFunction {
    const reached = this.reached();
    for (const block of reached) {
      const kept = block.incoming.filter(({ from }) => reached.has(from));
      block.incoming.splice(0, block.incoming.length, ...kept);
    }
    this.dropTrivialParams(reached);
    const blocks = this.blocks.filter((block) => reached.has(block)).map((block) => this.finished(block));
    return { name, result, blocks, linkage };
  }

  private value(type: IrType): Value {
    const id = this.values++;
    this.types.set(id, type);
    return id;
  }

  private edge(to: BuildingBlock, args: readonly Value[], facts: Facts): BuildingEdge {
    const edge = { from: this.current, to, args: [...args], facts };
    if (this.reachable) to.incoming.push(edge);
    return edge;
  }

  private end(terminator: BuildingTerminator): void {
    this.current.terminator = terminator;
    this.enter(this.block());
  }

  private readIn(block: BuildingBlock, variable: Variable): Value {
    const defined = block.definitions.get(variable);
    if (defined !== undefined) return defined;
    const [entry] = block.incoming;
    let value: Value;
    if (!block.sealed) {
      if (entry && !block.assigned?.has(variable.name)) value = this.readIn(entry.from, variable);
      else {
        value = this.param(block, variable.type);
        block.incomplete.set(variable, value);
      }
    } else if (block.incoming.length === 1 && entry) value = this.readIn(entry.from, variable);
    else if (block.incoming.length === 0) value = this.undefinedValue(block, variable);
    else {
      value = this.param(block, variable.type);
      // Known before its arguments are, for a loop leads back here.
      block.definitions.set(variable, value);
      this.giveArguments(block, variable, value);
      value = this.resolve(value);
    }
    block.definitions.set(variable, value);
    return value;
  }

  /** Only code that never runs reads a variable that no path has written. */
  private undefinedValue(block: BuildingBlock, variable: Variable): Value {
    const id = this.value(variable.type);
    const origin = { file: '', source: '', line: 0, column: 0 };
    block.instructions.unshift({ op: 'const', value: 0n, id, type: variable.type, args: [], origin });
    return id;
  }

  private giveArguments(block: BuildingBlock, variable: Variable, param: Value): void {
    const args = block.incoming.map((edge) => this.resolve(this.readIn(edge.from, variable)));
    const different = new Set(args.filter((value) => value !== param));
    const [only] = different;
    if (different.size === 1 && only !== undefined) {
      this.replaced.set(param, only);
      block.params.splice(
        block.params.findIndex(({ id }) => id === param),
        1,
      );
      return;
    }
    block.incoming.forEach((edge, index) => {
      edge.args.push(args[index] ?? param);
    });
    this.describeParam(block, param, args);
  }

  /** What all ways know of their arguments is known of the parameter. */
  private describeParam(block: BuildingBlock, param: Value, args: readonly Value[]): void {
    const known = args.map((value, index): Facts => {
      const edge = block.incoming[index];
      const range = edge?.facts.get(value)?.known ?? this.known.get(value);
      // Not what only this jump tells of it: its argument is still one that may be null.
      const checked = edge?.from.facts.get(value)?.nonNull || !this.typeOf(value).endsWith('?');
      return new Map([
        [param, { ...(checked ? { nonNull: true } : {}), ...(range ? { known: range } : {}) }],
      ]);
    });
    const common = meet(known).get(param);
    if (common?.known) this.known.set(param, common.known);
    const declared = block.params.find(({ id }) => id === param);
    if (!common?.nonNull || !declared) return;
    declared.type = nonNull(declared.type);
    this.types.set(param, declared.type);
  }

  private resolve(value: Value): Value {
    const next = this.replaced.get(value);
    return next === undefined ? value : this.resolve(next);
  }

  private reached(): Set<BuildingBlock> {
    const reached = new Set<BuildingBlock>();
    const work = this.blocks.slice(0, 1);
    for (let block = work.pop(); block; block = work.pop()) {
      if (reached.has(block)) continue;
      reached.add(block);
      const { terminator } = block;
      if (terminator?.op === 'jump') work.push(terminator.to.to);
      if (terminator?.op === 'branch') work.push(terminator.then.to, terminator.otherwise.to);
    }
    return reached;
  }

  private dropTrivialParams(blocks: ReadonlySet<BuildingBlock>): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const block of blocks) {
        if (block.id === 0) continue;
        for (let index = block.params.length - 1; index >= 0; index--) {
          const param = block.params[index]?.id ?? 0;
          const args = block.incoming.map(({ args }) => this.resolve(args[index] ?? param));
          const [only, ...others] = new Set(args.filter((value) => value !== param));
          if (only === undefined || others.length > 0) continue;
          this.replaced.set(param, only);
          block.params.splice(index, 1);
          for (const edge of block.incoming) edge.args.splice(index, 1);
          changed = true;
        }
      }
    }
  }

  private finished({ id, params, instructions, terminator }: BuildingBlock): Block {
    const resolve = (value: Value) => this.resolve(value);
    const edge = ({ to, args }: BuildingEdge) => ({ block: to.id, args: args.map(resolve) });
    const done = instructions.map((instruction) => ({
      ...instruction,
      args: instruction.args.map(resolve),
    }));
    const end = terminator ?? { op: 'unreachable' as const };
    switch (end.op) {
      case 'jump':
        return { id, params, instructions: done, terminator: { ...end, to: edge(end.to) } };
      case 'branch':
        return {
          id,
          params,
          instructions: done,
          terminator: {
            ...end,
            left: resolve(end.left),
            right: resolve(end.right),
            // biome-ignore lint/suspicious/noThenProperty: nobody awaits a terminator
            then: edge(end.then),
            otherwise: edge(end.otherwise),
          },
        };
      case 'return':
        return {
          id,
          params,
          instructions: done,
          terminator: { ...end, value: end.value === undefined ? undefined : resolve(end.value) },
        };
      default:
        return { id, params, instructions: done, terminator: end };
    }
  }
}
