/**
 * The format of test vectors that ubpf, rbpf and the bpf_conformance suite share: a program, perhaps some memory, and what
 * r0 must be in the end. With it anyone can run those suites through this interpreter.
 *
 *     -- asm
 *     ldxb %r0, [%r1+1]
 *     exit
 *     -- mem
 *     11 22
 *     -- result
 *     0x22
 */
import { bytes, type MapSpec, mapTypes, WaggleError } from '@waggle/bpf';
import { type Code, SLOT } from '../backend/assemble.ts';
import { assembleText } from '../backend/text-assembler.ts';
import { Machine } from './machine.ts';

/** A parsed test vector. */
export interface Vector {
  /** What is to be run; made from `-- raw` where the vector has both. */
  readonly assemble: () => Code;
  readonly memory: Uint8Array;
  /** What r0 must be; undefined for a vector that must fail. */
  readonly result: bigint | undefined;
  /** What the authors of the vector say when it fails. */
  readonly error: string | undefined;
  readonly maps: Readonly<Record<string, MapSpec>>;
}

/** How a run ended: with r0, or with an error. */
export type Outcome = { readonly result: bigint } | { readonly error: string };

/** What {@link runVector} answers. */
export interface VectorOutcome {
  readonly expected: Outcome;
  readonly actual: Outcome;
  /** Whether both are the same r0, or both errors, whichever their words. */
  readonly passed: boolean;
}

/** Sections that describe the program for other tools, or for people. */
const IGNORED = ['c', 'no register offset'];
const SECTIONS = ['asm', 'raw', 'mem', 'map', 'result', 'error', ...IGNORED];

/** Parses a vector. The assembly is read only when it is run. @throws WaggleError MALFORMED */
export function parseVector(text: string): Vector {
  const sections = readSections(text);
  const [asm, raw, result, error] = ['asm', 'raw', 'result', 'error'].map((name) => sections.get(name));
  if (asm === undefined && raw === undefined) throw malformed('has neither an asm nor a raw section');
  const lastResult = result?.map((line) => line.trim()).findLast((line) => line !== '');
  const message = error?.join('\n').trim();
  if (lastResult === undefined && !message) throw malformed('has neither a result nor an error');
  return {
    assemble: () => (raw ? rawCode(raw) : assembleText((asm ?? []).join('\n'))),
    memory: memoryOf(sections.get('mem') ?? []),
    result: lastResult === undefined ? undefined : BigInt.asUintN(64, integer(lastResult)),
    error: message === '' ? undefined : message,
    maps: Object.fromEntries(words(sections.get('map') ?? []).map(mapOf)),
  };
}

/** Runs a vector in the interpreter. @throws WaggleError MALFORMED for a text that is no vector */
export function runVector(text: string): VectorOutcome {
  const { assemble, memory, result, error, maps } = parseVector(text);
  const expected: Outcome = result === undefined ? { error: error ?? '' } : { result };
  let actual: Outcome;
  try {
    actual = { result: new Machine({ code: assemble(), maps }).run(memory).value };
  } catch (problem) {
    if (!(problem instanceof WaggleError)) throw problem;
    actual = { error: problem.message };
  }
  const passed =
    'result' in expected ? 'result' in actual && actual.result === expected.result : 'error' in actual;
  return { expected, actual, passed };
}

/** The lines of each section, without comments in those that are no assembly. */
function readSections(text: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let lines: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    const header = /^--\s*(.*?)\s*$/.exec(line)?.[1];
    if (header !== undefined) {
      if (!SECTIONS.includes(header)) throw malformed(`has an unknown section "${header}"`);
      lines = sections.get(header) ?? [];
      sections.set(header, lines);
    } else lines?.push(line);
  }
  return sections;
}

/** Words line by line; `#` begins a comment. */
const words = (lines: readonly string[]): string[][] =>
  lines.map((line) => line.replace(/#.*/, '').split(/\s+/).filter(Boolean)).filter((line) => line.length > 0);

/** Each word is a slot as a number of 64 bits, the opcode lowest. */
function rawCode(lines: readonly string[]): Code {
  const slots = words(lines).flat();
  const view = new DataView(new ArrayBuffer(slots.length * SLOT));
  for (const [index, word] of slots.entries()) view.setBigUint64(index * SLOT, integer(word), true);
  return { bytes: new Uint8Array(view.buffer), mapReferences: [], lines: [], functions: [] };
}

function memoryOf(lines: readonly string[]): Uint8Array {
  return Uint8Array.from(words(lines).flat(), (word) => {
    if (!/^[\da-fA-F]{1,2}$/.test(word))
      throw malformed(`has ${JSON.stringify(word)} for a byte of its memory`);
    return Number.parseInt(word, 16);
  });
}

/** `name type key_size value_size max_entries` */
function mapOf(line: readonly string[]): readonly [string, MapSpec] {
  const [name = '', ...rest] = line;
  const [number, keySize, valueSize, maxEntries] = rest.map((word) => Number(integer(word)));
  const type = (Object.keys(mapTypes) as (keyof typeof mapTypes)[]).find(
    (each) => mapTypes[each].number === number,
  );
  if (!type || keySize === undefined || valueSize === undefined || maxEntries === undefined) {
    throw malformed(`has a map that is not "name type key_size value_size max_entries": ${line.join(' ')}`);
  }
  const sized = (size: number) => (size > 0 ? bytes(size) : undefined);
  const [key, value] = [sized(keySize), sized(valueSize)];
  const spec: MapSpec = {
    kind: 'map',
    type,
    name,
    ...(key ? { key } : {}),
    ...(value ? { value } : {}),
    maxEntries,
    flags: mapTypes[type].requiredFlags,
  };
  return [name, spec];
}

function integer(word: string): bigint {
  if (!/^-?(0[xX][\da-fA-F]+|\d+)$/.test(word)) throw malformed(`has ${JSON.stringify(word)} for a number`);
  return word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word);
}

const malformed = (problem: string): WaggleError =>
  new WaggleError('MALFORMED', `the test vector ${problem}`);
