/** What `waggle demo` does: it finds out where the story can play, tells it there, and cleans up, also when it is interrupted. */
import { KernelError } from '@waggle/kernel';
import { type Context, ExitCode } from '../context.ts';
import type { DemoOptions } from '../demo.ts';
import { LabHost } from './lab-host.ts';
import { whatIsMissing } from './missing.ts';
import { Narrator } from './narrator.ts';
import { playOnText } from './play-on.ts';
import { RealWorld } from './real-world.ts';
import { SimulatedWorld } from './simulated-world.ts';
import { tellRemains, tellStory } from './story.ts';
import type { World } from './world.ts';

const TITLE = 'waggle demo: who may land on the Death Star?';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Tells the story; the exit code says whether everything was as expected. */
export async function runDemo(options: DemoOptions, context: Context): Promise<void> {
  const world = options.simulate
    ? new SimulatedWorld('You have asked for a simulation.')
    : await possibleWorld();
  const narrator = new Narrator(context.stdout, {
    ...(world.label !== undefined && { label: world.label }),
    pauses: options.step === true && process.stdin.isTTY,
  });
  const signals = new Signals();
  let isOver = false;
  try {
    const told = tell(world, narrator, options).then(() => {
      isOver = true;
    });
    await Promise.race([told, signals.any]);
  } finally {
    narrator.stop();
    if (!isOver) await world.close();
    signals.letThrough();
  }
  if (narrator.tally.unmet > 0) context.exitCode = ExitCode.failure;
}

/** A real world where that can be, else a simulation that says why. */
async function possibleWorld(): Promise<World> {
  const missing = whatIsMissing();
  if (missing !== undefined) return new SimulatedWorld(missing);
  try {
    return new RealWorld(await LabHost.create());
  } catch (error) {
    if (error instanceof KernelError)
      return new SimulatedWorld(`No host of its own can be made here: ${error.message}.`);
    throw error;
  }
}

async function tell(world: World, narrator: Narrator, { keep = false }: DemoOptions): Promise<void> {
  const start = performance.now();
  narrator.title(TITLE, world.opening);
  await tellStory(world, narrator);
  if (keep && world instanceof RealWorld) {
    await narrator.step('It goes on: play with it');
    narrator.list(playOnText(world.keep()));
  } else {
    await tellRemains(await world.close(), narrator);
  }
  const { met, unmet } = narrator.tally;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const judgement =
    unmet === 0 ? `All ${met} expectations were met` : `${unmet} of ${met + unmet} expectations were not met`;
  narrator.end(`${judgement}, in ${seconds} s.`);
}

/** Signals that end the demo, but not before it has cleaned up. */
class Signals {
  /** Ends when there is one. */
  readonly any: Promise<void>;
  #caught: NodeJS.Signals | undefined;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();

  constructor() {
    this.any = new Promise((resolve) => {
      for (const signal of SIGNALS) {
        const listener = (): void => {
          this.#caught ??= signal;
          resolve();
        };
        this.#listeners.set(signal, listener);
        process.on(signal, listener);
      }
    });
  }

  /** From now on they do what they usually do, and so does the one that came. */
  letThrough(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
    if (this.#caught) process.kill(process.pid, this.#caught);
  }
}
