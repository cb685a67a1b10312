/**
 * Steering in a network namespace: loading and removing the program, and opening what is there. Whoever changes anything holds
 * the lock of the directory; readers need none, for what belongs together is replaced in one step.
 */
import { existsSync, renameSync, statSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf';
import {
  attachNamespace,
  KernelError,
  Link,
  type LoadedProgram,
  loadDeclared,
  lockDirectory,
  type NetworkNamespace,
  Program,
  type ProgramInfo,
  unpin,
} from '@waggle/kernel';
import {
  closeMaps,
  createMaps,
  DEFAULT_BPFFS,
  directoriesIn,
  directoryOf,
  emptyDirectory,
  linkPin,
  type Maps,
  makeDirectory,
  openMaps,
  programPin,
  removeDirectory,
} from './pins.ts';
import { steer } from './steer.bpf.ts';

/** Where to steer. */
export interface Place {
  readonly namespace: NetworkNamespace;
  /** A bpf file system; /sys/fs/bpf by default. */
  readonly bpffs?: string;
}

/** An open steering. */
export class Steering implements Disposable {
  readonly directory: string;
  readonly maps: Maps;

  private constructor(directory: string, maps: Maps) {
    this.directory = directory;
    this.maps = maps;
  }

  /**
   * Loads the program into a namespace; it steers nothing until there are bindings. What a load that was interrupted has left is
   * removed first.
   * @throws WaggleError EXISTS when it is loaded already; KernelError. Nothing is left behind then.
   */
  static load({ namespace, bpffs = DEFAULT_BPFFS }: Place): Steering {
    for (const path of directoriesIn(bpffs)) {
      // What a namespace that is gone has left: a new one may get its number.
      if (namespaceOf(path) === 0) removeLocked(path);
    }
    const directory = makeDirectory(bpffs, namespace.inode);
    using _lock = lockDirectory(directory);
    if (existsSync(linkPin(directory))) {
      throw new WaggleError('EXISTS', `steering is loaded in namespace ${namespace.inode} already`, {
        hint: 'Replace its program with waggle steer upgrade, or remove all with waggle steer unload',
      });
    }
    emptyDirectory(directory);
    let maps: Maps | undefined;
    try {
      maps = createMaps(directory);
      using loaded = loadProgram(maps);
      using link = attachNamespace(loaded.program, namespace);
      loaded.program.pin(programPin(directory));
      // The link comes last: with it, steering is complete.
      link.pin(linkPin(directory));
      return new Steering(directory, maps);
    } catch (error) {
      if (maps) closeMaps(maps);
      removeDirectory(directory);
      throw error;
    }
  }

  /** @throws WaggleError NOT_FOUND when nothing is loaded there; DENIED for users who may not do that. */
  static open(place: Place): Steering {
    const directory = Steering.directoryOf(place);
    const { inode } = place.namespace;
    try {
      // What is left of a namespace that is gone is not that of this one, although it had its number.
      if (namespaceOf(directory) !== inode) throw notLoaded(place.namespace);
      return new Steering(directory, openMaps(directory));
    } catch (cause) {
      if (!(cause instanceof KernelError) || cause.code !== 'DENIED') throw cause;
      throw new WaggleError('DENIED', `you may not open the steering of namespace ${inode}`, {
        cause,
        hint: 'Run as root; owners of labels may register, drain and unregister sockets',
      });
    }
  }

  /**
   * The directory of what is loaded in a namespace, for owners of labels.
   * @throws WaggleError NOT_FOUND when nothing is loaded there; DENIED when the directories above it let this user not through.
   */
  static directoryOf({ namespace, bpffs = DEFAULT_BPFFS }: Place): string {
    const directory = directoryOf(bpffs, namespace.inode);
    const link = linkPin(directory);
    try {
      if (statSync(link, { throwIfNoEntry: false })) return directory;
    } catch (cause) {
      throw new WaggleError('DENIED', `you may not look for ${link}`, {
        cause,
        hint: `${bpffs} lets nobody through: chmod o+x it, or keep the state in another bpf file system with --bpffs`,
      });
    }
    throw notLoaded(namespace);
  }

  /**
   * Removes everything: connections that were steered stay, new ones take the kernel's own way.
   * @throws WaggleError NOT_FOUND when nothing is loaded there.
   */
  static unload({ namespace, bpffs = DEFAULT_BPFFS }: Place): void {
    const directory = directoryOf(bpffs, namespace.inode);
    if (!existsSync(directory)) throw notLoaded(namespace);
    removeLocked(directory);
  }

  /** Exchanges the program for that of this version, in one step; maps and sockets stay. */
  upgrade(): void {
    using _lock = this.lock();
    using loaded = loadProgram(this.maps);
    using link = Link.openPinned(linkPin(this.directory));
    // A bpf file system takes no dots in names.
    const next = `${programPin(this.directory)}_next`;
    unpin(next);
    loaded.program.pin(next);
    link.update(loaded.program);
    renameSync(next, programPin(this.directory));
  }

  program(): ProgramInfo {
    using program = Program.openPinned(programPin(this.directory));
    return program.info();
  }

  /** Keeps other writers away until it is disposed of. @throws WaggleError BUSY */
  lock(): Disposable {
    return lockDirectory(this.directory);
  }

  close(): void {
    closeMaps(this.maps);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The number of the namespace in which a steering is: 0 when that is gone, undefined when the load was not completed. */
function namespaceOf(directory: string): number | undefined {
  if (!existsSync(linkPin(directory))) return undefined;
  using link = Link.openPinned(linkPin(directory));
  const { target } = link.info();
  return target.kind === 'namespace' ? target.inode : undefined;
}

function removeLocked(directory: string): void {
  using _lock = lockDirectory(directory);
  if (existsSync(linkPin(directory))) {
    // A pin that goes lets the kernel detach the program when it likes, which is after some connections on a busy machine.
    using link = Link.openPinned(linkPin(directory));
    link.detach();
  }
  removeDirectory(directory);
}

function loadProgram({ active, levels, targets, states, sockets, counters }: Maps): LoadedProgram {
  return loadDeclared(steer, { maps: { active, levels, targets, states, sockets, counters } });
}

function notLoaded(namespace: NetworkNamespace): WaggleError {
  return new WaggleError('NOT_FOUND', `no steering is loaded in namespace ${namespace.inode}`, {
    hint: 'Load it with waggle steer load',
  });
}
