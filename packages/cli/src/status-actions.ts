/** What `waggle status` does: it asks the agent, until all is well where somebody waits for that. */
import { setTimeout } from 'node:timers/promises';
import type { StatusResponse } from '@waggle/agent/client';
import { WaggleError } from '@waggle/bpf/messages';
import { agentOf, ask } from './ask.ts';
import { type Context, ExitCode } from './context.ts';
import { durationText } from './duration.ts';
import { styleFor } from './output.ts';
import { print } from './print.ts';
import { withProgress } from './progress.ts';
import type { StatusOptions } from './status.ts';
import { briefText, isWell, statusText } from './status-text.ts';

const USUAL_WAIT = 60_000;
const PAUSE = 200;

export async function status(options: StatusOptions, context: Context): Promise<void> {
  const { brief = false, verbose = false, wait } = options;
  const agent = agentOf(options);
  const asked = () => agent.status({ brief });
  const found =
    wait === undefined
      ? await ask(context, asked())
      : await withProgress(
          context,
          'waiting until all is well',
          untilWell(asked, wait === true ? USUAL_WAIT : wait),
        );
  if (!isWell(found)) context.exitCode = ExitCode.failure;
  const maps = verbose ? (await ask(context, agent.maps())).maps : [];
  const text = () =>
    brief
      ? briefText(found)
      : statusText(found, { verbose, maps, now: Date.now(), style: styleFor(context.stdout) });
  print(options, context, found, text);
}

/** Asks until all is well, or the time is over: then what was found last. */
async function untilWell(asked: () => Promise<StatusResponse>, patience: number): Promise<StatusResponse> {
  const start = performance.now();
  for (;;) {
    const found = await asked().catch((error: unknown) => {
      if (isAbsence(error)) return error;
      throw error;
    });
    if (!(found instanceof WaggleError)) {
      if (isWell(found) || performance.now() - start >= patience) return found;
    } else if (performance.now() - start >= patience) {
      throw new WaggleError('NOT_FOUND', `No agent has come up within ${durationText(patience)}`, {
        hint: found.message,
        cause: found,
      });
    }
    await setTimeout(PAUSE);
  }
}

/** No agent yet, or one that is just stopping. */
const isAbsence = (error: unknown): error is WaggleError =>
  error instanceof WaggleError && (error.code === 'NOT_FOUND' || error.code === 'CLOSED');
