/**
 * Programs at devices, held there by links that are pinned, where there is a directory for that. A program that is put where
 * there is one takes its place without a packet passing in between.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attachTcx, type Direction, Link, type LinkInfo, Program, unpin } from '@waggle/kernel';

/** The programs of a device by their names, and on which side of it each is. */
export type Sites<Name extends string> = Readonly<Record<Name, Direction>>;

/** A link, and the program that it holds. Nobody else changes that, so the kernel is asked once. */
interface Held {
  readonly link: Link;
  programId: number;
}

/** Links of one kind of device. */
export class DeviceLinks<Name extends string> implements Disposable {
  readonly #sites: Sites<Name>;
  readonly #directory: string | undefined;
  readonly #links = new Map<number, Map<Name, Held>>();
  readonly #programIds = new WeakMap<Program, number>();

  /** @param directory where links are pinned; without it they end with this process. */
  constructor(sites: Sites<Name>, directory?: string) {
    this.#sites = sites;
    this.#directory = directory;
  }

  /**
   * Takes over the links that are pinned. Those whose devices are gone are removed.
   * @returns the devices that are gone.
   */
  adopt(): number[] {
    if (this.#directory === undefined) return [];
    const gone: number[] = [];
    for (const name of readdirSync(this.#directory)) {
      const device = Number(name);
      const found = this.#openPinned(device);
      this.#links.set(
        device,
        new Map(found.map(({ name, link, info }) => [name, { link, programId: info.programId }])),
      );
      if (found.some(({ info }) => hasDevice(info))) continue;
      this.detach(device);
      gone.push(device);
    }
    return gone;
  }

  /** Those that have programs. */
  devices(): number[] {
    return [...this.#links.keys()];
  }

  /** Whether a device has all of its programs. */
  isComplete(device: number): boolean {
    return this.#links.get(device)?.size === Object.keys(this.#sites).length;
  }

  /**
   * Puts programs at a device, in the place of those that are there. Called in the network namespace of the device.
   * @throws KernelError; everything is as before then.
   */
  attach(device: number, programs: Readonly<Record<Name, Program>>): void {
    Array.from(this.attaching(device, programs));
  }

  /** The same in steps: it pauses before each program that it attaches, for the kernel lets it wait there. @throws KernelError */
  *attaching(device: number, programs: Readonly<Record<Name, Program>>): Generator<void> {
    const links = this.#links.get(device) ?? new Map<Name, Held>();
    const undo: (() => void)[] = [];
    using previous = new DisposableList();
    try {
      for (const name of Object.keys(this.#sites) as Name[]) {
        const held = links.get(name);
        const programId = this.#programId(programs[name]);
        if (held) {
          const { link, programId: former } = held;
          if (former === programId) continue;
          const before = previous.add(Program.openById(former));
          undo.push(() => {
            held.programId = former;
            link.update(before);
          });
          link.update(programs[name]);
          held.programId = programId;
          continue;
        }
        yield;
        const created = attachTcx(programs[name], device, this.#sites[name]);
        links.set(name, { link: created, programId });
        undo.push(() => {
          links.delete(name);
          created.close();
        });
        const path = this.#pin(device, name, created);
        if (path !== undefined) undo.push(() => unpin(path));
      }
    } catch (error) {
      for (const step of undo.reverse()) step();
      this.#removeDirectory(device);
      throw error;
    }
    this.#links.set(device, links);
  }

  /** Takes the programs of a device away. */
  detach(device: number): void {
    const links = this.#links.get(device);
    if (!links) return;
    for (const name of [...links.keys()]) this.#remove(device, links, name);
    this.#links.delete(device);
    this.#removeDirectory(device);
  }

  /** Lets go of the links; those that are not pinned end. */
  close(): void {
    for (const links of this.#links.values()) for (const { link } of links.values()) link.close();
    this.#links.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #openPinned(device: number) {
    return (Object.keys(this.#sites) as Name[]).flatMap((name) => {
      const path = this.#path(device, name);
      if (path === undefined || !existsSync(path)) return [];
      const link = Link.openPinned(path);
      return { name, link, info: link.info() };
    });
  }

  #programId(program: Program): number {
    const id = this.#programIds.get(program) ?? program.info().id;
    this.#programIds.set(program, id);
    return id;
  }

  /** @returns where it is pinned. */
  #pin(device: number, name: Name, link: Link): string | undefined {
    const path = this.#path(device, name);
    if (path === undefined) return undefined;
    const directory = dirname(path);
    if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
    link.pin(path);
    return path;
  }

  #remove(device: number, links: Map<Name, Held>, name: Name): void {
    const link = links.get(name)?.link;
    const path = this.#path(device, name);
    links.delete(name);
    if (path !== undefined) unpin(path);
    if (link && hasDevice(link.info())) link.detach();
    link?.close();
  }

  #removeDirectory(device: number): void {
    if (this.#directory === undefined) return;
    const path = join(this.#directory, String(device));
    if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  }

  #path(device: number, name: Name): string | undefined {
    return this.#directory === undefined ? undefined : join(this.#directory, String(device), name);
  }
}

/** Whether a link still has its device. */
function hasDevice({ target }: LinkInfo): boolean {
  return target.kind === 'device' && target.interfaceIndex !== 0;
}

/** Closes what was added to it. */
class DisposableList implements Disposable {
  readonly #held: Disposable[] = [];

  add<T extends Disposable>(disposable: T): T {
    this.#held.push(disposable);
    return disposable;
  }

  [Symbol.dispose](): void {
    for (const each of this.#held) each[Symbol.dispose]();
  }
}
