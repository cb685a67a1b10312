/**
 * The two maps of a label, pinned in a directory of their own: whoever may read and write these pins may give the label sockets. That
 * takes no capability: the kernel asks for one to make maps and programs, and for using them only the mode of the pin.
 */
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WaggleError } from '@waggle/bpf';
import { createMap, KernelError, type MapOf, openMap } from '@waggle/kernel';
import { labelSockets, labelState } from './steer.bpf.ts';

/** Who may register sockets with a label. */
export interface LabelOwner {
  readonly uid: number;
  readonly gid: number;
  /** Of the pins: reading and writing for the owner, the group and others. */
  readonly mode: number;
}

/** Both maps, open. */
export interface LabelMaps {
  readonly sockets: MapOf<typeof labelSockets>;
  readonly state: MapOf<typeof labelState>;
}

const ROOT: LabelOwner = { uid: 0, gid: 0, mode: 0o600 };

/** Where the labels of a steering have their directories. */
export const labelsDirectory = (directory: string): string => join(directory, 'labels_pinned');

/** The directory of a label. Names in a bpf file system have no dots. */
export const labelDirectory = (directory: string, label: string): string =>
  join(labelsDirectory(directory), label.replaceAll('.', '%2e'));

const socketsPin = (path: string): string => join(path, 'sockets');
const statePin = (path: string): string => join(path, 'state');
/** A directory to hold the lock of: those who may register have to open it, and others must not, or they could keep them waiting. */
export const lockPath = (path: string): string => join(path, 'lock');

/** Makes the maps of a label, for root alone. */
export function createLabelMaps(directory: string, label: string): LabelMaps {
  const path = labelDirectory(directory, label);
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o711);
  mkdirSync(lockPath(path), { mode: 0o700 });
  const sockets = createMap(labelSockets);
  try {
    sockets.pin(socketsPin(path));
    const state = createMap(labelState);
    state.pin(statePin(path));
    return { sockets, state };
  } catch (error) {
    sockets.close();
    throw error;
  }
}

/** Opens the maps of a label. @throws WaggleError NOT_FOUND, DENIED */
export function openLabelMaps(directory: string, label: string): LabelMaps {
  const path = labelDirectory(directory, label);
  try {
    const sockets = openMap({ pin: socketsPin(path) }, labelSockets);
    try {
      return { sockets, state: openMap({ pin: statePin(path) }, labelState) };
    } catch (error) {
      sockets.close();
      throw error;
    }
  } catch (cause) {
    throw explained(path, label, cause);
  }
}

export function closeLabelMaps({ sockets, state }: LabelMaps): void {
  sockets.close();
  state.close();
}

/** Who may register sockets with a label. */
export function ownerOf(directory: string, label: string): LabelOwner {
  const { uid, gid, mode } = statSync(statePin(labelDirectory(directory, label)));
  return { uid, gid, mode: mode & 0o777 };
}

/** Says who may register sockets with a label; root alone by default. */
export function setOwner(directory: string, label: string, { uid, gid, mode }: LabelOwner = ROOT): void {
  const path = labelDirectory(directory, label);
  for (const pin of [socketsPin(path), statePin(path)]) {
    chownSync(pin, uid, gid);
    chmodSync(pin, mode);
  }
  chownSync(lockPath(path), uid, gid);
  // Opening takes both reading and passing through.
  chmodSync(lockPath(path), (mode & 0o444) | ((mode & 0o444) >> 2));
}

/** Why maps of a label cannot be opened. */
function explained(path: string, label: string, cause: unknown): unknown {
  if (!(cause instanceof KernelError) || (cause.code !== 'DENIED' && cause.code !== 'NOT_FOUND'))
    return cause;
  if (cause.code === 'NOT_FOUND') {
    return new WaggleError('NOT_FOUND', `there is no label "${label}"`, {
      cause,
      hint: `Root makes one: waggle steer label ${label} --owner USER`,
    });
  }
  // EPERM is not about files: before 5.19, the switch for unprivileged users closed every bpf(2) call.
  const hint = cause.message.includes('EPERM')
    ? 'This kernel lets nobody use bpf(2) without CAP_BPF (kernel.unprivileged_bpf_disabled, before Linux 5.19): grant it'
    : `Root can change that: waggle steer label ${label} --owner USER --group GROUP --mode 0660`;
  return new WaggleError('DENIED', `you may not register sockets with the label "${label}" (${path})`, {
    cause,
    hint,
  });
}
