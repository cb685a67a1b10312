/** Random expressions of a given type, in which everything that the language has for integers occurs. */
import type { Scalar } from '@waggle/bpf';
import type { Callable, Context, Expression, Pointer } from './context.ts';
import { arraysOf, leavesOf, Outer, scalars, structs } from './declarations.ts';
import { compute, holds, type Memory, type Place, read, wrap, write } from './values.ts';

const { bool, u8, u16, u32, u64, i8, i16, i32, i64, be16, be32, be64 } = scalars;

/** The types that are computed in `type`. */
const computedIn = new Map<Scalar, readonly [Scalar, ...Scalar[]]>([
  [u32, [u32, u16, u8]],
  [i32, [i32, i16, i8]],
  [u64, [u64]],
  [i64, [i64]],
]);
export const computing = [...computedIn.keys()];
const natives: readonly [Scalar, ...Scalar[]] = [u32, u8, u16, u64, i32, i64, i8, i16];
const interesting = [
  0n,
  1n,
  2n,
  3n,
  5n,
  7n,
  16n,
  100n,
  127n,
  128n,
  255n,
  256n,
  1000n,
  32767n,
  32768n,
  65535n,
];
const large = [65536n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, (1n << 63n) - 1n, 1n << 63n];

const isWide = (type: Scalar): boolean => type.bits === 64;

/** A number as it is written where a value of that type is expected. */
export function literalText(type: Scalar, value: bigint): string {
  if (type === bool) return value === 0n ? 'false' : 'true';
  return isWide(type) ? `${value}n` : `${value}`;
}

/** A constant that fits a type. */
export function constant({ choices }: Context, type: Scalar): bigint {
  const raw = choices.below(4) < 3 ? choices.from(interesting) : choices.from(large);
  const value = wrap(type, raw ?? 0n);
  return type.signed && choices.seldom(3) ? wrap(type, -value) : value;
}

export function literal(context: Context, type: Scalar): Expression {
  const value = constant(context, type);
  if (type === bool) return { type, text: literalText(type, value), value: () => value };
  return { type, text: `${type.name}(${literalText(type, value)})`, value: () => value };
}

/** An expression of exactly that type. */
export function expression(context: Context, type: Scalar, depth = 3): Expression {
  const { choices } = context;
  if (depth <= 0 || !choices.more) return leaf(context, type);
  const kind = choices.below(10);
  if (kind < 2) return leaf(context, type);
  if (kind === 2) return choose(context, type, depth);
  if (kind === 3) return called(context, type, depth) ?? leaf(context, type);
  if (kind === 4) return cast(context, type, depth);
  if (kind === 5) return found(context, type, depth) ?? leaf(context, type);
  if (type === bool) return condition(context, depth, true);
  if (type.byteOrder === 'network') return network(context, type, depth);
  if (!computedIn.has(type)) return cast(context, type, depth);
  return arithmetic(context, type, depth);
}

/** Something that is there already: a variable, a field, a value of the config, a constant. */
function leaf(context: Context, type: Scalar): Expression {
  const candidates: (() => Expression)[] = [];
  for (const variable of context.variables) {
    if (variable.type !== type) continue;
    const { name } = variable;
    candidates.push(() => ({ type, text: name, value: ({ numbers }) => numbers.get(name) ?? 0n }));
  }
  for (const pointer of context.pointers) {
    for (const field of leavesOf(structs[pointer.to])) {
      if (field.type !== type) continue;
      const text = `${pointer.name}${field.path}`;
      candidates.push(() => ({
        type,
        text,
        value: (memory) => read(type, at(memory, pointer, field.offset)),
      }));
    }
    for (const { path, element, length, offset } of arraysOf(structs[pointer.to])) {
      if (element !== type) continue;
      candidates.push(() => elementOf(context, pointer, { path, element, length, offset }));
    }
  }
  for (const [name, of] of [
    ['on', bool],
    ['limit', u32],
    ['mark', be16],
    ['big', u64],
    ['shift', i32],
  ] as const) {
    if (of !== type) continue;
    const value = ({ config }: Memory): bigint => BigInt(config[name] ?? 0);
    candidates.push(() => ({ type, text: `settings.${name}`, value }));
  }
  const { packet } = context;
  if (packet !== undefined && type === u32) {
    candidates.push(() => ({
      type,
      text: `${packet}.length`,
      value: (memory) => BigInt(memory.packet.length),
    }));
  }
  const { choices } = context;
  return (choices.seldom(4) ? undefined : choices.from(candidates)?.()) ?? literal(context, type);
}

