/**
 * A compiled program as JSON, the form in which `x.bpf.js` carries it. It is the IR as it is, but for two things: a
 * constant that JavaScript's numbers cannot hold is a string, and places in the source, which repeat, stand in a list of
 * their own. What is read back is checked, because a built file may be older than the compiler that reads it.
 */
import { describe, type ProgramType, programTypes, WaggleError } from '@waggle/bpf';
import type { Block, IrFunction, IrInstruction, IrProgram, Origin, Terminator } from '../ir/ir.ts';
import { validateIr } from '../ir/validate.ts';

/** Raised whenever older compilers could not read what newer ones write, or the other way round. */
export const PROGRAM_FORMAT = 2;

/** JSON of a program. */
export interface ProgramJson {
  readonly version: number;
  /** The name under which the module declares the program. */
  readonly name: string;
  readonly type: ProgramType;
  readonly origins: readonly Origin[];
  readonly functions: readonly unknown[];
}

/** What JSON is made of an instruction or a terminator: its origin is an index. */
type Stripped<T> = Omit<T, 'origin' | 'value'> & { readonly origin?: number; readonly value?: unknown };

/** Turns a program into JSON. */
export function programToJson(name: string, program: IrProgram): ProgramJson {
  const origins = new Map<string, { readonly index: number; readonly origin: Origin }>();
  const strip = <T extends IrInstruction | Terminator>({ origin, ...rest }: T) => {
    const value = 'value' in rest && typeof rest.value === 'bigint' ? { value: constant(rest.value) } : {};
    if (!origin) return { ...rest, ...value };
    const key = JSON.stringify(origin);
    const known = origins.get(key) ?? { index: origins.size, origin };
    origins.set(key, known);
    return { ...rest, ...value, origin: known.index };
  };
  const functions = program.functions.map((fn) => ({
    ...fn,
    blocks: fn.blocks.map((block) => ({
      ...block,
      instructions: block.instructions.map(strip),
      terminator: strip(block.terminator),
    })),
  }));
  return {
    version: PROGRAM_FORMAT,
    name,
    type: program.type,
    origins: [...origins.values()].map(({ origin }) => origin),
    functions,
  };
}

const constant = (value: bigint): number | string =>
  BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : String(value);

/**
 * Reads a program.
 * @param written JSON, as text or parsed.
 * @throws WaggleError MALFORMED for what is no program, NOT_SUPPORTED for the format of another version,
 *   BAD_DECLARATION for a program that does not add up.
 */
export function programFromJson(written: unknown): { readonly name: string; readonly program: IrProgram } {
  const json = typeof written === 'string' ? parsed(written) : written;
  const { version, name, type, origins, functions } = record(json, 'it');
  if (version !== PROGRAM_FORMAT) {
    throw new WaggleError(
      'NOT_SUPPORTED',
      `a compiled program has format ${describe(version)}, but this version of @waggle/compiler reads ${PROGRAM_FORMAT}`,
      { hint: 'Build its module again, with "waggle compile --emit js"' },
    );
  }
  if (typeof name !== 'string') throw malformed(`its name is ${describe(name)}`);
  if (typeof type !== 'string' || !isProgramType(type)) throw malformed(`its type is ${describe(type)}`);
  const places = list(origins, 'its origins').map(readOrigin);
  const program = { type, functions: list(functions, 'its functions').map((fn) => readFunction(fn, places)) };
  validateIr(program);
  return { name, program };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('it is not JSON');
  }
}

const isProgramType = (type: string): type is ProgramType => Object.hasOwn(programTypes, type);

function readOrigin(json: unknown): Origin {
  const { file, source, line, column } = record(json, 'an origin');
  if (typeof file === 'string' && typeof source === 'string' && isCount(line) && isCount(column)) {
    return { file, source, line, column };
  }
  throw malformed('an origin has no file, source, line and column');
}

function readFunction(json: unknown, origins: readonly Origin[]): IrFunction {
  const fn = record(json, 'a function') as Partial<IrFunction>;
  if (typeof fn.name !== 'string' || typeof fn.result !== 'string' || typeof fn.linkage !== 'string') {
    throw malformed('a function has no name, result and linkage');
  }
  const { name, result, linkage } = fn;
  const blocks = list(fn.blocks, `the blocks of ${name}`).map((block) => readBlock(block, origins));
  return { name, result, linkage, blocks };
}

function readBlock(json: unknown, origins: readonly Origin[]): Block {
  const block = record(json, 'a block') as Partial<Block>;
  if (!isCount(block.id)) throw malformed(`a block has the id ${describe(block.id)}`);
  const what = `of block ${block.id}`;
  return {
    id: block.id,
    params: list(block.params, `the parameters ${what}`) as Block['params'],
    instructions: list(block.instructions, `the instructions ${what}`).map((instruction) => {
      const read = restore<IrInstruction>(instruction, origins);
      if (!isCount(read.id) || typeof read.type !== 'string' || !Array.isArray(read.args)) {
        throw malformed(`an instruction ${what} has no id, type and arguments`);
      }
      return read;
    }),
    terminator: restore<Terminator>(block.terminator, origins),
  };
}

/** Puts origin and constant back; what the rest is worth is for the validation of the IR. */
function restore<T extends IrInstruction | Terminator>(json: unknown, origins: readonly Origin[]): T {
  const stripped = record(json, 'an instruction') as Partial<Stripped<T>>;
  const { origin: index, ...rest } = stripped;
  if (typeof stripped.op !== 'string') throw malformed('an instruction has no operation');
  const origin = index === undefined ? undefined : origins[index];
  if (index !== undefined && origin === undefined) throw malformed(`there is no origin ${describe(index)}`);
  const restored: unknown = {
    ...rest,
    ...(stripped.op === 'const' ? { value: readConstant(stripped.value) } : {}),
    ...(origin === undefined ? {} : { origin }),
  };
  return restored as T;
}

function readConstant(value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  throw malformed(`${describe(value)} is no constant`);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function record(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null) throw malformed(`${what} is ${describe(json)}`);
  return { ...json };
}

function list(json: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(json)) throw malformed(`${what} are ${describe(json)}`);
  return json;
}

function malformed(what: string): WaggleError {
  return new WaggleError('MALFORMED', `this is no compiled program: ${what}`, {
    hint: 'Build its module again, with "waggle compile --emit js"',
  });
}
