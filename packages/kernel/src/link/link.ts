/**
 * A link: a program attached to a hook. It lives as long as somebody holds it (this object, another process, a pin);
 * closing the last hold detaches the program. So a link that shall outlive this process is pinned.
 */
import { KernelError } from '../errors.ts';
import { KernelObject, objectIds, openId, openPin } from '../object.ts';
import type { Program } from '../program/program.ts';
import { LinkDetach, LinkUpdate } from '../sys/attributes.ts';
import { type Attribute, Command, execute } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { information, LinkInformation } from '../sys/information.ts';
import { type LinkInfo, linkInfo } from './info.ts';

/** BPF_F_REPLACE: exchange the program only if it is still the expected one. */
const REPLACE = 4;

/** A program attached to a hook. */
export class Link extends KernelObject {
  /** Opens a pinned link. @throws KernelError NOT_FOUND */
  static openPinned(path: string): Link {
    return new Link(openPin(path, 'link'), `link at ${path}`);
  }

  /** Opens a link by its id. @throws KernelError NOT_FOUND */
  static openById(id: number): Link {
    return new Link(openId(Command.linkGetFdById, id, `link ${id}`), `link ${id}`);
  }

  /** The ids of all links in the kernel. */
  static ids(): number[] {
    return [...objectIds(Command.linkGetNextId)];
  }

  /** What the kernel tells about every link that exists at this moment. */
  static list(): LinkInfo[] {
    const found: LinkInfo[] = [];
    for (const id of Link.ids()) {
      try {
        using link = Link.openById(id);
        found.push(link.info());
      } catch (error) {
        // A link that ended since it was listed is no longer part of the answer.
        if (!(error instanceof KernelError && error.code === 'NOT_FOUND')) throw error;
      }
    }
    return found;
  }

  info(): LinkInfo {
    return linkInfo(this.fd, information(this.fd, LinkInformation, this.object), this.object);
  }

  /**
   * Exchanges the program in one step: every packet or call sees either the old one or the new one.
   * @param expected fail unless this program is the attached one.
   * @throws KernelError NOT_SUPPORTED for hooks without exchange (tracing, perf, netfilter).
   */
  update(program: Program, expected?: Program): void {
    const result = execute(Command.linkUpdate, LinkUpdate, {
      link_fd: this.fd,
      new_prog_fd: program.fd,
      ...(expected ? { flags: REPLACE, old_prog_fd: expected.fd } : {}),
    });
    if (result >= 0) return;
    const options =
      -result === errno.EINVAL
        ? { hint: 'This hook may not exchange programs; attach the new one beside it, then detach the old' }
        : {};
    throw new KernelError(`put ${program.object} into`, this.object, -result, options);
  }

  /**
   * Detaches the program now, whoever else holds the link; the link stays as an empty shell.
   * @throws KernelError NOT_SUPPORTED for hooks that only detach when their last holder closes them.
   */
  detach(): void {
    const result = execute(Command.linkDetach, LinkDetach, { link_fd: this.fd });
    if (result >= 0) return;
    const hint = 'Close every holder of the link instead: this object, and its pin';
    throw new KernelError('detach', this.object, -result, -result === errno.EOPNOTSUPP ? { hint } : {});
  }
}

/**
 * Creates a link.
 * @param where what the program is attached to, for messages: `device eth0`.
 * @param explain the hint for an errno, where the hook knows more than the errno says.
 */
export function createLink<T>(
  attribute: Attribute<T>,
  program: Program,
  where: string,
  explain: (number: number) => string | undefined = () => undefined,
): Link {
  const result = attribute.execute(Command.linkCreate);
  if (result < 0) throw attachError(program, where, -result, explain(-result));
  return new Link(result, `link of ${program.object} to ${where}`);
}

/** The error of an attachment that failed. */
export function attachError(program: Program, where: string, number: number, hint?: string): KernelError {
  return new KernelError(`attach ${program.object} to`, where, number, hint === undefined ? {} : { hint });
}
