/** Random statements. Loops end after a number of turns that the verifier sees; pointers are tested before they are used. */
import type { Scalar } from '@waggle/bpf';
import type { Context, Ending, Pointer, Statement, Variable } from './context.ts';
import { arraysOf, Inner, leavesOf, type StructName, scalars, structs } from './declarations.ts';
import {
  at,
  atomically,
  call,
  computing,
  condition,
  constant,
  expression,
  hasArguments,
  literalText,
  offsetOf,
  tableKey,
} from './expressions.ts';
import { compute, type Memory, type Place, read, write } from './values.ts';

const all = Object.values(scalars) as [Scalar, ...Scalar[]];
const { bool, u8, u16, u32, i8, i16, i32, i64 } = scalars;
const nothing = undefined;

/** The parts of a context that statements add to. */
interface Scope {
  readonly variables: Variable[];
  readonly pointers: Pointer[];
}

/** Some statements in a scope of their own. */
export function block(outer: Context, count: number, before: Partial<Scope> = {}): Statement {
  const scope: Scope = {
    variables: [...outer.variables, ...(before.variables ?? [])],
    pointers: [...outer.pointers, ...(before.pointers ?? [])],
  };
  const context: Context = { ...outer, ...scope };
  const parts: Statement[] = [];
  for (let index = 0; index < count && context.choices.more; index++) {
    const next = statement(context, scope);
    if (next) parts.push(next);
  }
  return sequence(parts);
}

export function sequence(parts: readonly Statement[]): Statement {
  const run = (memory: Memory): Ending => {
    for (const part of parts) {
      const ending = part.run(memory);
      if (ending !== undefined) return ending;
    }
    return nothing;
  };
  return { text: parts.map(({ text }) => text).join('\n'), run };
}

const effect = (text: string, run: (memory: Memory) => void): Statement => ({
  text,
  run: (memory) => {
    run(memory);
    return nothing;
  },
});

type Make = (context: Context, scope: Scope) => Statement | undefined;

function statement(context: Context, scope: Scope): Statement | undefined {
  const flat: readonly [Make, ...Make[]] = [declare, declare, assign, store, store, element, structure, copy];
  const others: readonly Make[] = [update, atomic, voidCall, narrowed, alias, leave];
  const nested: readonly Make[] = [conditional, conditional, lookup, lookup, packet, loop, choice];
  const make = context.choices.one(...flat, ...others, ...(context.depth > 0 ? nested : []));
  return make(context, scope);
}

function declare(context: Context, scope: Scope): Statement {
  const { choices } = context;
  const type = choices.one(...all);
  const mutable = choices.below(3) > 0;
  const value = expression(context, type);
  const name = context.fresh('v');
  scope.variables.push({ name, type, mutable });
  const annotation = choices.below(2) === 0 ? `: ${type === bool ? 'boolean' : type.name}` : '';
  const text = `${mutable ? 'let' : 'const'} ${name}${annotation} = ${value.text};`;
  return effect(text, (memory) => memory.numbers.set(name, value.value(memory)));
}

const operators = ['+', '-', '*', '&', '|', '^', '/', '%'] as const;

function assign(context: Context): Statement | undefined {
  const { choices } = context;
  const variable = choices.from(context.variables.filter(({ mutable }) => mutable));
  if (!variable) return undefined;
  const { name, type } = variable;
  if (computing.includes(type) && choices.below(2) === 1) {
    const operator = choices.one(...operators);
    const right = expression(context, type, 2);
    return effect(`${name} ${operator}= ${right.text};`, (memory) => {
      const before = memory.numbers.get(name) ?? 0n;
      memory.numbers.set(name, compute(operator, type, before, right.value(memory)));
    });
  }
  const right = expression(context, type);
  return effect(`${name} = ${right.text};`, (memory) => memory.numbers.set(name, right.value(memory)));
}

