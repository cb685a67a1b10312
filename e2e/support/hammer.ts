/**
 * A process that has programs run on packets as fast as they can (BPF_PROG_TEST_RUN), until it is told to stop; then it says how
 * often. What becomes of each packet, the counters of the datapath know.
 *
 * Its argument is a list of programs, by the pins of their links, and packets in hexadecimal digits.
 */
import { Link, Program } from '@waggle/kernel';

/** A program and what it runs on. */
export interface HammerTarget {
  readonly pin: string;
  readonly packet: string;
}

/** At a time; the kernel holds what it reads no longer than this. */
const REPEAT = 200;

const targets: readonly HammerTarget[] = JSON.parse(process.argv[2] ?? '[]');
const runs = targets.map(() => 0);
let stopped = false;
process.on('message', () => {
  stopped = true;
});

function strike(): void {
  for (const [index, { pin, packet }] of targets.entries()) {
    // Opened each time: programs may be replaced.
    using link = Link.openPinned(pin);
    using program = Program.openById(link.info().programId);
    program.testRun({ data: Buffer.from(packet, 'hex'), repeat: REPEAT });
    runs[index] = (runs[index] ?? 0) + REPEAT;
  }
  if (!stopped) setImmediate(strike);
  else process.send?.(runs, () => process.exit());
}

strike();
process.send?.('ready');
