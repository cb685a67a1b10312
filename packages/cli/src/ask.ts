/** How the actions of commands ask the agent: over its socket, with a word to those who wait. */
import { AgentClient } from '@waggle/agent/client';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { withProgress } from './progress.ts';

/** The agent that the options name. Whether it is there is seen when it is asked. */
export const agentOf = ({ socket }: Pick<ClientOptions, 'socket'>): AgentClient =>
  new AgentClient(socket === undefined ? {} : { socket });

/** Waits for the agent's answer. */
export const ask = <T>(context: Pick<Context, 'stderr'>, answer: Promise<T>): Promise<T> =>
  withProgress(context, 'waiting for the agent', answer);