/** A field: `pointer.path = …`, or `+=` and its like. */
function store(context: Context): Statement | undefined {
  const { choices } = context;
  const pointer = choices.from(context.pointers);
  const field = pointer && choices.from(leavesOf(structs[pointer.to]));
  if (!pointer || !field) return undefined;
  const { type, path, offset } = field;
  const right = expression(context, type, 2);
  const compound = (computing.includes(type) || type.byteOrder === 'network') && choices.below(2) === 1;
  if (!compound) {
    return effect(`${pointer.name}${path} = ${right.text};`, (memory) => {
      const value = right.value(memory);
      write(type, at(memory, pointer, offset), value);
    });
  }
  const operator = type.byteOrder === 'network' ? choices.one('&', '|', '^') : choices.one(...operators);
  return effect(`${pointer.name}${path} ${operator}= ${right.text};`, (memory) => {
    const place = at(memory, pointer, offset);
    const before = read(type, place);
    write(type, place, compute(operator, type, before, right.value(memory)));
  });
}

function element(context: Context): Statement | undefined {
  const { choices } = context;
  const pointer = choices.from(context.pointers);
  const array = pointer && choices.from(arraysOf(structs[pointer.to]));
  if (!pointer || !array) return undefined;
  const { path, offset, length, element: type } = array;
  const fixed = BigInt(choices.below(length));
  const dynamic = (pointer.space === 'map' || pointer.space === 'stack') && choices.below(2) === 1;
  const index = dynamic ? expression(context, u32, 1) : undefined;
  const right = expression(context, type, 2);
  const place = index ? `${index.text} & ${length - 1}` : `${fixed}`;
  return effect(`${pointer.name}${path}[${place}] = ${right.text};`, (memory) => {
    const inside = index ? index.value(memory) & BigInt(length - 1) : fixed;
    const value = right.value(memory);
    write(type, at(memory, pointer, offset + Number(inside) * type.size), value);
  });
}

/** A struct on the stack: a literal, or zeros. */
function structure(context: Context, scope: Scope): Statement | undefined {
  const { choices } = context;
  if (scope.pointers.filter(({ space }) => space === 'stack').length >= 2) return undefined;
  const to: StructName = choices.one('Inner', 'Outer');
  const name = context.fresh('s');
  const { size } = structs[to];
  if (choices.below(3) === 0) {
    scope.pointers.push({ name, to, space: 'stack' });
    return effect(`const ${name} = zeroed(${to});`, (memory) =>
      memory.pointers.set(name, { bytes: new Uint8Array(size), at: 0 }),
    );
  }
  const { text, fill } = structLiteral(context, to);
  scope.pointers.push({ name, to, space: 'stack' });
  return effect(`const ${name}: Infer<typeof ${to}> = ${text};`, (memory) => {
    const bytes = new Uint8Array(size);
    fill(memory, { bytes, at: 0 });
    memory.pointers.set(name, { bytes, at: 0 });
  });
}

interface Literal {
  readonly text: string;
  readonly fill: (memory: Memory, place: Place) => void;
}

/** A literal, whose fields stand and are computed in any order. */
function structLiteral(context: Context, to: 'Inner' | 'Outer'): Literal {
  const { choices } = context;
  const fields = structs[to].fields.map(({ name, type, offset }): { text: string; fill: Literal['fill'] } => {
    const moved = ({ bytes, at: start }: Place): Place => ({ bytes, at: start + offset });
    if (type.kind === 'scalar') {
      const value = expression(context, type, 1);
      return {
        text: `${name}: ${value.text}`,
        fill: (memory, place) => write(type, moved(place), value.value(memory)),
      };
    }
    if (type.kind === 'array' && type.element.kind === 'scalar') {
      const { element } = type;
      const values = Array.from({ length: type.length }, () => expression(context, element, 1));
      return {
        text: `${name}: [${values.map(({ text }) => text).join(', ')}]`,
        fill: (memory, place) => {
          for (const [index, value] of values.entries()) {
            const { bytes, at: start } = moved(place);
            write(element, { bytes, at: start + index * element.size }, value.value(memory));
          }
        },
      };
    }
    const source = choices.from(context.pointers.filter((each) => each.to === 'Inner'));
    if (source && choices.below(2) === 0) {
      return {
        text: `${name}: ${source.name}`,
        fill: (memory, place) => copyBytes(at(memory, source, 0), moved(place)),
      };
    }
    const inner = structLiteral(context, 'Inner');
    return { text: `${name}: ${inner.text}`, fill: (memory, place) => inner.fill(memory, moved(place)) };
  });
  if (choices.below(2) === 1) fields.reverse();
  return {
    text: `{ ${fields.map(({ text }) => text).join(', ')} }`,
    fill: (memory, place) => {
      for (const { fill } of fields) fill(memory, place);
    },
  };
}

