/**
 * The examples of docs/language.md do what the page says: those without an error compile, also for `tsc`, and those with an
 * error are refused with that number and no other. Every number of the compiler has its example. What compiles also loads.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import * as bpf from '@waggle/bpf';
import { finishProgram, generate, passes, validateIr } from '@waggle/compiler';
import { createMap, kernelBtf, loadProgram } from '@waggle/kernel';
import ts from 'typescript';
import {
  diagnostics,
  formatDiagnostic,
  lowerProgram,
  type ModuleSource,
  programNames,
} from '../packages/compiler/src/frontend/index.ts';
import { withKernelFunctions } from '../packages/kernel/src/program/kernel-functions.ts';
import { typeCheck } from './support/type-check.ts';

const root = new URL('..', import.meta.url).pathname;
const page = 'docs/language.md';

interface Example {
  /** The line of the page on which the code begins. */
  readonly line: number;
  readonly code: string;
  /** `declarations`, `W203`, or nothing for what compiles. */
  readonly expected: string;
}

function examples(): Example[] {
  const text = readFileSync(root + page, 'utf8');
  return [...text.matchAll(/^```ts bpf(.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length + 1,
    code: match[2] ?? '',
    expected: (match[1] ?? '').replace('error', '').trim(),
  }));
}

const all = examples();
const shared = all.find(({ expected }) => expected === 'declarations')?.code ?? '';
const names = Object.keys(bpf);

const isModule = ({ code }: Example): boolean => /\b(xdp|btfTracepoint|kprobe)\(/.test(code);

/** The whole module of an example; what is not a module is the body of a program. */
function moduleText(example: Example): string {
  const { code } = example;
  if (isModule(example)) return `${shared}${code}`;
  return `${shared}export const program = xdp((ctx) => {
  const ip = ctx.at(Ipv4, 14);
  if (!ip) return Xdp.Pass;
${code}  return Xdp.Pass;
});`;
}

/** The values that a module has at its top level after it ran. */
function scopeOf(text: string): Readonly<Record<string, unknown>> {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(text.replace(/^export /gm, ''), { compilerOptions });
  const declared = [...text.matchAll(/^(?:export )?(?:const|let) (\w+)/gm)].map((match) => match[1]);
  const sandbox = { ...bpf, Math };
  return { ...sandbox, ...runInNewContext(`${outputText}\n;({ ${declared.join(', ')} })`, sandbox) };
}

function moduleOf(example: Example): ModuleSource {
  const text = moduleText(example);
  // The bodies of programs never run.
  const scope = scopeOf(isModule(example) ? text : moduleText({ ...example, code: '' }));
  return { path: `${page}:${example.line}`, text, scope: () => scope, resolve: () => undefined };
}

/** What the example declares. */
function declarationOf(example: Example): bpf.ProgramDeclaration {
  const { program } = moduleOf(example).scope();
  assert.ok(bpf.isProgramDeclaration(program));
  return program;
}

const compiling = all.filter(({ expected }) => expected === '');
const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to load programs';

for (const example of all) {
  if (example.expected === 'declarations') continue;
  test(`${page}:${example.line} ${example.expected || 'compiles'}`, () => {
    const module = moduleOf(example);
    assert.deepEqual(programNames(module), ['program']);
    const { program, diagnostics: found } = lowerProgram(module, 'program');
    const wanted = example.expected === '' ? [] : [example.expected];
    assert.deepEqual(
      [...new Set(found.map(({ code }) => code))],
      wanted,
      found.map(formatDiagnostic).join('\n'),
    );
    if (program) validateIr(program.ir);
  });
}

test('the verifier takes what compiles, with and without passes', { skip: needsRoot }, () => {
  const config = { settings: { udp: true, limit: 100 } };
  const all = passes.map(({ name }) => name);
  for (const example of compiling) {
    const { program } = lowerProgram(moduleOf(example), 'program');
    assert.ok(program);
    const { type, target, license = 'GPL' } = declarationOf(example);
    const configs = Object.fromEntries(program.configs);
    const maps = Object.fromEntries([...program.maps].map(([name, spec]) => [name, createMap(spec)]));
    try {
      for (const without of [[], all]) {
        // Only passes find out that code behind fieldExists() is not reached.
        if (without === all && example.code.includes('fieldExists(')) continue;
        const ir = finishProgram('example', program.ir, configs, { config, without, kernel: kernelBtf });
        const code = withKernelFunctions('example', generate(ir));
        const spec = { type, name: 'example', code, license, ...(target ? { target } : {}) };
        loadProgram(spec, { maps }).close();
      }
    } catch (cause) {
      throw new Error(`${page}:${example.line}`, { cause });
    } finally {
      for (const map of Object.values(maps)) map.close();
    }
  }
});

test('every diagnostic has an example', () => {
  const shown = new Set(all.map(({ expected }) => expected));
  assert.deepEqual(
    Object.keys(diagnostics).filter((code) => !shown.has(code)),
    [],
  );
});

test('what compiles passes tsc too', () => {
  const types = 'type Infer, type KernelStruct, type Ref, type Type, type WithMethods, type XdpContext';
  const modules = compiling.map((example): [string, string] => [
    `docs/example-${example.line}.ts`,
    `import { ${names.join(', ')}, ${types} } from '@waggle/bpf';${moduleText(example)}`,
  ]);
  assert.deepEqual(
    typeCheck(new Map(modules)).map(({ path, source, message }) => `${path}: ${source}: ${message}`),
    [],
  );
});
