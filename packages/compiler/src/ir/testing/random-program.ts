/**
 * Random XDP programs for property tests: arithmetic of both widths on numbers from the packet, branches, loops, memory on the
 * stack, packet accesses, calls. A program is made from a tree of commands, so that fast-check can shrink it; a command
 * picks its operands by number from what there is. At the end everything that is left goes into the packet, so that many
 * values live long.
 */
import fc from 'fast-check';
import { FunctionBuilder } from '../builder.ts';
import type { AtomicOperator, IrFunction, IrProgram, Value } from '../ir.ts';
import { atomicOperators, binaryOperators, comparisons } from '../operators.ts';
import type { Integer } from '../type.ts';

/** A step of a program, with numbers that are reduced to what is possible. */
export interface Command {
  readonly kind: number;
  readonly picks: readonly number[];
  readonly inner: readonly Command[];
  readonly other: readonly Command[];
}

/** Bytes that programs look at; shorter packets make them return 0. */
export const PACKET_SIZE = 64;
const RESULTS = 8;
const KTIME = 5;
const CONSTANTS = [0n, 1n, 2n, 7n, 31n, 63n, 255n, 0x7fffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn];
const WIDE_CONSTANTS = [
  ...CONSTANTS,
  1n << 32n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
  0xffff_ffff_8000_0000n,
];

/** Trees of commands. */
export const commands: fc.Arbitrary<readonly Command[]> = fc.letrec<{ list: Command[]; one: Command }>(
  (tie) => ({
    list: fc.array(tie('one'), { maxLength: 40, size: '+1', depthIdentifier: 'command' }),
    one: fc.record({
      kind: fc.nat(99),
      picks: fc.array(fc.nat(1000), { minLength: 4, maxLength: 4 }),
      inner: fc.oneof({ depthSize: 'small', depthIdentifier: 'command' }, fc.constant([]), tie('list')),
      other: fc.oneof({ depthSize: 'small', depthIdentifier: 'command' }, fc.constant([]), tie('list')),
    }),
  }),
).list;

/** The program of a tree. */
export function programOf(list: readonly Command[]): IrProgram {
  return { type: 'xdp', functions: [new Generator().main(list), ...HELPERS] };
}

class Generator {
  readonly #builder = new FunctionBuilder('main', 'i32', ['context']);
  readonly #context: Value;
  readonly #packet: Value;
  readonly #stack: Value;
  #narrow: Value[] = [];
  #wide: Value[] = [];
  #depth = 0;

  constructor() {
    const builder = this.#builder;
    this.#context = builder.parameters[0] ?? 0;
    this.#packet = builder.add('packet?', { op: 'packetAt', offset: 0, size: PACKET_SIZE }, this.#context);
    const none = builder.constant('packet?', 0);
    const [inside, outside] = [builder.block(), builder.block()];
    builder.branch('equal', this.#packet, none, outside, inside);
    builder.continueIn(outside);
    builder.end({ op: 'return', value: builder.constant('i32', 0) });
    builder.continueIn(inside);
    this.#stack = builder.add('stack', { op: 'stackSlot', size: 32, alignment: 8 });
    const zero = builder.constant('i64', 0);
    for (let offset = 0; offset < 32; offset += 8) {
      builder.add('void', { op: 'store', size: 8, offset }, this.#stack, zero);
    }
    for (let offset = 0; offset < 16; offset += 4) {
      this.#narrow.push(builder.add('i32', { op: 'load', size: 4, offset }, this.#packet));
      this.#wide.push(builder.add('i64', { op: 'load', size: 8, offset: 16 + 2 * offset }, this.#packet));
    }
  }

  main(list: readonly Command[]): IrFunction {
    this.#run(list);
    const builder = this.#builder;
    for (const [place, value] of this.#wide.slice(-RESULTS).entries()) {
      builder.add('void', { op: 'store', size: 8, offset: 8 * place }, this.#packet, value);
    }
    let result = builder.constant('i32', 17);
    for (const value of this.#narrow.slice(-24)) {
      const factor = builder.constant('i32', 31);
      result = builder.add('i32', { op: 'add' }, builder.add('i32', { op: 'mul' }, result, factor), value);
    }
    builder.end({ op: 'return', value: result });
    return builder.build();
  }

  #run(list: readonly Command[]): void {
    this.#depth++;
    for (const command of list) this.#step(command);
    this.#depth--;
  }

  #pick(pool: readonly Value[], pick: number): Value {
    // Mostly recent values, so that chains form.
    const value = pool[pool.length - 1 - (pick % Math.min(pool.length, 12))];
    if (value === undefined) throw new Error('the pool is empty');
    return value;
  }

  #operand(type: Integer, pick: number): Value {
    const constants = type === 'i32' ? CONSTANTS : WIDE_CONSTANTS;
    if (pick % 4 === 0) return this.#builder.constant(type, constants[(pick >> 2) % constants.length] ?? 0n);
    return this.#pick(type === 'i32' ? this.#narrow : this.#wide, pick);
  }