/** The place of a field behind a pointer. */
export function at(memory: Memory, { name }: Pointer, offset: number): Place {
  const place = memory.pointers.get(name);
  if (!place) throw new Error(`${name} is null`);
  return { bytes: place.bytes, at: place.at + offset };
}

/** `pointer.array[index]`, by a constant, a masked index, or one that may be outside. */
function elementOf(
  context: Context,
  pointer: Pointer,
  { path, element, length, offset }: ReturnType<typeof arraysOf>[number],
): Expression {
  const { choices } = context;
  const name = `${pointer.name}${path}`;
  const load = (memory: Memory, index: bigint): bigint =>
    read(element, at(memory, pointer, offset + Number(index) * element.size));
  const fixed = choices.below(length);
  if (pointer.space === 'packet' || pointer.space === 'unknown' || choices.seldom(3)) {
    return { type: element, text: `${name}[${fixed}]`, value: (memory) => load(memory, BigInt(fixed)) };
  }
  const index = expression(context, choices.one<Scalar>(u32, u64), 1);
  const other = constant(context, element);
  const [mask, by] = [choices.below(2) === 0, choices.one(length, length + 1)];
  const bigint = isWide(index.type) ? 'n' : '';
  const text = mask ? `${index.text} & ${length - 1}${bigint}` : `${index.text} % ${by}${bigint}`;
  const value = (memory: Memory): bigint => {
    const computed = index.value(memory);
    const inside = mask ? computed & BigInt(length - 1) : computed % BigInt(by);
    return inside < BigInt(length) ? load(memory, inside) : other;
  };
  return { type: element, text: `(${name}[${text}] ?? ${literalText(element, other)})`, value };
}

function arithmetic(context: Context, type: Scalar, depth: number): Expression {
  const { choices } = context;
  const operands = computedIn.get(type) ?? [type];
  const operand = (): Expression => expression(context, choices.one(...operands), depth - 1);
  if (choices.seldom(8)) {
    const [inner] = [operand()];
    const minus = type.signed && choices.below(2) === 1;
    const value = (memory: Memory): bigint => wrap(type, minus ? -inner.value(memory) : ~inner.value(memory));
    return { type, text: `(${minus ? '-' : '~'}${inner.text})`, value };
  }
  if (choices.seldom(8)) return increment(context, type) ?? operand0(context, type);
  const shifts = ['<<', type === u32 ? '>>>' : '>>'];
  const operator = choices.one('+', '-', '*', '&', '|', '^', '/', '%', ...shifts);
  const isShift = shifts.includes(operator);
  const left = operand();
  const value =
    (right: (memory: Memory) => bigint) =>
    (memory: Memory): bigint =>
      compute(operator, type, left.value(memory), right(memory));
  if (choices.below(2) === 0) {
    let fixed = isShift ? BigInt(choices.below(type.bits)) : constant(context, type);
    if (fixed === 0n && (operator === '/' || operator === '%')) fixed = 3n;
    return {
      type,
      text: `(${left.text} ${operator} ${literalText(type, fixed)})`,
      value: value(() => fixed),
    };
  }
  const count: readonly [Scalar, ...Scalar[]] = isWide(type) ? [u64] : [u32, u8, u16];
  const right = isShift ? expression(context, choices.one(...count), depth - 1) : operand();
  return { type, text: `(${left.text} ${operator} ${right.text})`, value: value(right.value) };
}