function copyBytes(from: Place, to: Place): void {
  to.bytes.set(from.bytes.slice(from.at, from.at + Inner.size), to.at);
}

/** `pointer.inner = other.inner`. */
function copy(context: Context): Statement | undefined {
  const { choices } = context;
  const to = choices.from(context.pointers.filter((each) => each.to === 'Outer'));
  const inners = context.pointers.filter((each) => each.to !== 'Head');
  const from = choices.from(inners);
  if (!to || !from) return undefined;
  const offset = structs.Outer.fields.find(({ name }) => name === 'inner')?.offset ?? 0;
  const path = from.to === 'Outer' ? '.inner' : '';
  return effect(`${to.name}.inner = ${from.name}${path};`, (memory) =>
    copyBytes(at(memory, from, from.to === 'Outer' ? offset : 0), at(memory, to, offset)),
  );
}

/** Another name for a struct: for one inside of another, or for one of two. */
function alias(context: Context, scope: Scope): Statement | undefined {
  const { choices } = context;
  const first = choices.from(context.pointers.filter((each) => each.to === 'Outer'));
  if (!first) return undefined;
  const name = context.fresh('p');
  if (choices.below(2) === 0) {
    const offset = structs.Outer.fields.find((field) => field.name === 'inner')?.offset ?? 0;
    scope.pointers.push({ name, to: 'Inner', space: first.space });
    return effect(`const ${name} = ${first.name}.inner;`, (memory) =>
      memory.pointers.set(name, at(memory, first, offset)),
    );
  }
  const alike = context.pointers.filter(({ to, space }) => to === 'Outer' && space === first.space);
  const second = first.space === 'unknown' ? first : (choices.from(alike) ?? first);
  const test = condition(context, 1, false);
  scope.pointers.push({ name, to: 'Outer', space: first.space });
  return effect(`const ${name} = ${test.text} ? ${first.name} : ${second.name};`, (memory) => {
    const chosen = test.value(memory) !== 0n ? first : second;
    memory.pointers.set(name, at(memory, chosen, 0));
  });
}

/** Puts something into a map. */
function update(context: Context): Statement | undefined {
  const { choices } = context;
  if (choices.below(2) === 0) {
    const [index, value] = [expression(context, u32, 1), expression(context, scalars.u64, 2)];
    return effect(`words.update(${index.text} % 5, ${value.text});`, (memory) => {
      const key = String(index.value(memory) % 5n);
      const given = value.value(memory);
      const bytes = memory.maps.words?.get(key);
      if (bytes) write(scalars.u64, { bytes, at: 0 }, given);
    });
  }
  // An update puts a new value in the place of the old one: pointers to that would be void.
  if (context.pointers.some(({ space }) => space === 'map' || space === 'unknown')) return undefined;
  const key = tableKey(context);
  const source = choices.from(
    context.pointers.filter(({ to, space }) => to === 'Outer' && space === 'stack'),
  );
  const literal = source ? undefined : structLiteral(context, 'Outer');
  return effect(`table.update(${key.text}, ${source?.name ?? literal?.text});`, (memory) => {
    const name = key.value(memory);
    const bytes = new Uint8Array(structs.Outer.size);
    if (source) {
      const place = at(memory, source, 0);
      bytes.set(place.bytes.slice(place.at, place.at + bytes.length));
    } else literal?.fill(memory, { bytes, at: 0 });
    memory.maps.table?.set(name, bytes);
  });
}

function atomic(context: Context): Statement | undefined {
  const operation = atomically(context, context.choices.one(...(computing as [Scalar, ...Scalar[]])));
  return operation && effect(`${operation.text};`, (memory) => void operation.value(memory));
}

