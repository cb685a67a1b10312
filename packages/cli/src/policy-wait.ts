/** Waiting until policies are in force at every endpoint. */
import { setTimeout } from 'node:timers/promises';
import type { AgentClient, Endpoint } from '@waggle/agent/client';
import type { Context } from './context.ts';
import { durationText } from './duration.ts';
import { withProgress } from './progress.ts';

const PAUSE = 100;

/** Asks until no endpoint is behind, or the time is over; gives those that are still behind. */
export const awaitRevision = (
  agent: Pick<AgentClient, 'endpoints'>,
  revision: number,
  patience: number,
  context: Pick<Context, 'stderr'>,
): Promise<Endpoint[]> =>
  withProgress(context, `waiting for revision ${revision}`, untilInForce(agent, revision, patience));

async function untilInForce(
  agent: Pick<AgentClient, 'endpoints'>,
  revision: number,
  patience: number,
): Promise<Endpoint[]> {
  const start = performance.now();
  for (;;) {
    const lagging = (await agent.endpoints()).filter((endpoint) => isBehind(endpoint, revision));
    if (lagging.length === 0 || performance.now() - start >= patience) return lagging;
    await setTimeout(PAUSE);
  }
}

/** An endpoint on its way out has no policy any more, and needs none. */
const isBehind = ({ status }: Endpoint, revision: number): boolean =>
  status.state !== 'disconnecting' &&
  status.state !== 'disconnected' &&
  status.policy.realized['policy-revision'] < revision;

/** Who is behind, and why. */
export function laggingText(lagging: readonly Endpoint[], revision: number, patience: number): string {
  const lines = lagging.map(({ status }) => {
    const why = status.waggle['policy-message'];
    const at = `${status.waggle.name} is at revision ${status.policy.realized['policy-revision']}`;
    return `  ${at}${why === undefined ? '' : `: ${why}`}\n`;
  });
  return `waggle: Revision ${revision} is not in force everywhere after ${durationText(patience)}:\n${lines.join('')}`;
}