/** An operand that is of the type itself. */
const operand0 = (context: Context, type: Scalar): Expression => leaf(context, type);

/** `variable++`, `--variable` or `(variable += …)`. */
function increment(context: Context, type: Scalar): Expression | undefined {
  const { choices } = context;
  const variable = choices.from(context.variables.filter((each) => each.mutable && each.type === type));
  if (!variable) return undefined;
  const { name } = variable;
  const change =
    (by: (memory: Memory) => bigint, prefix: boolean) =>
    (memory: Memory): bigint => {
      const before = memory.numbers.get(name) ?? 0n;
      const after = wrap(type, before + by(memory));
      memory.numbers.set(name, after);
      return prefix ? after : before;
    };
  switch (choices.below(3)) {
    case 0:
      return { type, text: `${name}++`, value: change(() => 1n, false) };
    case 1:
      return { type, text: `(--${name})`, value: change(() => -1n, true) };
    default: {
      const by = leaf(context, type);
      return { type, text: `(${name} += ${by.text})`, value: change(by.value, true) };
    }
  }
}

function network(context: Context, type: Scalar, depth: number): Expression {
  const { choices } = context;
  const native = type === be16 ? u16 : type === be32 ? u32 : u64;
  const kind = choices.below(6);
  if (kind < 2) {
    const inner = expression(context, native, depth - 1);
    return { type, text: `hton${type.bits}(${inner.text})`, value: inner.value };
  }
  const left = expression(context, type, depth - 1);
  if (kind === 2)
    return { type, text: `(~${left.text})`, value: (memory) => wrap(type, ~left.value(memory)) };
  const operator = choices.one('&', '|', '^');
  const right = choices.below(2) === 0 ? literalOperand(context, type) : expression(context, type, depth - 1);
  const value = (memory: Memory): bigint => compute(operator, type, left.value(memory), right.value(memory));
  return { type, text: `(${left.text} ${operator} ${right.text})`, value };
}

/** A literal that takes the type of what it meets. */
function literalOperand(context: Context, type: Scalar): Expression {
  const value = constant(context, type);
  return { type, text: literalText(type, value), value: () => value };
}

function cast(context: Context, type: Scalar, depth: number): Expression {
  const { choices } = context;
  const sources: readonly [Scalar, ...Scalar[]] = [...natives, be16, be32, be64, bool];
  const from = choices.one(...sources);
  const inner = expression(context, from, depth - 1);
  const native = from.byteOrder === 'network' && type.byteOrder === 'native';
  if (native && choices.below(2) === 0 && !type.signed && type.bits === from.bits) {
    return { type, text: `ntoh${from.bits}(${inner.text})`, value: inner.value };
  }
  return { type, text: `${type.name}(${inner.text})`, value: (memory) => wrap(type, inner.value(memory)) };
}

function choose(context: Context, type: Scalar, depth: number): Expression {
  const test = condition(context, depth - 1, false);
  const then = expression(context, type, depth - 1);
  // No bare literal: where the condition is known, it would take the type of something else.
  const otherwise =
    context.choices.below(3) > 0 ? expression(context, type, depth - 1) : literal(context, type);
  const value = (memory: Memory): bigint => (test.value(memory) !== 0n ? then : otherwise).value(memory);
  return { type, text: `(${test.text} ? ${then.text} : ${otherwise.text})`, value };
}

/** A condition; `strict` where its outcome is kept, so that it has to be boolean. */
export function condition(context: Context, depth: number, strict: boolean): Expression {
  const { choices } = context;
  const type = bool;
  const kind = depth <= 0 ? choices.below(2) : choices.below(8);
  if (kind === 2 || kind === 3) {
    const [left, right] = [condition(context, depth - 1, strict), condition(context, depth - 1, strict)];
    const both = kind === 2;
    const value = (memory: Memory): bigint => {
      const first = left.value(memory) !== 0n;
      if (first !== both) return both ? 0n : 1n;
      return right.value(memory) !== 0n ? 1n : 0n;
    };
    return { type, text: `(${left.text} ${both ? '&&' : '||'} ${right.text})`, value };
  }
  if (kind === 4) {
    const inner = condition(context, depth - 1, false);
    return { type, text: `!${inner.text}`, value: (memory) => (inner.value(memory) === 0n ? 1n : 0n) };
  }
  if (kind === 5 && !strict) {
    const inner = expression(context, choices.one(...natives), depth - 1);
    return { ...inner, type };
  }
  if (kind === 6) return leaf(context, bool);
  return comparison(context, depth);
}

