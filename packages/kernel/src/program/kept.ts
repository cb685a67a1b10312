/**
 * Programs that are kept by what they are: pinned under a name that says everything that decides what the kernel would load. Who wants
 * the same program again, as a daemon that starts anew, gets the one that is there. The kernel need not check it another time,
 * which takes longest, and links that hold it already have the right one.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelMap } from '../map/map.ts';
import { unpin } from '../object.ts';
import { type LoadOptions, loadProgram, type ProgramSpec } from './load.ts';
import { Program } from './program.ts';

/** Hexadecimal digits of the digest in a name. */
const DIGITS = 32;

interface KeptOptions extends Pick<LoadOptions, 'onLog'> {
  readonly maps: Readonly<Record<string, KernelMap>>;
}

/**
 * The program that is kept in a directory, if it is this one; else it is loaded, and kept in place of another of its name.
 * @param directory of a bpf file system.
 * @throws what `loadProgram` throws; KernelError when it cannot be pinned there.
 */
export function keptProgram(directory: string, spec: ProgramSpec, options: KeptOptions): Program {
  const file = prefixOf(spec.name) + digestOf(spec, options.maps);
  const path = join(directory, file);
  if (existsSync(path)) return Program.openPinned(path);
  const program = loadProgram(spec, options);
  try {
    program.pin(path);
    for (const other of kept(directory, spec.name)) if (other !== file) unpin(join(directory, other));
  } catch (error) {
    program.close();
    throw error;
  }
  return program;
}

/** Keeps the program of a name no longer. */
export function dropKept(directory: string, name: string): void {
  for (const file of kept(directory, name)) unpin(join(directory, file));
}

const kept = (directory: string, name: string): string[] =>
  readdirSync(directory).filter((file) => file.startsWith(prefixOf(name)));

/** A name in a bpf file system has no dots. */
const prefixOf = (name: string): string => `${name.replaceAll('.', '_')}-`;

/** Of all that the kernel gets. Which map is meant says its id, which no other map gets until the machine starts anew. */
function digestOf({ code, ...rest }: ProgramSpec, maps: KeptOptions['maps']): string {
  const { bytes, lines: _forPeople, mapReferences, ...others } = code;
  const references = mapReferences.map(({ map, ...place }) => ({ ...place, id: maps[map]?.info().id }));
  return createHash('sha256')
    .update(JSON.stringify({ rest, others, references }))
    .update(bytes)
    .digest('hex')
    .slice(0, DIGITS);
}
