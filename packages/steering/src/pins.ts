/**
 * Where steering is kept: a directory of a bpf file system for each network namespace, with the link, the program and its maps.
 * They outlive every process; `unload` removes them.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type MapSpec, WaggleError } from '@waggle/bpf';
import { createMap, type MapOf, mountBpffs, openMap } from '@waggle/kernel';
import { labelsDirectory } from './label-maps.ts';
import { bindings, labels } from './state.ts';
import { active, counters, levels, sockets, states, targets } from './steer.bpf.ts';

/** Where bpf file systems are mounted. */
export const DEFAULT_BPFFS = '/sys/fs/bpf';

const specs = { active, levels, targets, states, sockets, counters, labels, bindings };
type Specs = typeof specs;

/** All maps, open. */
export type Maps = { readonly [Name in keyof Specs]: MapOf<Specs[Name]> };

/** The directory of a namespace. */
export const directoryOf = (bpffs: string, inode: number): string =>
  join(bpffs, 'waggle-steering', String(inode));

export const linkPin = (directory: string): string => join(directory, 'link');
export const programPin = (directory: string): string => join(directory, 'program');

/** Makes the directory, and mounts a bpf file system where the standard place has none. */
export function makeDirectory(bpffs: string, inode: number): string {
  if (bpffs === DEFAULT_BPFFS) mountBpffs(bpffs);
  if (!existsSync(bpffs)) {
    throw new WaggleError('NOT_FOUND', `there is no directory ${bpffs}`, {
      hint: `Mount a bpf file system there: mount -t bpf bpf ${bpffs}`,
    });
  }
  const directory = directoryOf(bpffs, inode);
  try {
    mkdirSync(directory, { recursive: true });
    // Owners of labels pass through to the pins of theirs; all others have the mode 0600.
    for (const path of [dirname(directory), directory]) chmodSync(path, 0o711);
  } catch (cause) {
    throw new WaggleError('DENIED', `the state cannot be kept in ${directory}`, {
      cause,
      hint: 'Run as root',
    });
  }
  return directory;
}

/** The directories of all namespaces. */
export function directoriesIn(bpffs: string): string[] {
  const parent = dirname(directoryOf(bpffs, 0));
  return existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name)) : [];
}

/** Removes the directory with all pins. The one above it goes too when it is empty. */
export function removeDirectory(directory: string): void {
  removeTree(directory);
  const parent = dirname(directory);
  if (existsSync(parent) && readdirSync(parent).length === 0) rmdirSync(parent);
}

/** Removes a directory with all that is in it, if it is there. */
export function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  emptyDirectory(directory);
  rmdirSync(directory);
}

export function emptyDirectory(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeTree(path);
    else unlinkSync(path);
  }
}

/** Creates all maps and pins them. */
export function createMaps(directory: string): Maps {
  mkdirSync(labelsDirectory(directory));
  chmodSync(labelsDirectory(directory), 0o711);
  return eachMap((name, spec) => {
    const map = createMap(spec, { name });
    map.pin(join(directory, name));
    return map;
  });
}

/** Opens all maps. @throws KernelError NOT_FOUND; WaggleError WRONG_SIZE when another version of waggle made them. */
export function openMaps(directory: string): Maps {
  return eachMap((name, spec) => openMap({ pin: join(directory, name) }, spec));
}

export function closeMaps(maps: Partial<Maps>): void {
  for (const map of Object.values(maps)) map.close();
}

/** Does the same for every map; when one fails, those that are open are closed. */
function eachMap(open: (name: string, spec: MapSpec) => { close(): void }): Maps {
  const opened: Record<string, { close(): void }> = {};
  try {
    for (const [name, spec] of Object.entries(specs)) opened[name] = open(name, spec);
    return opened as unknown as Maps;
  } catch (error) {
    for (const map of Object.values(opened)) map.close();
    throw error;
  }
}