function voidCall(context: Context): Statement | undefined {
  const fits = context.functions.filter(
    (each) => (context.packet !== undefined || !each.takesContext) && hasArguments(context, each),
  );
  const target = context.choices.from(fits);
  if (!target) return undefined;
  const { text, value } = call(context, target, 2);
  return effect(`${text};`, (memory) => void value(memory));
}

/** A test after which a number is known to fit a narrower type. */
function narrowed(context: Context): Statement {
  const { choices } = context;
  const [name, small] = [context.fresh('n'), context.fresh('v')];
  const [wide, narrow, limit] = choices.one(
    [u32, u8, 200n] as const,
    [u32, u16, 65_535n] as const,
    [i32, i16, 30_000n] as const,
    [i32, i8, 100n] as const,
  );
  const value = expression(context, wide, 2);
  const test = wide.signed ? `${name} < ${limit} && ${name} > -${limit}` : `${name} <= ${limit}`;
  const body = block(context, 2, { variables: [{ name: small, type: narrow, mutable: true }] });
  const text = `const ${name} = ${value.text};\nif (${test}) {\nlet ${small}: ${narrow.name} = ${name};\n${body.text}\n}`;
  const run = (memory: Memory): Ending => {
    const number = value.value(memory);
    const fits = wide.signed ? number < limit && number > -limit : number <= limit;
    if (!fits) return nothing;
    memory.numbers.set(small, number);
    return body.run(memory);
  };
  return { text, run };
}

/** Leaves a loop, its turn or the function, where a condition holds. */
function leave(context: Context): Statement | undefined {
  const { choices, result } = context;
  const test = condition(context, 2, false);
  const how = context.loops > 0 ? choices.one('break', 'continue', 'return') : 'return';
  if (how !== 'return') {
    return {
      text: `if (${test.text}) ${how};`,
      run: (memory) => (test.value(memory) !== 0n ? (how === 'break' ? 'break' : 'continue') : nothing),
    };
  }
  const value = result && expression(context, result, 2);
  return {
    text: `if (${test.text}) return${value ? ` ${value.text}` : ''};`,
    run: (memory) => (test.value(memory) !== 0n ? { returned: value?.value(memory) ?? 0n } : nothing),
  };
}

const inside = (context: Context): Context => ({ ...context, depth: context.depth - 1 });

function conditional(context: Context): Statement {
  const test = condition(context, 3, false);
  const then = block(inside(context), 1 + context.choices.below(3));
  const otherwise = context.choices.below(2) === 0 ? undefined : block(inside(context), 2);
  const text = `if (${test.text}) {\n${then.text}\n}${otherwise ? ` else {\n${otherwise.text}\n}` : ''}`;
  return { text, run: (memory) => (test.value(memory) !== 0n ? then.run(memory) : otherwise?.run(memory)) };
}

/** Looks an entry up in a map; the pointer can be used where it is there. */
function lookup(context: Context, scope: Scope): Statement {
  const { choices } = context;
  const name = context.fresh('m');
  const index = choices.below(2) === 0 ? expression(context, u32, 1) : undefined;
  const key = index ? undefined : tableKey(context);
  const text = index ? `rows.lookup(${index.text} % 5)` : `table.lookup(${key?.text})`;
  const find = (memory: Memory): Place | undefined => {
    const map = index ? memory.maps.rows : memory.maps.table;
    const bytes = map?.get(index ? String(index.value(memory) % 5n) : (key?.value(memory) ?? ''));
    return bytes && { bytes, at: 0 };
  };
  return tested(context, scope, { name, to: 'Outer', space: 'map' }, text, find);
}

/** Looks at a header in the packet. */
function packet(context: Context, scope: Scope): Statement | undefined {
  const name = context.fresh('h');
  if (context.packet === undefined) return undefined;
  const offset = offsetOf(context);
  const find = (memory: Memory): Place | undefined => {
    const start = Number(offset.value(memory));
    return start + structs.Head.size <= memory.packet.length
      ? { bytes: memory.packet, at: start }
      : undefined;
  };
  const text = `${context.packet}.at(Head, ${offset.text})`;
  return tested(context, scope, { name, to: 'Head', space: 'packet' }, text, find);
}

