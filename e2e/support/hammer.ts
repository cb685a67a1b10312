/**
 * A process that has programs run on packets as fast as they can (BPF_PROG_TEST_RUN), until it is told to stop; then it says how
 * often. What becomes of each packet, the counters of the datapath know.
 *
 * Its argument is a list of programs, by the pins of their links, and packets in hexadecimal digits.
 */
import { codecOf, SkBuff } from '@waggle/bpf';
import { Link, Program } from '@waggle/kernel';

/** A program, the device at which it finds itself, and what it runs on. */
export interface HammerTarget {
  readonly pin: string;
  readonly device: number;
  readonly packet: string;
}

/** At a time; the kernel holds what it reads no longer than this. */
const REPEAT = 200;
const EMPTY = codecOf(SkBuff).decode(new Uint8Array(SkBuff.size));

const targets: readonly HammerTarget[] = JSON.parse(process.argv[2] ?? '[]');
const runs = targets.map(() => 0);
let stopped = false;
process.on('message', () => {
  stopped = true;
});

function strike(): void {
  for (const [index, { pin, device, packet }] of targets.entries()) {
    // Opened each time: programs may be replaced.
    using link = Link.openPinned(pin);
    using program = Program.openById(link.info().programId);
    const context = codecOf(SkBuff).encode({ ...EMPTY, interfaceIndex: device });
    program.testRun({ data: Buffer.from(packet, 'hex'), context, repeat: REPEAT });
    runs[index] = (runs[index] ?? 0) + REPEAT;
  }
  if (!stopped) setImmediate(strike);
  else process.send?.(runs, () => process.exit());
}

strike();
process.send?.('ready');
