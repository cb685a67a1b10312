/** The `waggle` command as users have it: built, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';

const entry = new URL('../../packages/cli/bin/waggle.js', import.meta.url).pathname;
const packages = new URL('../../packages/', import.meta.url);

/** For `test(name, { skip: needsBuild }, …)`. */
export const needsBuild: string | false = isBuilt() ? false : 'needs the command as it is now: npm run build';

/** Whether the command that is in one piece was made of what its packages were compiled to last. */
function isBuilt(): boolean {
  const time = (path: string): number =>
    statSync(new URL(path, packages), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const compiled = readdirSync(packages).map((name) => time(`${name}/dist/.tsbuildinfo`));
  return time('cli/bundle/main.js') > Math.max(...compiled);
}

/** A command that runs. */
export class BuiltWaggle {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], user?: { readonly uid: number; readonly gid: number }) {
    this.child = spawn(process.execPath, [entry, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
      ...user,
    });
    for (const name of ['stdout', 'stderr'] as const) {
      this.child[name]?.setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
      });
    }
  }

  /** Waits until it has written something. */
  async written(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout)) {
      const [text] = await Promise.race([
        once(this.child.stdout ?? this.child, 'data'),
        once(this.child, 'close').then(() => []),
      ]);
      if (text === undefined)
        throw new Error(`it has ended without ${pattern}: ${this.stdout}${this.stderr}`);
    }
  }

  /** Waits for its end. */
  async end(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return { code: this.child.exitCode, signal: this.child.signalCode };
  }
}

/** Runs a command to its end. */
export async function builtWaggle(...args: readonly string[]): Promise<BuiltWaggle> {
  const command = new BuiltWaggle(args);
  await command.end();
  return command;
}
