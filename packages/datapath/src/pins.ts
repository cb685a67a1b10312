/**
 * Where a datapath is kept: a directory of a bpf file system, with its maps and the links of its programs. What is there
 * goes on without any process.
 *
 *     PINS/maps-LAYOUT/NAME             the maps; the name of their layout says who understands them
 *     PINS/endpoints/DEVICE/PROGRAM     a link for each program at each device of an endpoint; in `devices`, of the host
 *     PINS/programs/PROGRAM-DIGEST      programs, for whoever opens this again: the kernel need not check them another time
 *
 * Maps appear all at once: the directory gets its name when all are in it.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { WaggleError } from '@waggle/bpf';
import { createMap, type KernelMap, Link, lockDirectory, mountBpffs, openMap } from '@waggle/kernel';
import { type DatapathMaps, type DatapathSizes, layoutName, mapSpecs, sizedSpec } from './layout.ts';

/** Where bpf file systems are mounted. */
const BPFFS = '/sys/fs/bpf';
const MODE = 0o700;
const MAPS = 'maps-';
const PROGRAMS = 'programs';
/** A directory whose maps are not complete. */
const UNFINISHED = 'unfinished';

const REPLACE =
  'Replace them: endpoints go on under the policies that they have until their programs are replaced, and open connections ' +
  'are decided anew. Or remove them: waggle cleanup';

/** What to do about maps that cannot be used: of another layout, or damaged. */
export type OtherLayout = 'refuse' | 'replace';

/** Something that is pinned. */
export interface PinnedObject {
  readonly path: string;
  readonly kind: 'map' | 'program' | 'link' | 'directory';
}

/** A directory of pins, which nobody else changes until it is closed. */
export class PinDirectory implements Disposable {
  readonly path: string;
  readonly #lock: Disposable;

  private constructor(path: string, lock: Disposable) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the directory if need be, and locks it.
   * @param patience milliseconds to wait for another process.
   * @throws WaggleError NOT_FOUND, BUSY; KernelError DENIED.
   */
  static open(path: string, patience: number): PinDirectory {
    if (path === BPFFS || path.startsWith(`${BPFFS}/`)) mountBpffs(BPFFS);
    if (!existsSync(dirname(path))) {
      throw new WaggleError('NOT_FOUND', `there is no directory ${dirname(path)} for pins`, {
        hint: 'Name a directory of a bpf file system; mount one there: mount -t bpf bpf DIRECTORY',
      });
    }
    for (;;) {
      if (!existsSync(path)) mkdirSync(path, { mode: MODE });
      chmodSync(path, MODE);
      const { ino } = statSync(path);
      const lock = lockDirectory(path, patience);
      // Another one may have removed it while we waited.
      if (statSync(path, { throwIfNoEntry: false })?.ino === ino) return new PinDirectory(path, lock);
      lock[Symbol.dispose]();
    }
  }

  /** Where links to programs at devices are. */
  links(kind: 'endpoints' | 'devices'): string {
    return this.#directory(kind);
  }

  /** Where programs are kept. */
  get programs(): string {
    return this.#directory(PROGRAMS);
  }

  /**
   * Opens the maps that are pinned, or creates them.
   * @throws WaggleError WRONG_TYPE for maps of another layout, NOT_FOUND where some are missing, unless they are to be replaced.
   */
  maps(sizes: Required<DatapathSizes>, otherLayout: OtherLayout): { maps: DatapathMaps; adopted: boolean } {
    const ours = `${MAPS}${layoutName()}`;
    const found = readdirSync(this.path).filter((name) => name.startsWith(MAPS));
    const known = found.includes(ours) ? this.#open(ours, otherLayout) : undefined;
    if (!known && found.length > 0 && otherLayout === 'refuse') {
      throw new WaggleError('WRONG_TYPE', `the maps in ${this.path} were made by another version of waggle`, {
        hint: REPLACE,
      });
    }
    const maps = known ?? this.#create(ours, sizes);
    for (const name of found) if (name !== ours) removeTree(join(this.path, name));
    return { maps, adopted: known !== undefined };
  }

  #open(name: string, otherLayout: OtherLayout): DatapathMaps | undefined {
    try {
      return openMaps(join(this.path, name));
    } catch (cause) {
      if (!(cause instanceof WaggleError)) throw cause;
      if (otherLayout === 'replace') return undefined;
      throw new WaggleError(cause.code, `the maps in ${this.path} are damaged`, { cause, hint: REPLACE });
    }
  }

  #create(name: string, sizes: Required<DatapathSizes>): DatapathMaps {
    const unfinished = join(this.path, UNFINISHED);
    removeTree(unfinished);
    mkdirSync(unfinished, { mode: MODE });
    const maps = createMaps(sizes);
    for (const [each, map] of Object.entries(maps)) map.pin(join(unfinished, each));
    // Where there is one that is damaged.
    removeTree(join(this.path, name));
    renameSync(unfinished, join(this.path, name));
    return maps;
  }

  #directory(name: string): string {
    const path = join(this.path, name);
    if (!existsSync(path)) mkdirSync(path, { mode: MODE });
    return path;
  }

  /** Lets others change it. */
  close(): void {
    this.#lock[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Creates all maps. @throws KernelError FULL, DENIED; nothing is left behind then. */
export function createMaps(sizes: Required<DatapathSizes>): DatapathMaps {
  return eachMap((name) => createMap(sizedSpec(name, mapSpecs[name], sizes), { name }));
}

function openMaps(directory: string): DatapathMaps {
  return eachMap((name) => openMap({ pin: join(directory, name) }, mapSpecs[name]));
}

export function closeMaps(maps: DatapathMaps): void {
  for (const map of Object.values(maps)) map.close();
}

/** Does the same for every map; when one fails, those that are open are closed. */
function eachMap(open: (name: keyof DatapathMaps) => KernelMap): DatapathMaps {
  const opened: Record<string, KernelMap> = {};
  try {
    for (const name of Object.keys(mapSpecs)) opened[name] = open(name as keyof DatapathMaps);
    return opened as DatapathMaps;
  } catch (error) {
    for (const map of Object.values(opened)) map.close();
    throw error;
  }
}

/** What is in a directory of pins, what is inside before what it is in. */
export function* pinned(path: string): Generator<PinnedObject> {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const each = join(path, entry.name);
    if (entry.isDirectory()) yield* pinned(each);
    else yield { path: each, kind: kindOf(each) };
  }
  yield { path, kind: 'directory' };
}

function kindOf(path: string): PinnedObject['kind'] {
  const directory = basename(dirname(path));
  if (directory.startsWith(MAPS) || directory === UNFINISHED) return 'map';
  return directory === PROGRAMS ? 'program' : 'link';
}

/**
 * Removes everything that is pinned below a directory, and the directory: programs are detached, whoever else holds their links.
 * @returns what was removed.
 */
export function removePins(path: string): PinnedObject[] {
  const objects = [...pinned(path)];
  for (const object of objects) {
    if (object.kind === 'link') detach(object.path);
    remove(object);
  }
  return objects;
}

/** Ends a link that others may hold too; one that is broken ends with its pin. */
function detach(path: string): void {
  try {
    using link = Link.openPinned(path);
    link.detach();
  } catch (error) {
    if (!(error instanceof WaggleError)) throw error;
  }
}

function removeTree(path: string): void {
  for (const object of [...pinned(path)]) remove(object);
}

function remove({ path, kind }: PinnedObject): void {
  if (!lstatSync(path, { throwIfNoEntry: false })) return;
  if (kind === 'directory') rmdirSync(path);
  else unlinkSync(path);
}
