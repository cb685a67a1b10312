/**
 * C twins of programs of the corpus (bench/c/corpus), compiled by clang. Of its object file only what is needed is read: the
 * instructions of the one program, and which of them name a map. The maps themselves are ours.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Code } from '@waggle/compiler';

const folder = fileURLToPath(new URL('../../../bench/c/corpus/', import.meta.url));

/** The programs of the corpus that have a twin. */
export const twinNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.c'))
  .map((file) => file.slice(0, -'.c'.length))
  .sort();

/** Why there is nothing to compare with, or false. */
export const noClang: string | false =
  spawnSync('clang', ['-target', 'bpf', '--version']).status === 0 ? false : 'there is no clang for bpf';

/** Where the headers of the kernel for this machine are, which clang does not look for when it compiles for bpf. */
const INCLUDES = [`-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`];

/** Compiles the twin of a program of the corpus. @throws Error with what clang says */
export const compileTwin = (name: string): Code => compileProgram(join(folder, `${name}.c`));

/** Compiles the one program of a file. @throws Error with what clang says */
export function compileProgram(file: string): Code {
  const target = mkdtempSync(join(tmpdir(), 'waggle-twin-'));
  try {
    const object = join(target, 'twin.o');
    const flags = ['-O2', '-Wall', '-Werror', '-target', 'bpf', '-mcpu=v3', ...INCLUDES];
    const { status, stderr } = spawnSync('clang', [...flags, '-c', file, '-o', object], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`clang refused ${file}:\n${stderr}`);
    return codeOfObject(readFileSync(object));
  } finally {
    rmSync(target, { recursive: true });
  }
}

interface Section {
  readonly name: string;
  readonly bytes: Buffer;
  /** For relocations: the number of the section that they change. */
  readonly info: number;
}

/** The program in an ELF object for bpf (64 bits, little-endian), and the maps that its relocations name. */
function codeOfObject(file: Buffer): Code {
  const sections = sectionsOf(file);
  const program = sections.findIndex(({ name }) => name === 'program');
  const relocations = sections.find(({ name, info }) => name.startsWith('.rel') && info === program);
  const symbols = sections.find(({ name }) => name === '.symtab')?.bytes ?? Buffer.alloc(0);
  const strings = sections.find(({ name }) => name === '.strtab')?.bytes ?? Buffer.alloc(0);
  const bytes = Uint8Array.from(sections[program]?.bytes ?? []);
  const mapReferences = [];
  for (let at = 0; at < (relocations?.bytes.length ?? 0); at += 16) {
    const slot = Number(relocations?.bytes.readBigUInt64LE(at)) / 8;
    const symbol = relocations?.bytes.readUInt32LE(at + 12) ?? 0;
    mapReferences.push({ slot, map: text(strings, symbols.readUInt32LE(symbol * 24)) });
    // The source register says that the wide load is of a map (BPF_PSEUDO_MAP_FD).
    bytes[slot * 8 + 1] = ((bytes[slot * 8 + 1] ?? 0) & 0x0f) | 0x10;
  }
  return { bytes, mapReferences, lines: [], functions: [] };
}

function sectionsOf(file: Buffer): Section[] {
  const start = Number(file.readBigUInt64LE(0x28));
  const [size, count, names] = [file.readUInt16LE(0x3a), file.readUInt16LE(0x3c), file.readUInt16LE(0x3e)];
  const header = (index: number) => {
    const at = start + index * size;
    const [offset, length] = [Number(file.readBigUInt64LE(at + 24)), Number(file.readBigUInt64LE(at + 32))];
    return {
      name: file.readUInt32LE(at),
      bytes: file.subarray(offset, offset + length),
      info: file.readUInt32LE(at + 44),
    };
  };
  const strings = header(names).bytes;
  return Array.from({ length: count }, (_, index) => {
    const { name, ...rest } = header(index);
    return { name: text(strings, name), ...rest };
  });
}

const text = (strings: Buffer, at: number): string => strings.toString('latin1', at, strings.indexOf(0, at));
