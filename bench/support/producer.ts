/**
 * A process that runs a program at a steady pace: `producer.ts <program id> <runs a second> <seconds> [frame]`,
 * the frame in hexadecimal. It prints how many seconds it took.
 */
import { Program } from '@waggle/kernel';
import { FRAME } from './events.ts';

const [id = 0, rate = 0, seconds = 0] = process.argv.slice(2).map(Number);
const frame = process.argv[5];
const data = frame === undefined ? FRAME : Buffer.from(frame, 'hex');
const SLICES_A_SECOND = 1000;

using program = Program.openById(id);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const start = performance.now();
for (let done = 0; done < rate * seconds; ) {
  const due = Math.min(rate * seconds, Math.ceil(((performance.now() - start) / 1000) * rate));
  if (due > done) program.testRun({ data, repeat: due - done });
  done = Math.max(done, due);
  Atomics.wait(sleeper, 0, 0, 1000 / SLICES_A_SECOND);
}
console.log((performance.now() - start) / 1000);
