/** What `waggle demo --clean` does: it removes the labs that were kept, and what demos that were killed have left. */
import { WaggleError } from '@waggle/bpf';
import { type Context, ExitCode } from '../context.ts';
import { LabHost } from './lab-host.ts';

/**
 * Removes labs whose demos do not run any more.
 * @param wanted - The name of one, or true for all.
 */
export async function cleanDemos(wanted: string | boolean, context: Context): Promise<void> {
  const names = LabHost.names().filter((name) => typeof wanted === 'boolean' || name === wanted);
  if (names.length === 0) {
    const what = typeof wanted === 'string' ? wanted : 'any demo';
    context.stdout.write(`nothing is left of ${what}\n`);
  }
  for (const name of names) {
    const lab = openUnlessUsed(name);
    if (!lab) {
      context.stdout.write(`${name} is being played: left alone\n`);
      continue;
    }
    const left = (await lab.remove()).filter((remains) => remains.left.length > 0);
    for (const { what, left: found } of left) {
      context.stderr.write(`waggle: of ${name}, ${what} are left: ${found.join(', ')}\n`);
    }
    if (left.length > 0) context.exitCode = ExitCode.failure;
    else context.stdout.write(`removed ${name}\n`);
  }
}

function openUnlessUsed(name: string): LabHost | undefined {
  try {
    return LabHost.open(name);
  } catch (error) {
    if (error instanceof WaggleError && error.code === 'BUSY') return undefined;
    throw error;
  }
}
