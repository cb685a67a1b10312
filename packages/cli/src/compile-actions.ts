/** What `waggle compile` does: compiles a `.bpf.ts` file, and shows or writes what becomes of its programs. */
import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { isProgramDeclaration, type MapSpec, type ProgramDeclaration, WaggleError } from '@waggle/bpf';
import {
  type Code,
  disassemble,
  finishProgram,
  generate,
  type IrProgram,
  printIr,
  SLOT,
  usedMaps,
  writeElf,
} from '@waggle/compiler';
import type { CompiledModule } from '@waggle/compiler/modules';
import type { Command } from 'commander';
import type { CompileOptions, Form } from './compile.ts';
import { checkConfigs, leftOut } from './compile-checks.ts';
import { type Context, ExitCode } from './context.ts';
import { renderDiagnostics } from './diagnostic-text.ts';
import { styleFor } from './output.ts';

/** Compiles one file. */
export async function compile(
  file: string,
  options: CompileOptions,
  command: Command,
  context: Context,
): Promise<void> {
  const form = options.emit ?? formOf(options.output);
  if (form === 'js') return build(file, options, command, context);
  const compiled = await compileFile(file);
  if (reportFaults(compiled, context)) return;
  const names = chosen(file, compiled, options.program);
  checkConfigs(compiled, names, options.config);
  const programs = names.map((name) => finished(compiled, name, options));
  const text = emitted(form, programs);
  const output = options.output ?? (form === 'elf' ? basename(file).replace(/\.ts$/, '.o') : undefined);
  if (output === undefined) {
    context.stdout.write(String(text));
    return;
  }
  write(output, text);
  const sizes = programs.map(({ name, code }) => `${name} (${code.bytes.length / SLOT} instructions)`);
  context.stdout.write(`${output}: ${sizes.join(', ')}\n`);
}

function formOf(output: string | undefined): Form {
  const forms: Readonly<Record<string, Form>> = { '.o': 'elf', '.js': 'js', '.ir': 'ir' };
  return forms[extname(output ?? '')] ?? 'asm';
}

function write(output: string, content: string | Uint8Array): void {
  try {
    writeFileSync(output, content);
  } catch (cause) {
    throw unwritable(output, cause);
  }
}

/** The error of the file system in the terms of the user; what is none of its errors stays what it is. */
function unwritable(output: string, cause: unknown): unknown {
  if (!(cause instanceof Error && 'syscall' in cause && 'code' in cause)) return cause;
  return new WaggleError('SYSTEM', `${output} cannot be written: ${cause.message}`, { cause });
}

async function build(
  file: string,
  { output, program, config, cpu, passes: wanted, without }: CompileOptions,
  command: Command,
  context: Context,
): Promise<void> {
  if (program || config || cpu || wanted || without) {
    command.error('waggle: --program, --config, --cpu, --passes and --without do not go with --emit js', {
      exitCode: ExitCode.usage,
    });
  }
  const name = basename(file).replace(/\.ts$/, '.js');
  if (output !== undefined && basename(output) !== name) {
    command.error(`waggle: the module is called ${name} when it is built`, { exitCode: ExitCode.usage });
  }
  const outDir = output === undefined ? '.' : dirname(output);
  const { buildModule } = await compilerModules();
  checkFile(file);
  const result = await running(file, async () => {
    try {
      return await buildModule(file, { outDir });
    } catch (cause) {
      throw unwritable(join(outDir, name), cause);
    }
  });
  if (reportFaults(result, context)) return;
  context.stdout.write(`${join(outDir, name)}\n`);
}

/** The part of the compiler that needs TypeScript; the other commands do without. */
async function compilerModules() {
  try {
    return await import('@waggle/compiler/modules');
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause;
    throw new WaggleError('NOT_FOUND', 'compiling needs the package typescript, which is not installed', {
      hint: 'Run npm install --save-dev typescript@6',
      cause,
    });
  }
}

async function compileFile(file: string): Promise<CompiledModule> {
  const { compileModule } = await compilerModules();
  checkFile(file);
  return running(file, () => compileModule(file));
}

