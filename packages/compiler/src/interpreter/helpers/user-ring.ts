/** Helpers on what user space has sent. */
import { WaggleError } from '@waggle/bpf';
import { Helper } from '../../backend/helper.ts';
import { errno } from '../errno.ts';
import { DynamicPointer, VirtualUserRing } from '../maps/user-ring.ts';
import { type HelperFunction, u32 } from './helper.ts';

/** BPF_RB_NO_WAKEUP and BPF_RB_FORCE_WAKEUP: nobody waits here, but others are refused. */
const WAKEUP_FLAGS = 3n;
/** BPF_MAX_USER_RINGBUF_SAMPLES */
const MOST_RECORDS = 128 * 1024;

/** Calls `callback(record, context)` for each record until it answers other than 0; what it was called with is taken out. */
const drain: HelperFunction = (machine, handle, callback, context, flags) => {
  if ((flags & ~WAKEUP_FLAGS) !== 0n) return -errno.EINVAL;
  const ring = machine.mapAt(handle);
  if (!(ring instanceof VirtualUserRing)) throw ring.refusal('user_ringbuf_drain');
  let count = 0;
  while (count < MOST_RECORDS) {
    const record = ring.take();
    if (!record) break;
    count++;
    const pointer = new DynamicPointer(record);
    const answer = machine.invoke(callback, machine.memory.address(pointer), context);
    machine.memory.detach(pointer);
    if (answer !== 0n) break;
  }
  return count;
};

/** Copies bytes of a record, if it has so many. */
const read: HelperFunction = ({ memory }, target, size, source, offset, flags) => {
  const pointer = memory.find(source);
  if (!(pointer instanceof DynamicPointer)) {
    throw new WaggleError('WRONG_TYPE', `0x${source.toString(16)} is no dynamic pointer`);
  }
  if (flags !== 0n) return -errno.EINVAL;
  const [first, length] = [u32(offset), u32(size)];
  if (first + length > pointer.record.length) return -errno.E2BIG;
  memory.bytes(target, length, true).set(pointer.record.subarray(first, first + length));
  return 0;
};

export const userRingHelpers: readonly (readonly [number, HelperFunction])[] = [
  [Helper.userRingbufDrain, drain],
  [Helper.dynptrRead, read],
];
