/**
 * The C compiler as a witness of layouts: sizes, alignments and offsets of structs as it sees them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Struct } from '../struct.ts';
import type { Type } from '../types.ts';

/** What can be said about the layout of a struct in numbers. */
export interface Layout {
  readonly size: number;
  readonly alignment: number;
  readonly offsets: readonly number[];
}

interface CStruct {
  readonly name: string;
  readonly members: readonly string[];
}

const compiler = ['clang', 'gcc', 'cc'].find((name) => spawnSync(name, ['--version']).status === 0);

/** Why tests with a C compiler cannot run, or false. */
export const noCompiler: string | false = compiler === undefined ? 'there is no C compiler' : false;

/** The layouts of structs that `declarations` declares. Throws what the compiler says. */
function layoutsInC(declarations: string, structs: readonly CStruct[]): Layout[] {
  const prints = structs.map(({ name, members }) => {
    const offsets = members.map((member) => `printf(" %zu", offsetof(struct ${name}, ${member}));`).join(' ');
    return `printf("%zu %zu", sizeof(struct ${name}), _Alignof(struct ${name})); ${offsets} printf("\\n");`;
  });
  const source = [
    '#include <stddef.h>',
    '#include <stdint.h>',
    '#include <stdio.h>',
    declarations,
    `int main(void) { ${prints.join('\n')} return 0; }`,
  ].join('\n');
  return run(source)
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [size = 0, alignment = 0, ...offsets] = line.split(' ').map(Number);
      return { size, alignment, offsets };
    });
}

/** The same numbers of a declared struct. */
export function layoutOf(type: Struct): Layout {
  return { size: type.size, alignment: type.alignment, offsets: type.fields.map((field) => field.offset) };
}

/** The layouts of declared structs, written in C under names of our own. */
export function layoutsAsC(types: readonly Struct[]): Layout[] {
  const lines: string[] = [];
  const names = new Map<Struct, string>();
  const structs = types.map((type) => {
    const name = declare(type, lines, names);
    return { name, members: type.fields.map((_, index) => `m${index}`) };
  });
  return layoutsInC(lines.join('\n'), structs);
}

function declare(type: Struct, lines: string[], names: Map<Struct, string>): string {
  const known = names.get(type);
  if (known !== undefined) return known;
  const members = type.fields.map((field, index) => member(field.type, `m${index}`, lines, names));
  const name = `s${names.size}`;
  names.set(type, name);
  lines.push(`struct ${name} { ${members.join(' ')} }${type.packed ? ' __attribute__((packed))' : ''};`);
  return name;
}

function member(type: Type, declarator: string, lines: string[], names: Map<Struct, string>): string {
  switch (type.kind) {
    case 'scalar': {
      const integer = `${type.signed ? 'int' : 'uint'}${type.bits}_t`;
      return `${type.name === 'bool' ? '_Bool' : integer} ${declarator};`;
    }
    case 'struct':
      return `struct ${declare(type, lines, names)} ${declarator};`;
    case 'array':
      return member(type.element, `${declarator}[${type.length}]`, lines, names);
    case 'bytes':
      return `uint8_t ${declarator}[${type.length}];`;
    case 'chars':
      return `char ${declarator}[${type.length}];`;
  }
}

function run(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-layout-'));
  try {
    const file = join(folder, 'layout.c');
    const program = join(folder, 'layout');
    writeFileSync(file, source);
    const compiled = spawnSync(compiler ?? 'cc', ['-O0', '-o', program, file], { encoding: 'utf8' });
    if (compiled.status !== 0) throw new Error(`the C compiler refuses:\n${compiled.stderr}`);
    return spawnSync(program, { encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
