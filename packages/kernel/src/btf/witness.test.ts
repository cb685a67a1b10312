/**
 * The BTF of the running kernel seen by others: bpftool decodes and prints the same types, and a C compiler lays out the
 * C that bpftool printed. Each has its own idea of the format, so that a mistake of ours shows.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Btf, BtfType } from '@waggle/compiler';
import { printType } from '@waggle/compiler';
import { KERNEL_BTF_PATH, kernelBtf } from './vmlinux.ts';

const noBtf = existsSync(KERNEL_BTF_PATH) ? undefined : `${KERNEL_BTF_PATH} is not there`;
const noWitness =
  noBtf ?? (spawnSync('bpftool', ['version']).status === 0 ? undefined : 'bpftool is not installed');
const noCompiler =
  noWitness ?? (spawnSync('clang', ['--version']).status === 0 ? undefined : 'clang is not installed');
const whenWitness = noWitness === undefined ? {} : { skip: noWitness };
const whenCompiler = noCompiler === undefined ? {} : { skip: noCompiler };

const dumps = new Map<string, string>();

/** What bpftool prints of the kernel's BTF; by way of a file, because megabytes through a pipe take seconds. */
function bpftool(format: 'raw' | 'c'): string {
  const known = dumps.get(format);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'waggle-btf-'));
  try {
    const file = join(folder, format);
    const output = openSync(file, 'w');
    const { status, stderr } = spawnSync(
      'bpftool',
      ['btf', 'dump', 'file', KERNEL_BTF_PATH, 'format', format],
      { stdio: ['ignore', output, 'pipe'], encoding: 'utf8' },
    );
    closeSync(output);
    assert.equal(status, 0, stderr);
    const dump = readFileSync(file, 'utf8');
    dumps.set(format, dump);
    return dump;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const RAW_KINDS: Record<BtfType['kind'], string> = {
  void: '',
  int: 'INT',
  float: 'FLOAT',
  pointer: 'PTR',
  typedef: 'TYPEDEF',
  volatile: 'VOLATILE',
  const: 'CONST',
  restrict: 'RESTRICT',
  typeTag: 'TYPE_TAG',
  array: 'ARRAY',
  struct: 'STRUCT',
  union: 'UNION',
  enum: 'ENUM',
  enum64: 'ENUM64',
  forward: 'FWD',
  function: 'FUNC',
  functionPrototype: 'FUNC_PROTO',
  variable: 'VAR',
  dataSection: 'DATASEC',
  declarationTag: 'DECL_TAG',
};

const INT_ENCODINGS = { unsigned: '(none)', signed: 'SIGNED', char: 'CHAR', bool: 'BOOL' };

/** A type as `bpftool btf dump` writes it. */
function rawText(btf: Btf, type: BtfType): string {
  const quoted = (name: string) => `'${name || '(anon)'}'`;
  const head = `[${type.id}] ${RAW_KINDS[type.kind]} ${quoted(type.name)}`;
  const listed = (first: string, entries: readonly string[]) =>
    [`${head} ${first} vlen=${entries.length}`, ...entries.map((entry) => `\t${entry}`)].join('\n');
  switch (type.kind) {
    case 'void':
      return head;
    case 'int': {
      const { size, bitOffset, bits, encoding } = type;
      return `${head} size=${size} bits_offset=${bitOffset} nr_bits=${bits} encoding=${INT_ENCODINGS[encoding]}`;
    }
    case 'float':
      return `${head} size=${type.size}`;
    case 'pointer':
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'typeTag':
      return `${head} type_id=${type.typeId}`;
    case 'array':
      return `${head} type_id=${type.elementTypeId} index_type_id=${type.indexTypeId} nr_elems=${type.length}`;
    case 'struct':
    case 'union':
      return listed(
        `size=${type.size}`,
        type.members.map(({ name, typeId, bitOffset, bitfieldBits }) => {
          const bits = bitfieldBits === 0 ? '' : ` bitfield_size=${bitfieldBits}`;
          return `${quoted(name)} type_id=${typeId} bits_offset=${bitOffset}${bits}`;
        }),
      );
    case 'enum':
    case 'enum64': {
      const suffix = type.kind === 'enum' ? '' : type.signed ? 'LL' : 'ULL';
      return listed(
        `encoding=${type.signed ? 'SIGNED' : 'UNSIGNED'} size=${type.size}`,
        type.values.map(({ name, value }) => `${quoted(name)} val=${value}${suffix}`),
      );
    }
    case 'forward':
      return `${head} fwd_kind=${type.target}`;
    case 'function':
      return `${head} type_id=${type.typeId} linkage=${type.linkage}`;
    case 'functionPrototype': {
      const parameters = type.parameters.map(({ name, typeId }) => `${quoted(name)} type_id=${typeId}`);
      return listed(
        `ret_type_id=${type.returnTypeId}`,
        type.variadic ? [...parameters, `'(anon)' type_id=0`] : parameters,
      );
    }
    case 'variable':
      return `${head} type_id=${type.typeId}, linkage=${type.linkage}`;
    case 'dataSection':
      return listed(
        `size=${type.size}`,
        type.variables.map(({ typeId, offset, size }) => {
          const name = btf.nameOf(typeId);
          return `type_id=${typeId} offset=${offset} size=${size} (VAR '${name}')`;
        }),
      );
    case 'declarationTag':
      return `${head} type_id=${type.typeId} component_idx=${type.componentIndex}`;
  }
}

test('every kind of type of this kernel reads as bpftool reads it', whenWitness, () => {
  const btf = kernelBtf();
  const records = bpftool('raw').trimEnd().slice(1).split('\n[');
  assert.equal(btf.typeCount, records.length);
  const seen = new Map<string, number>();
  let compared = 0;
  for (const [index, text] of records.entries()) {
    const id = index + 1;
    const kind = btf.kindOf(id);
    const before = seen.get(kind) ?? 0;
    seen.set(kind, before + 1);
    // Every 50th type, and the first ones of each kind: some kinds have only one.
    if (before > 20 && id % 50 !== 0) continue;
    assert.equal(rawText(btf, btf.type(id)), `[${text}`);
    compared++;
  }
  assert.ok(compared > 2000, `only ${compared} types were compared`);
  assert.ok(seen.size >= 17, `only kinds ${[...seen.keys()].join(', ')} were seen`);
});

/** White space, padding and attributes that bpftool derives from the layout, and the numbers it gives to names in use. */
function comparable(declaration: string): string {
  return declaration
    .trim()
    .replace(/___\d+\b/g, '')
    .replace(/\n\t+(long|int|short|char): \d+;/g, '')
    .replace(/\} __attribute__\(\((packed|aligned\(\d+\))\)\)/g, '}')
    .replace(/\s+/g, ' ')
    .replace(/\* (?=[*(])/g, '*')
    .replace(/\{ \}/g, '{}');
}

test('types print as the C that bpftool prints', whenWitness, () => {
  const btf = kernelBtf();
  const declarations = bpftool('c').matchAll(
    /^(?:struct|union|enum) (\w+) \{\n[\s\S]*?\n\}.*;$|^typedef .*?;$/gm,
  );
  let compared = 0;
  let number = 0;
  for (const [declaration, tag] of declarations) {
    if (number++ % 10 !== 0) continue;
    const name = tag ?? /(\w+)\)?(?:\[\d+\])*(?:\(.*\))?;$/.exec(declaration)?.[1];
    if (name === undefined) continue;
    const printed = btf.findAll(name.replace(/___\d+$/, '')).map((id) => comparable(printType(btf, id)));
    assert.ok(
      printed.includes(comparable(declaration)),
      `${declaration}\nwas printed as\n${printed.join('\n')}`,
    );
    compared++;
  }
  assert.ok(compared > 500, `only ${compared} declarations were compared`);
});

test('a C compiler puts members where BTF says they are', whenCompiler, () => {
  const btf = kernelBtf();
  const assertions = [
    'sk_buff',
    'sock',
    'tcp_sock',
    'net_device',
    'task_struct',
    'xdp_buff',
    'bpf_attr',
  ].flatMap((name) => {
    const type = `${btf.find(name, 'struct') === undefined ? 'union' : 'struct'} ${name}`;
    const members = btf.members(name).filter((member) => !member.isBitfield);
    assert.ok(members.length > 5, name);
    return members.map(
      (member) => `_Static_assert(__builtin_offsetof(${type}, ${member.name}) == ${member.byteOffset}, "");
_Static_assert(sizeof(((${type} *)0)->${member.name}) == ${member.byteSize}, "");`,
    );
  });
  assert.ok(btf.member('sk_buff', 'cloned').isBitfield);
  const input = `${bpftool('c')}\n${assertions.join('\n')}\n`;
  const { status, stderr } = spawnSync('clang', ['-fsyntax-only', '-w', '-x', 'c', '-'], {
    input,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});