function checkFile(file: string): void {
  if (!existsSync(file)) throw new WaggleError('NOT_FOUND', `there is no file ${file}`);
  if (statSync(file).isFile()) return;
  throw new WaggleError('WRONG_TYPE', `${file} is no file`, { hint: 'Name the module: x.bpf.ts' });
}

/** Says of what a module throws while it runs that it was the module's fault, and where. */
async function running<T>(file: string, body: () => Promise<T>): Promise<T> {
  process.setSourceMapsEnabled(true);
  try {
    return await body();
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const line = lineIn(file, cause.stack ?? '');
    if (line === undefined && cause instanceof WaggleError) throw cause;
    const place = line === undefined ? file : `${file}:${line}`;
    throw new WaggleError('INVALID', `${place} does not run: ${cause.message}`, { cause });
  }
}

/** The first line of a file that a stack trace names. */
function lineIn(file: string, stack: string): number | undefined {
  const path = existsSync(file) ? realpathSync(file) : file;
  const after = stack.split(path)[1];
  const [, line] = /^(?:\?\w+=\d+)?:(\d+)/.exec(after ?? '') ?? [];
  return line === undefined ? undefined : Number(line);
}

/** Prints diagnostics; true when there are any. */
function reportFaults({ diagnostics }: Pick<CompiledModule, 'diagnostics'>, context: Context): boolean {
  if (diagnostics.length === 0) return false;
  const text = renderDiagnostics(diagnostics, styleFor(context.stderr), {
    directory: process.cwd(),
    textOf: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
  });
  context.stderr.write(text);
  context.exitCode = ExitCode.failure;
  return true;
}

function chosen(file: string, { programs }: CompiledModule, wanted: readonly string[] | undefined): string[] {
  const names = [...programs.keys()];
  if (names.length === 0) {
    throw new WaggleError('NOT_FOUND', `${file} declares no program`, {
      hint: 'A program is a constant at the top level: export const count = xdp((context) => { … })',
    });
  }
  const missing = wanted?.find((name) => !programs.has(name));
  if (missing === undefined) return wanted ? [...wanted] : names;
  throw new WaggleError('NOT_FOUND', `${file} declares no program "${missing}"`, {
    hint: `There ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`,
  });
}

interface FinishedProgram {
  readonly name: string;
  readonly declaration: ProgramDeclaration;
  readonly ir: IrProgram;
  readonly code: Code;
  /** Those that the code uses. */
  readonly maps: ReadonlyMap<string, MapSpec>;
}

function finished(
  { module, programs }: CompiledModule,
  name: string,
  options: CompileOptions,
): FinishedProgram {
  const lowered = programs.get(name);
  const declaration = module?.scope()[name];
  if (!lowered || !isProgramDeclaration(declaration)) {
    throw new WaggleError('INVALID', `"${name}" is no program any more: its module has changed it`);
  }
  const ir = finishProgram(name, lowered.ir, Object.fromEntries(lowered.configs), {
    config: options.config ?? {},
    without: leftOut(options),
  });
  const used = usedMaps(ir);
  return {
    name,
    declaration,
    ir,
    code: generate(ir, options.cpu === undefined ? {} : { cpu: options.cpu === '4' ? 4 : 3 }),
    maps: new Map([...lowered.maps].filter(([map]) => used.has(map))),
  };
}

function emitted(form: Exclude<Form, 'js'>, programs: readonly FinishedProgram[]): string | Uint8Array {
  if (form === 'elf') return objectOf(programs);
  const texts = programs.map(({ name, declaration: { type }, code, ir, maps }) => {
    const used = maps.size === 0 ? '' : `, maps ${[...maps.keys()].join(', ')}`;
    const heading = `; ${name} (${type}): ${code.bytes.length / SLOT} instructions${used}\n`;
    return `${heading}${form === 'ir' ? printIr(ir) : disassemble(code)}`;
  });
  return texts.join('\n');
}

function objectOf(programs: readonly FinishedProgram[]): Uint8Array {
  return writeElf({
    programs: programs.map(({ name, declaration: { type, license, target }, code }) => ({
      name,
      type,
      code,
      ...(license === undefined ? {} : { license }),
      ...(target === undefined ? {} : { target }),
    })),
    maps: Object.fromEntries(programs.flatMap(({ maps }) => [...maps])),
  });
}