function comparison(context: Context, depth: number): Expression {
  const { choices } = context;
  const kind = choices.below(8);
  const special = kind === 6 ? choices.one<Scalar>(be16, be32, be64) : kind === 7 ? bool : undefined;
  const computed = choices.one(...(computing as [Scalar, ...Scalar[]]));
  const pick = (): Scalar => special ?? choices.one(...(computedIn.get(computed) ?? [u32]));
  const operator = special ? choices.one('===', '!==') : choices.one('<', '===', '!==', '<=', '>', '>=');
  const left = expression(context, pick(), depth - 1);
  const fixed = special ?? computed;
  const right =
    choices.below(2) === 0 ? literalOperand(context, fixed) : expression(context, pick(), depth - 1);
  const value = (memory: Memory): bigint =>
    holds(operator, left.value(memory), right.value(memory)) ? 1n : 0n;
  return { type: bool, text: `(${left.text} ${operator} ${right.text})`, value };
}

/** A call of one of the functions that return that type. */
function called(context: Context, type: Scalar, depth: number): Expression | undefined {
  const { choices, packet } = context;
  const fits = (each: Callable): boolean =>
    each.result === type && (packet !== undefined || !each.takesContext) && hasArguments(context, each);
  const target = choices.from(context.functions.filter(fits));
  return target && { type, ...call(context, target, depth) };
}

/** Whether there is a pointer for each parameter that wants one. */
export const hasArguments = ({ pointers }: Context, { parameters }: Callable): boolean =>
  parameters.every((each) => !('struct' in each) || pointers.some(({ to }) => to === each.struct));

/** A call with random arguments. */
export function call(context: Context, target: Callable, depth: number): Omit<Expression, 'type'> {
  const { choices, pointers } = context;
  const texts: string[] = target.takesContext ? [context.packet ?? 'ctx'] : [];
  const set: ((memory: Memory) => () => void)[] = [];
  for (const parameter of target.parameters) {
    const { name } = parameter;
    if ('struct' in parameter) {
      const pointer = choices.from(pointers.filter(({ to }) => to === parameter.struct));
      texts.push(pointer?.name ?? '');
      set.push((memory) => {
        const place = memory.pointers.get(pointer?.name ?? '');
        return () => memory.pointers.set(name, place);
      });
    } else {
      const argument = expression(context, parameter.scalar, Math.min(depth - 1, 1));
      texts.push(argument.text);
      set.push((memory) => {
        const given = argument.value(memory);
        return () => memory.numbers.set(name, given);
      });
    }
  }
  const value = (memory: Memory): bigint => {
    const assign = set.map((each) => each(memory));
    for (const each of assign) each();
    return target.run(memory);
  };
  return { text: `${target.name}(${texts.join(', ')})`, value };
}

