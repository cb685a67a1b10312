/** Helpers on values that hang on objects of the kernel. */
import { Helper } from '../../backend/helper.ts';
import { errno } from '../errno.ts';
import { VirtualStorage } from '../maps/storage.ts';
import type { HelperFunction, HelperHost } from './helper.ts';

function storageAt(machine: HelperHost, handle: bigint): VirtualStorage {
  const map = machine.mapAt(handle);
  if (map instanceof VirtualStorage) return map;
  throw map.refusal('helpers of storages');
}

/** BPF_LOCAL_STORAGE_GET_F_CREATE */
const CREATE = 1n;

const get: HelperFunction = (machine, handle, object, initial, flags) => {
  const storage = storageAt(machine, handle);
  if (object === 0n || flags > CREATE) return 0n;
  const { memory } = machine;
  const bytes = initial === 0n ? undefined : memory.bytes(initial, storage.spec.value?.size ?? 0);
  const index = flags === CREATE ? storage.ensure(object, bytes) : storage.find(object);
  return index === undefined ? 0n : memory.address(storage.values, index);
};

const remove: HelperFunction = (machine, handle, object) =>
  object === 0n ? -errno.EINVAL : storageAt(machine, handle).drop(object);

export const storageHelpers: readonly (readonly [number, HelperFunction])[] = [
  [Helper.skStorageGet, get],
  [Helper.skStorageDelete, remove],
  [Helper.taskStorageGet, get],
  [Helper.taskStorageDelete, remove],
  [Helper.inodeStorageGet, get],
  [Helper.inodeStorageDelete, remove],
  [Helper.cgrpStorageGet, get],
  [Helper.cgrpStorageDelete, remove],
];
