/** Runs commands of `waggle` that come as lines of JSON, and answers each with its outcome. */
import { createInterface } from 'node:readline';
import { run } from '../../packages/cli/src/run.ts';

await import('@waggle/compiler/register');

for await (const line of createInterface({ input: process.stdin })) {
  let [stdout, stderr] = ['', ''];
  const code = await run(JSON.parse(line), {
    stdout: {
      write: (text: string) => {
        stdout += text;
      },
    },
    stderr: {
      write: (text: string) => {
        stderr += text;
      },
    },
  });
  console.log(JSON.stringify({ code, stdout, stderr }));
}