/** Something that may not be there, and `??` what then: a byte of the packet, an entry of a map; or an atomic operation. */
function found(context: Context, type: Scalar, depth: number): Expression | undefined {
  const { choices, packet } = context;
  if (type === u64 && choices.below(2) === 0) {
    const index = expression(context, u32, 1);
    const other = expression(context, type, depth - 1);
    const value = (memory: Memory): bigint => {
      const key = index.value(memory) % 5n;
      const bytes = memory.maps.words?.get(String(key));
      return bytes ? read(u64, { bytes, at: 0 }) : other.value(memory);
    };
    return { type, text: `(words.lookup(${index.text} % 5) ?? ${other.text})`, value };
  }
  const outer = leavesOf(Outer).filter((each) => each.type === type && each.direct);
  if (outer.length > 0 && choices.below(2) === 0) {
    const field = choices.from(outer);
    if (!field) return undefined;
    const key = tableKey(context);
    const other = literalOperand(context, type);
    const value = (memory: Memory): bigint => {
      const bytes = memory.maps.table?.get(key.value(memory));
      return bytes ? read(type, { bytes, at: field.offset }) : other.value(memory);
    };
    return { type, text: `(table.lookup(${key.text})?${field.path} ?? ${other.text})`, value };
  }
  if (packet !== undefined && type !== bool && choices.below(2) === 0) {
    const offset = offsetOf(context);
    const other = expression(context, type, depth - 1);
    const value = (memory: Memory): bigint => {
      const place = Number(offset.value(memory));
      if (place + type.size > memory.packet.length) return other.value(memory);
      return read(type, { bytes: memory.packet, at: place });
    };
    return { type, text: `(${packet}.at(${type.name}, ${offset.text}) ?? ${other.text})`, value };
  }
  return atomically(context, type);
}

/** `atomic.add(pointer, 'field', …)` and its like; the packet has none. */
export function atomically(context: Context, type: Scalar): Expression | undefined {
  const { choices } = context;
  if (type.byteOrder === 'network' || type.bits < 32) return undefined;
  const pointer = choices.from(context.pointers.filter(({ space }) => space === 'map' || space === 'stack'));
  const fields = pointer
    ? leavesOf(structs[pointer.to]).filter((each) => each.type === type && each.direct)
    : [];
  const field = choices.from(fields);
  if (!pointer || !field) return undefined;
  const method = choices.one('add', 'and', 'or', 'xor', 'exchange', 'compareExchange');
  const operand = expression(context, type, 1);
  const expected = method === 'compareExchange' ? expression(context, type, 1) : undefined;
  const texts = [
    pointer.name,
    `'${field.path.slice(1)}'`,
    ...(expected ? [expected.text] : []),
    operand.text,
  ];
  const value = (memory: Memory): bigint => {
    const [old, given] = expected
      ? [expected.value(memory), operand.value(memory)]
      : [0n, operand.value(memory)];
    const place = at(memory, pointer, field.offset);
    const before = read(type, place);
    if (method === 'compareExchange') {
      if (before === old) write(type, place, given);
    } else if (method === 'exchange') write(type, place, given);
    else
      write(
        type,
        place,
        compute({ add: '+', and: '&', or: '|', xor: '^' }[method] ?? '+', type, before, given),
      );
    return before;
  };
  return { type, text: `atomic.${method}(${texts.join(', ')})`, value };
}

/** An offset into the packet. */
export function offsetOf(context: Context): Expression {
  const { choices } = context;
  if (choices.below(2) === 0) {
    const fixed = BigInt(choices.below(48));
    return { type: u32, text: `${fixed}`, value: () => fixed };
  }
  const inner = expression(context, u32, 1);
  const [start, mask] = [BigInt(choices.below(20)), choices.one(15n, 31n, 7n)];
  const value = (memory: Memory): bigint => start + (inner.value(memory) & mask);
  return { type: u32, text: `${start} + (${inner.text} & ${mask})`, value };
}

/** A key of the hash table: few different ones. Fields are computed in the order in which they are written. */
export function tableKey(context: Context): { text: string; value: (memory: Memory) => string } {
  const { choices } = context;
  const a = expression(context, u32, 1);
  const [b, c] = [choices.below(2), choices.below(2) * 80];
  const fields = [`a: ${a.text} & 3`, `b: ${b}`, `c: ${c}`];
  if (choices.below(2) === 1) fields.reverse();
  return { text: `{ ${fields.join(', ')} }`, value: (memory) => `${a.value(memory) & 3n},${b},${c}` };
}

/** The fields of the key of the table, of a key as text. */
export function keyOf(text: string): { a: number; b: number; c: number } {
  const [a = 0, b = 0, c = 0] = text.split(',').map(Number);
  return { a, b, c };
}
