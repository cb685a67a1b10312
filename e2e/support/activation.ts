/**
 * A stand-in for systemd's socket activation: it opens sockets in a namespace, and starts a process that finds them from descriptor
 * 3 on, as sd_listen_fds(3) says. The sockets stay with it, and answer as echo servers do, until it is ended.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NetworkNamespace } from '@waggle/kernel';
import { scriptArguments } from './script.ts';

/** How a command ended, and what it said. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the process finds: an echo server that answers with its port, or a file, which is no socket at all. */
export interface Passed {
  readonly kind: 'tcp' | 'file';
  readonly port?: number;
  readonly name: string;
}

// The shell gives LISTEN_PID its own number, and becomes the command.
const LAUNCHER = `const [passed, command, user] = JSON.parse(process.argv[1]);
const { spawn } = require('node:child_process');
const open = ({ kind, port }) => new Promise((resolve) => {
  if (kind === 'file') return resolve(require('node:fs').openSync('/dev/null'));
  const server = require('node:net').createServer((socket) => {
    socket.on('data', (text) => socket.write(port + ': ' + text)).on('error', () => {});
  });
  server.listen(port, '0.0.0.0', () => resolve(server._handle.fd));
});
Promise.all(passed.map(open)).then((fds) => {
  const names = passed.map(({ name }) => name).join(':');
  const env = { ...process.env, HOME: '/', LISTEN_FDS: String(fds.length), LISTEN_FDNAMES: names };
  const shell = ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...command];
  spawn('sh', shell, { stdio: ['inherit', 'inherit', 'inherit', ...fds], env, ...user }).on('close', () => process.exit());
});`;

const WAGGLE = fileURLToPath(new URL('../../packages/cli/bin/waggle.js', import.meta.url));

/** The command line of `waggle` as a process of its own. */
export const waggleCommand = (...args: string[]): string[] => [process.execPath, WAGGLE, ...args];

/** Whose process it is; root's by default. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A process that was started with sockets, and runs commands of `waggle`. */
export class ActivatedSession implements Disposable {
  readonly #launcher: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor(namespace: NetworkNamespace, passed: readonly Passed[], user?: User) {
    const session = [process.execPath, ...scriptArguments('waggle-session')];
    const question = JSON.stringify([passed, session, user ?? {}]);
    this.#launcher = namespace.spawn(process.execPath, ['-e', LAUNCHER, question]);
    const { stdout, stderr } = this.#launcher;
    if (!stdout || !stderr) throw new Error('a launcher without output');
    stderr.on('data', (text) => {
      this.#errors += text;
    });
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async run(...args: string[]): Promise<Outcome> {
    this.#launcher.stdin?.write(`${JSON.stringify(args)}\n`);
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error(`the session has ended: ${this.#errors}`);
    return JSON.parse(value);
  }

  /** The process ends with its input. */
  [Symbol.dispose](): void {
    this.#launcher.stdin?.end();
  }
}
