/** The `waggle` command: from the arguments of this process to its exit code. */
import { run } from './run.ts';

// A reader that has seen enough (`waggle … | head`) closes the pipe; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await run(process.argv.slice(2));
