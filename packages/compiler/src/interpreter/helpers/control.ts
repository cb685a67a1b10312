/** Helpers that decide where the program goes on: tail calls, loops, and redirection of the packet. */
import { Helper } from '../../backend/helper.ts';
import { errno } from '../errno.ts';
import { Executable } from '../executable.ts';
import { VirtualReferences } from '../maps/references.ts';
import { type HelperFunction, u32 } from './helper.ts';

/** MAX_TAIL_CALL_CNT */
const MOST_TAIL_CALLS = 33;
/** BPF_MAX_LOOPS */
const MOST_ITERATIONS = 1 << 23;

/** Returns only when there is no program to go on with. */
const tailCall: HelperFunction = (machine, _context, handle, index) => {
  const map = machine.mapAt(handle);
  if (!(map instanceof VirtualReferences)) throw map.refusal('tail_call');
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, u32(index), true);
  const program = map.target(key);
  if (program instanceof Executable && machine.tailCalls < MOST_TAIL_CALLS) {
    machine.tailCalls++;
    machine.continueWith(program);
  }
  return undefined;
};

/** Calls `callback(iteration, context)` until it answers other than 0. */
const loop: HelperFunction = (machine, iterations, callback, context, flags) => {
  if (flags !== 0n) return -errno.EINVAL;
  const count = u32(iterations);
  if (count > MOST_ITERATIONS) return -errno.E2BIG;
  for (let iteration = 0; iteration < count; iteration++) {
    if (machine.invoke(callback, BigInt(iteration), context) !== 0n) return iteration + 1;
  }
  return count;
};

const XDP_ABORTED = 0;
const XDP_REDIRECT = 4;
const TC_ACT_SHOT = 2;
const TC_ACT_REDIRECT = 7;
/** BPF_F_INGRESS, the only flag of redirection in traffic control. */
const INGRESS = 1;

const redirect: HelperFunction = (machine, target, given) => {
  const [interfaceIndex, flags] = [u32(target), Number(given)];
  const isXdp = machine.context?.kind === 'xdp';
  if ((flags & ~(isXdp ? 0 : INGRESS)) !== 0) return isXdp ? XDP_ABORTED : TC_ACT_SHOT;
  machine.redirection = { interfaceIndex, flags };
  return isXdp ? XDP_REDIRECT : TC_ACT_REDIRECT;
};

/** What to return instead when the map has no such key, and BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS. */
const FALLBACK = 3;
const BROADCAST = 0x18;

const redirectMap: HelperFunction = (machine, handle, target, given) => {
  const map = machine.mapAt(handle);
  const [key, flags] = [u32(target), Number(given)];
  if ((flags & ~(FALLBACK | BROADCAST)) !== 0) return XDP_ABORTED;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, key, true);
  if ((flags & BROADCAST) === 0 && map.lookup(bytes) === undefined) return flags & FALLBACK;
  machine.redirection = { map, key, flags };
  return XDP_REDIRECT;
};

export const controlHelpers: readonly (readonly [number, HelperFunction])[] = [
  [Helper.tailCall, tailCall],
  [Helper.loop, loop],
  [Helper.redirect, redirect],
  [Helper.redirectMap, redirectMap],
];
