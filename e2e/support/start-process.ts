/** An agent as a process of its own, that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { scriptArguments } from './script.ts';

/** Starts it, and waits until it is ready. */
export async function startProcess(options: object): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...scriptArguments('agent-process'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}
