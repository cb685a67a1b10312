/** System calls that a signal interrupts and that then start over: some never end in a process that is sent many of them. */
import * as libc from './libc.ts';
import { NativeBuffer } from './memory.ts';

const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
/** sizeof(sigset_t) in glibc. */
const SIGNAL_SET = 128;

/** Runs `body`, during which no signal interrupts this thread; those that come are delivered afterwards. */
export function withoutSignals<Result>(body: () => Result): Result {
  const [all, before] = [new NativeBuffer(SIGNAL_SET), new NativeBuffer(SIGNAL_SET)];
  all.bytes.fill(0xff);
  libc.pthreadSigmask(SIG_BLOCK, all.address, before.address);
  try {
    return body();
  } finally {
    libc.pthreadSigmask(SIG_SETMASK, before.address, 0);
  }
}
