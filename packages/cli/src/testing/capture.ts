/** A command run within a test: what it writes, and what it ends with. */
import { run } from '../run.ts';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

/** Runs `waggle` with these arguments in this process. */
export async function waggle(...args: readonly string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const status = await run(args, { stdout: stream('stdout'), stderr: stream('stderr') });
  return { ...written, status };
}
