/**
 * What maps, programs and links have in common: a file descriptor that keeps the object alive, a name under which
 * it can be pinned in a bpf file system, and a number by which others can find it.
 */
import { existsSync, lstatSync, statfsSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { WaggleError } from '@waggle/bpf';
import { check, KernelError, type KernelErrorOptions } from './errors.ts';
import { ObjectId, ObjectPin } from './sys/attributes.ts';
import { Attribute, Command, execute } from './sys/bpf.ts';
import { Descriptor } from './sys/descriptor.ts';
import { errno } from './sys/errno.ts';
import { NativeBuffer } from './sys/memory.ts';

/** The type of a bpf file system (BPF_FS_MAGIC, include/uapi/linux/magic.h). */
const BPF_FILE_SYSTEM = 0xcafe4a11;

/** What stands in the way of a pin, where the errno alone would mislead (EPERM for a directory elsewhere). */
function explainPin(path: string): KernelErrorOptions {
  const directory = dirname(path);
  if (!existsSync(directory)) return { hint: `There is no directory ${directory}` };
  if (statfsSync(directory).type !== BPF_FILE_SYSTEM) {
    const hint = `${directory} is in no bpf file system; mount one there: mount -t bpf bpf ${directory}`;
    return { code: 'INVALID', hint };
  }
  return {};
}

/** A kernel object that this process holds by a file descriptor, until {@link KernelObject.close}. */
export abstract class KernelObject implements Disposable {
  /** What messages call it: `map "counters"`. */
  readonly object: string;
  readonly #descriptor: Descriptor;

  constructor(fd: number, object: string) {
    this.object = object;
    this.#descriptor = new Descriptor(fd, object);
  }

  /**
   * The file descriptor, still owned by this object.
   * @throws WaggleError CLOSED
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  get closed(): boolean {
    return this.#descriptor.closed;
  }

  /**
   * Pins the object in a bpf file system: it lives on when this process ends, until {@link unpin} or until the file
   * is removed. The file has mode 0600 (the kernel's default).
   * @throws KernelError EXISTS when the path is taken, NOT_FOUND when its directory is missing, INVALID when it lies in no bpf file system.
   */
  pin(path: string): void {
    const result = execute(Command.objectPin, ObjectPin, {
      pathname: NativeBuffer.text(path),
      bpf_fd: this.fd,
    });
    if (result >= 0) return;
    throw new KernelError(`pin to ${path} the`, this.object, -result, explainPin(path));
  }

  /** Lets go of the object. It ends when nobody else holds it: no pin, no program or map that uses it, no other process. */
  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Opens a pinned object of any kind; the fd.
 * @throws KernelError NOT_FOUND when nothing is pinned there.
 */
export function openPin(path: string, object: string): number {
  const result = execute(Command.objectGet, ObjectPin, { pathname: NativeBuffer.text(path) });
  const hint =
    -result === errno.ENOENT ? 'Nothing is pinned there; it may not have been loaded yet' : undefined;
  return check(result, 'open the pinned', `${object} at ${path}`, hint === undefined ? {} : { hint });
}

/**
 * Removes a pin; a missing one is fine. Only what lies in a bpf file system is removed, whatever the path says.
 * @returns whether there was one.
 */
export function unpin(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return false;
  if (!found.isFile()) {
    throw new WaggleError('INVALID', `${path} is no pin`, { hint: 'Name the pinned file itself' });
  }
  unlinkSync(path);
  return true;
}

/** The ids of all objects of a kind, ascending. */
export function* objectIds(command: Command): Generator<number> {
  const attribute = new Attribute(ObjectId, {});
  for (let id = 0; ; ) {
    attribute.set('start_id', id);
    const result = attribute.execute(command);
    if (result === -errno.ENOENT) return;
    check(result, 'list', 'bpf objects', { hint: 'Listing needs CAP_SYS_ADMIN' });
    id = attribute.get('next_id');
    yield id;
  }
}

/** Opens an object by id; the fd. */
export function openId(command: Command, id: number, object: string): number {
  return check(execute(command, ObjectId, { start_id: id }), 'open', object);
}
