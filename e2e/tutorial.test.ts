/** The commands of docs/policy-on-one-host.md do what the page says: they are typed one after the other, in a machine that only they see. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { missing } from '../packages/kernel/src/testing/namespaces.ts';
import { needsBuild } from './support/built-waggle.ts';

const page = new URL('../docs/policy-on-one-host.md', import.meta.url);
const waggle = new URL('../packages/cli/bin/waggle.js', import.meta.url).pathname;
const TOOLS = ['unshare', 'bash', 'python3', 'curl', 'jq'];
const needsTools = TOOLS.map((tool) => missing(tool)).find((reason) => reason !== false) ?? false;

/** A command of the page, and what stands below it. */
interface Typed {
  readonly command: string;
  readonly answer: string;
}

/** What a reader types, in its order. */
function typedCommands(): Typed[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```console\n([\s\S]*?)^```$/gm)];
  return blocks
    .flatMap(([, block = '']) => block.split(/^\$ /m).slice(1))
    .map((text) => {
      const lines = text.trimEnd().split('\n');
      const last = lastLine(lines);
      return { command: lines.slice(0, last + 1).join('\n'), answer: lines.slice(last + 1).join('\n') };
    });
}

/** Where a command ends that begins with the first of these lines: a text that is typed in goes up to its END, a loop to its done. */
function lastLine(lines: readonly string[]): number {
  if (lines[0]?.endsWith("<<'END'")) return lines.indexOf('END');
  return lines[0]?.endsWith('; do') ? lines.findIndex((line) => line.includes('; done')) : 0;
}

/** An answer in which `…` stands for anything. */
function patternOf(answer: string): RegExp {
  const escaped = answer
    .split('…')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/ +/g, ' +'));
  return new RegExp(`^${escaped.join('[\\s\\S]*')}$`);
}

/** A machine of one's own: its mounts and its processes. What is in the directories that waggle uses is there alone. */
const SETUP = `
mount --make-rprivate /
for directory in /run /var/lib; do mount -t tmpfs none $directory; done
mount -t bpf none /sys/fs/bpf
mkdir /run/bin
printf '#!/bin/sh\nexec "${process.execPath}" "${waggle}" "$@"\n' > /run/bin/waggle
chmod +x /run/bin/waggle
PATH=/run/bin:$PATH
`;

/** Milliseconds. A page that does not come to its end is wrong, too. */
const PATIENCE = 180_000;

test('the tutorial works as it is written', {
  skip: needsRoot || needsBuild || needsTools,
  timeout: PATIENCE,
}, async () => {
  const typed = typedCommands();
  assert.ok(typed.length > 15);
  const directory = mkdtempSync(join(tmpdir(), 'waggle-tutorial-'));
  const script = typed.map(({ command }) => `${command}\nprintf '\\0'`).join('\n');
  const args = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'bash'];
  const shell = spawn('unshare', args, { cwd: directory, stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    let output = '';
    shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    shell.stdin.end(`${SETUP}exec 2>&1\n${script}\n`);
    await once(shell, 'close');
    const answers = output.split('\0');
    for (const [index, { command, answer }] of typed.entries()) {
      const given = (answers[index] ?? 'nothing').trimEnd();
      if (answer === '') continue;
      assert.match(given, patternOf(answer), `$ ${command}`);
    }
  } finally {
    shell.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});
