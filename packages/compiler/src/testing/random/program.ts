/**
 * Random programs of the language, as source text and as functions that do what the text means. Both are made at the same
 * time from the same decisions, so that they can be compared: the text goes through the compiler, the functions are the
 * reference.
 */
import type { Scalar } from '@waggle/bpf';
import { Choices } from './choices.ts';
import type { Callable, Context, Pointer, Variable } from './context.ts';
import { rows, type Settings, type StructName, scalars, structs, words } from './declarations.ts';
import { expression } from './expressions.ts';
import { block } from './statements.ts';
import type { Memory, Place } from './values.ts';

/** A program, and what it means. */
export interface RandomProgram {
  /** The text of a module that declares `program`; structs and maps are those of declarations.ts. */
  readonly text: string;
  /** Runs the program on a memory, which changes; its verdict. */
  readonly run: (memory: Memory) => number;
}

/** Makes a program out of a list of numbers. */
export function randomProgram(numbers: readonly number[]): RandomProgram {
  const choices = new Choices(numbers);
  let names = 0;
  const fresh = (prefix: string): string => `${prefix}${names++}`;
  const functions: Callable[] = [];
  const texts: string[] = [];
  const common = { choices, functions, fresh, loops: 0, depth: 3 };
  for (let count = choices.below(4); count > 0; count--) {
    const { text, callable } = randomFunction({ ...common, functions: [...functions], depth: 2 });
    texts.push(text);
    functions.push(callable);
  }
  const context: Context = { ...common, variables: [], pointers: [], packet: 'ctx', result: scalars.u32 };
  const body = block(context, 12);
  const last = expression(context, scalars.u32, 2);
  texts.push(`export const program = xdp((ctx) => {\n${body.text}\nreturn ${last.text};\n});`);
  const run = (memory: Memory): number => {
    const ending = body.run(memory);
    return Number(typeof ending === 'object' ? ending.returned : last.value(memory));
  };
  return { text: texts.join('\n'), run };
}

function randomFunction(base: Omit<Context, 'variables' | 'pointers' | 'packet' | 'result'>): {
  text: string;
  callable: Callable;
} {
  const { choices, fresh } = base;
  const name = fresh('f');
  const all = Object.values(scalars) as [Scalar, ...Scalar[]];
  const variables: Variable[] = [];
  const pointers: Pointer[] = [];
  const parameters: Callable['parameters'][number][] = [];
  const takesContext = choices.below(4) === 3;
  const annotations = takesContext ? ['context: XdpContext'] : [];
  for (let count = choices.below(takesContext ? 3 : 4); count > 0; count--) {
    const parameter = fresh('a');
    if (choices.below(3) === 2) {
      const struct: StructName = choices.one('Outer', 'Inner', 'Head');
      parameters.push({ name: parameter, struct });
      pointers.push({ name: parameter, to: struct, space: 'unknown' });
      annotations.push(`${parameter}: Infer<typeof ${struct}>`);
    } else {
      const scalar = choices.one(...all);
      parameters.push({ name: parameter, scalar });
      variables.push({ name: parameter, type: scalar, mutable: true });
      annotations.push(`${parameter}: ${annotationOf(scalar)}`);
    }
  }
  const result = choices.seldom(4) ? undefined : choices.one(...all);
  const context: Context = {
    ...base,
    variables,
    pointers,
    packet: takesContext ? 'context' : undefined,
    result,
  };
  const body = block(context, 4);
  const last = result && expression(context, result, 2);
  const ending = last ? `return ${last.text};` : '';
  const returned = result ? annotationOf(result) : 'void';
  const text = `function ${name}(${annotations.join(', ')}): ${returned} {\n${body.text}\n${ending}\n}`;
  const run = (memory: Memory): bigint => {
    const end = body.run(memory);
    return typeof end === 'object' ? end.returned : (last?.value(memory) ?? 0n);
  };
  return { text, callable: { name, parameters, result, takesContext, run } };
}

const annotationOf = (type: Scalar): string => (type === scalars.bool ? 'boolean' : type.name);

/** The memory that a program starts with: maps of zeros, and nothing in the table. */
export function freshMemory(packet: Uint8Array, config: Settings): Memory {
  const zeros = (count: number, size: number): Map<string, Uint8Array> =>
    new Map(Array.from({ length: count }, (_, index) => [String(index), new Uint8Array(size)]));
  return {
    numbers: new Map(),
    pointers: new Map<string, Place | undefined>(),
    packet: packet.slice(),
    config: { ...config },
    maps: {
      table: new Map(),
      rows: zeros(rows.maxEntries, structs.Outer.size),
      words: zeros(words.maxEntries, 8),
    },
  };
}