/** A pointer that may be null: used inside of an `if`, or after the function has returned for its sake. */
function tested(
  context: Context,
  scope: Scope,
  pointer: Pointer,
  source: string,
  find: (memory: Memory) => Place | undefined,
): Statement {
  const { choices, result } = context;
  const { name } = pointer;
  const declaration = `const ${name} = ${source};`;
  if (choices.below(2) === 0) {
    const value = result && expression(context, result, 1);
    scope.pointers.push(pointer);
    return {
      text: `${declaration}\nif (!${name}) return${value ? ` ${value.text}` : ''};`,
      run: (memory) => {
        const place = find(memory);
        memory.pointers.set(name, place);
        return place ? nothing : { returned: value?.value(memory) ?? 0n };
      },
    };
  }
  const body = block(inside(context), 1 + choices.below(3), { pointers: [pointer] });
  const test = choices.one(name, `${name} !== null`);
  return {
    text: `${declaration}\nif (${test}) {\n${body.text}\n}`,
    run: (memory) => {
      const place = find(memory);
      memory.pointers.set(name, place);
      return place ? body.run(memory) : nothing;
    },
  };
}

const MOST_LOOPS = 2;

function loop(context: Context): Statement | undefined {
  const { choices } = context;
  if (context.loops >= MOST_LOOPS) return undefined;
  const name = context.fresh('k');
  const turns = BigInt(1 + choices.below(5));
  const counter = { name, type: u32, mutable: false };
  const kind = choices.one('for', 'while', 'do');
  const body = block({ ...inside(context), loops: context.loops + 1 }, 3, { variables: [counter] });
  const texts = {
    for: `for (let ${name} = 0; ${name} < ${turns}; ${name}++) {\n${body.text}\n}`,
    while: `let ${name}: u32 = 0;\nwhile (${name} < ${turns}) {\n${name}++;\n${body.text}\n}`,
    do: `let ${name}: u32 = 0;\ndo {\n${name} += 1;\n${body.text}\n} while (${name} < ${turns});`,
  };
  const start = kind === 'for' ? 0n : 1n;
  const run = (memory: Memory): Ending => {
    for (let turn = 0n; turn < turns; turn++) {
      memory.numbers.set(name, turn + start);
      const ending = body.run(memory);
      if (ending === 'break') return nothing;
      if (ending !== undefined && ending !== 'continue') return ending;
    }
    return nothing;
  };
  return { text: texts[kind], run };
}

/** A switch, in which every case ends with a break; some share their statements. */
function choice(context: Context): Statement {
  const { choices } = context;
  const type = choices.one<Scalar>(u32, u8, i32, i64, scalars.be16);
  const subject = expression(context, type, 2);
  const used = new Set<bigint>();
  // Inside of a switch, break would leave it; continue still means the loop.
  const within = { ...inside(context), loops: 0 };
  const clauses = Array.from({ length: 1 + choices.below(3) }, () => {
    const values = Array.from({ length: 1 + choices.below(2) }, () => constant(context, type));
    const fresh = values.filter((value) => !used.has(value) && used.add(value));
    return { fresh, body: block(within, 2) };
  }).filter(({ fresh }) => fresh.length > 0);
  const fallback = choices.below(2) === 0 ? undefined : block(within, 2);
  const text = [
    `switch (${subject.text}) {`,
    ...clauses.map(({ fresh, body }) => {
      const labels = fresh.map((value) => `case ${literalText(type, value)}:`).join('\n');
      return `${labels}\n{\n${body.text}\n}\nbreak;`;
    }),
    ...(fallback ? [`default:\n{\n${fallback.text}\n}`] : []),
    '}',
  ].join('\n');
  const run = (memory: Memory): Ending => {
    const value = subject.value(memory);
    const clause = clauses.find(({ fresh }) => fresh.includes(value));
    return (clause?.body ?? fallback)?.run(memory);
  };
  return { text, run };
}
