/** What every command takes that asks the agent. */
import type { Command } from 'commander';
import { type OutputOptions, outputOption } from './print.ts';

export interface ClientOptions extends OutputOptions {
  /** The agent's socket. */
  readonly socket?: string;
}

/** Adds the options to a command. */
export const addClientOptions = (command: Command): Command =>
  command
    .option('--socket <path>', "the agent's socket (default: $WAGGLE_SOCKET, else /run/waggle/agent.sock)")
    .addOption(outputOption());
