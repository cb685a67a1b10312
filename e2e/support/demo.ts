/** Runs the demonstration of an example as a process of its own, as a user would, and sees that nothing of it is left. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { Program } from '@waggle/kernel';

const root = new URL('../..', import.meta.url).pathname;

/**
 * @param program the name that the example's program has in the kernel.
 * @returns what it printed.
 */
export function runDemo(example: string, program: string): string {
  const before = left(program);
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', `examples/${example}/demo.ts`],
    { cwd: root, encoding: 'utf8', timeout: 60_000 },
  );
  assert.equal(status, 0, stderr);
  assert.deepEqual(left(program), before);
  return stdout;
}

/** What could be left behind and told from what other tests do at the same time. */
const left = (program: string) => ({
  devices: readdirSync('/sys/class/net').sort(),
  programs: Program.ids().filter((id) => nameOf(id) === program),
});

function nameOf(id: number): string | undefined {
  try {
    using program = Program.openById(id);
    return program.name;
  } catch {
    // It ended since it was listed.
    return undefined;
  }
}
