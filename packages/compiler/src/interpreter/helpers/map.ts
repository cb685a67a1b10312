/** Helpers on maps. */
import { WaggleError } from '@waggle/bpf';
import { Helper } from '../../backend/helper.ts';
import { errno } from '../errno.ts';
import { VirtualMap } from '../maps/virtual-map.ts';
import { Region } from '../memory.ts';
import { type HelperFunction, type HelperHost, u32 } from './helper.ts';

const keyAt = ({ memory }: HelperHost, map: VirtualMap, address: bigint): Uint8Array =>
  memory.bytes(address, map.spec.key?.size ?? 0);

const valueAt = ({ memory }: HelperHost, map: VirtualMap, address: bigint, isWrite = false): Uint8Array =>
  memory.bytes(address, map.spec.value?.size ?? 0, isWrite);

const lookup: HelperFunction = (machine, handle, key) => {
  const map = machine.mapAt(handle);
  const found = map.lookup(keyAt(machine, map, key));
  if (found === undefined) return 0n;
  if (found instanceof VirtualMap) return machine.memory.address(found.handle);
  return map.values ? machine.memory.address(map.values, found) : 0n;
};

const update: HelperFunction = (machine, handle, key, value, flags) => {
  const map = machine.mapAt(handle);
  return map.update(keyAt(machine, map, key), valueAt(machine, map, value), Number(flags));
};

const remove: HelperFunction = (machine, handle, key) => {
  const map = machine.mapAt(handle);
  return map.remove(keyAt(machine, map, key));
};

const push: HelperFunction = (machine, handle, value, flags) => {
  const map = machine.mapAt(handle);
  return map.push(valueAt(machine, map, value), Number(flags));
};

const next =
  (isPop: boolean): HelperFunction =>
  (machine, handle, value) => {
    const map = machine.mapAt(handle);
    return map.next(valueAt(machine, map, value, true), isPop);
  };

/** Calls `callback(map, key, value, context)` for each element until it answers other than 0. */
const forEach: HelperFunction = (machine, handle, callback, context, flags) => {
  if (flags !== 0n) return -errno.EINVAL;
  const map = machine.mapAt(handle);
  const { values } = map;
  if (!values) throw map.refusal('for_each_map_elem');
  let count = 0;
  for (const [key, index] of [...map.places()]) {
    const region = new Region('the key of an element', key, { writable: false });
    count++;
    const answer = machine.invoke(
      callback,
      handle,
      machine.memory.address(region),
      machine.memory.address(values, index),
      context,
    );
    machine.memory.detach(region);
    if (answer !== 0n) break;
  }
  return count;
};

const lock: HelperFunction = (machine, address) => {
  machine.memory.bytes(address, 4, true);
  if (machine.heldLock !== undefined) {
    throw new WaggleError('OUT_OF_RANGE', 'takes a spin lock while it holds one');
  }
  machine.heldLock = address;
  return undefined;
};

const unlock: HelperFunction = (machine, address) => {
  if (machine.heldLock !== address) {
    throw new WaggleError('OUT_OF_RANGE', 'releases a spin lock that it does not hold');
  }
  machine.heldLock = undefined;
  return undefined;
};

const perCpuLookup: HelperFunction = (machine, handle, key, cpu, ...rest) =>
  u32(cpu) === machine.cpu ? lookup(machine, handle, key, cpu, ...rest) : 0n;

export const mapHelpers: readonly (readonly [number, HelperFunction])[] = [
  [Helper.mapLookupElem, lookup],
  [Helper.mapLookupPercpuElem, perCpuLookup],
  [Helper.mapUpdateElem, update],
  [Helper.mapDeleteElem, remove],
  [Helper.mapPushElem, push],
  [Helper.mapPopElem, next(true)],
  [Helper.mapPeekElem, next(false)],
  [Helper.forEachMapElem, forEach],
  [Helper.spinLock, lock],
  [Helper.spinUnlock, unlock],
];