  #keep(type: Integer, value: Value): void {
    (type === 'i32' ? this.#narrow : this.#wide).push(value);
  }

  #step({ kind, picks, inner, other }: Command): void {
    const builder = this.#builder;
    const [a = 0, b = 0, c = 0, d = 0] = picks;
    const type: Integer = d % 2 === 0 ? 'i32' : 'i64';
    if (kind < 45) {
      const op = binaryOperators[c % binaryOperators.length] ?? 'add';
      this.#keep(type, builder.add(type, { op }, this.#operand(type, a), this.#operand(type, b)));
    } else if (kind < 53) {
      const comparison = comparisons[c % comparisons.length] ?? 'equal';
      const [left, right] = [this.#operand(type, a), this.#operand(type, b)];
      this.#keep('i32', builder.add('i32', { op: 'compare', comparison }, left, right));
    } else if (kind < 62) this.#convert(a, b, c);
    else if (kind < 72) this.#access(a, b, c, d);
    else if (kind < 80) this.#branch(picks, inner, other);
    else if (kind < 85) this.#loop(picks, inner);
    else if (kind < 90) this.#call(a, b, c);
    else if (kind < 94) {
      const zero = builder.constant('i64', 0);
      const time = builder.add('i64', { op: 'callHelper', helper: KTIME });
      this.#keep('i64', builder.add('i64', { op: 'and' }, time, zero));
    } else this.#peek(a, b);
  }

  #convert(a: number, b: number, c: number): void {
    const builder = this.#builder;
    const narrow = this.#operand('i32', a);
    const wide = this.#operand('i64', a);
    const bits = ([8, 16, 32] as const)[b % 3] ?? 8;
    const swapped = ([16, 32, 64] as const)[b % 3] ?? 16;
    const half = swapped === 64 ? 32 : swapped;
    const signed = b % 2 === 0 ? narrow : wide;
    const conversions: readonly (() => void)[] = [
      () => this.#keep('i64', builder.add('i64', { op: 'zeroExtend' }, narrow)),
      () => this.#keep('i32', builder.add('i32', { op: 'truncate' }, wide)),
      () => this.#keep('i32', builder.add('i32', { op: 'signExtend', bits }, narrow)),
      () => this.#keep('i64', builder.add('i64', { op: 'signExtend', bits }, signed)),
      () => this.#keep('i64', builder.add('i64', { op: 'swapBytes', bits: swapped }, wide)),
      () => this.#keep('i32', builder.add('i32', { op: 'swapBytes', bits: half }, narrow)),
    ];
    conversions[c % conversions.length]?.();
  }

  /** Memory on the stack: stores, loads, atomic operations. */
  #access(a: number, b: number, c: number, d: number): void {
    const builder = this.#builder;
    const size = ([1, 2, 4, 8] as const)[a % 4] ?? 1;
    const type: Integer = size === 8 ? 'i64' : 'i32';
    const offset = (b % (32 / size)) * size;
    if (c % 3 === 0) {
      builder.add('void', { op: 'store', size, offset }, this.#stack, this.#operand(type, d));
      return;
    }
    if (c % 3 === 1 || size < 4) {
      this.#keep(type, builder.add(type, { op: 'load', size, offset }, this.#stack));
      return;
    }
    const operator: AtomicOperator = atomicOperators[d % atomicOperators.length] ?? 'add';
    const operands = [this.#operand(type, d), this.#operand(type, b)].slice(
      0,
      operator === 'compareExchange' ? 2 : 1,
    );
    const operation = { op: 'atomic', operator, size: size === 8 ? 8 : 4, offset } as const;
    const fetches = /^(fetch|exchange|compareExchange)/.test(operator);
    const result = builder.add(fetches ? type : 'void', operation, this.#stack, ...operands);
    if (fetches) this.#keep(type, result);
  }

  #branch(
    [a = 0, b = 0, c = 0, d = 0]: readonly number[],
    inner: readonly Command[],
    other: readonly Command[],
  ) {
    const builder = this.#builder;
    const type: Integer = d % 2 === 0 ? 'i32' : 'i64';
    const comparison = comparisons[c % comparisons.length] ?? 'equal';
    const [left, right] = [this.#operand(type, a), this.#operand(type, b)];
    const [then, otherwise, join] = [builder.block(), builder.block(), builder.block('i32', 'i64', 'i64')];
    if (d % 3 === 0) {
      // By way of a value that is tested.
      const holds = builder.add('i32', { op: 'compare', comparison }, left, right);
      if (d % 5 === 0) this.#keep('i32', holds);
      builder.branch('notEqual', holds, builder.constant('i32', 0), then, otherwise);
    } else builder.branch(comparison, left, right, then, otherwise);
    const [narrow, wide] = [[...this.#narrow], [...this.#wide]];
    for (const [block, list] of [
      [then, inner],
      [otherwise, other],
    ] as const) {
      builder.continueIn(block);
      [this.#narrow, this.#wide] = [[...narrow], [...wide]];
      this.#run(list);
      builder.jump(join, this.#operand('i32', a), this.#operand('i64', b), this.#pick(this.#wide, c));
    }
    builder.continueIn(join);
    const [first = 0, ...rest] = builder.params(join);
    [this.#narrow, this.#wide] = [
      [...narrow, first],
      [...wide, ...rest],
    ];
  }

  /** A loop of up to four rounds that carries values, in two of them exchanging places. */
  #loop([a = 0, b = 0, c = 0]: readonly number[], inner: readonly Command[]): void {
    if (this.#depth > 2) return;
    const builder = this.#builder;
    const [header, body, after] = [
      builder.block('i32', 'i32', 'i64', 'i64'),
      builder.block(),
      builder.block(),
    ];
    const zero = builder.constant('i32', 0);
    builder.jump(header, zero, this.#operand('i32', a), this.#operand('i64', b), this.#operand('i64', c));
    builder.continueIn(header);
    const [round = 0, narrowCarried = 0, left = 0, right = 0] = builder.params(header);
    const rounds = builder.constant('i32', 1 + (a % 4));
    builder.branch('less', round, rounds, body, after);
    const [narrow, wide] = [
      [...this.#narrow, narrowCarried],
      [...this.#wide, left, right],
    ];
    builder.continueIn(body);
    [this.#narrow, this.#wide] = [[...narrow], [...wide]];
    this.#run(inner);
    const next = builder.add('i32', { op: 'add' }, round, builder.constant('i32', 1));
    builder.jump(header, next, this.#pick(this.#narrow, c), right, left);
    builder.continueIn(after);
    [this.#narrow, this.#wide] = [narrow, wide];
  }

  #call(a: number, b: number, c: number): void {
    const builder = this.#builder;
    const operation = { op: 'call', function: c % 2 === 0 ? 'mix' : 'chain' } as const;
    const args = [this.#operand('i32', a), this.#operand('i64', b), this.#operand('i64', c)];
    this.#keep('i64', builder.add('i64', operation, ...args));
  }

  /** A byte of the packet at a variable place that may be behind its end; 0 there. */
  #peek(a: number, b: number): void {
    const builder = this.#builder;
    const mask = builder.constant('i64', 127);
    const index = builder.add('i64', { op: 'and' }, this.#operand('i64', a), mask);
    const pointer = builder.add('packet?', { op: 'packetAt', offset: b % 16, size: 1 }, this.#context, index);
    const none = builder.constant('packet?', 0);
    const [inside, join] = [builder.block(), builder.block('i32')];
    const zero = builder.constant('i32', 0);
    let checked = pointer;
    if (a % 2 === 0) {
      // Null travels before it is checked.
      const meet = builder.block('packet?');
      builder.jump(meet, pointer);
      builder.continueIn(meet);
      checked = builder.params(meet)[0] ?? pointer;
    }
    builder.branch('notEqual', checked, none, inside, { block: join, args: [zero] });
    builder.continueIn(inside);
    builder.jump(join, builder.add('i32', { op: 'load', size: 1, offset: 0 }, checked));
    builder.continueIn(join);
    this.#keep('i32', builder.params(join)[0] ?? 0);
  }
}

/** Functions to call: one that calculates, one that calls it. */
const HELPERS: readonly IrFunction[] = [mix(), chain()];

function mix(): IrFunction {
  const builder = new FunctionBuilder('mix', 'i64', ['i32', 'i64', 'i64'], 'static');
  const [a = 0, b = 0, c = 0] = builder.parameters;
  const wide = builder.add('i64', { op: 'zeroExtend' }, a);
  const sum = builder.add('i64', { op: 'sub' }, c, wide);
  const product = builder.add('i64', { op: 'mul' }, sum, b);
  builder.end({ op: 'return', value: builder.add('i64', { op: 'xor' }, product, wide) });
  return builder.build();
}

function chain(): IrFunction {
  const builder = new FunctionBuilder('chain', 'i64', ['i32', 'i64', 'i64'], 'static');
  const [a = 0, b = 0, c = 0] = builder.parameters;
  const once = builder.add('i64', { op: 'call', function: 'mix' }, a, c, b);
  const low = builder.add('i32', { op: 'truncate' }, once);
  const twice = builder.add('i64', { op: 'call', function: 'mix' }, low, once, c);
  builder.end({ op: 'return', value: builder.add('i64', { op: 'add' }, twice, b) });
  return builder.build();
}
