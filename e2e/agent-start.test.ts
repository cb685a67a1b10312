/**
 * What an agent loads and does to start and to serve an endpoint: this, and nothing about time, is why it starts fast. The built command
 * runs here, on a host of its own.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cleanUp, parseAgentOptions } from '@waggle/agent';
import { AgentClient } from '@waggle/agent/client';
import { NetworkNamespace } from '@waggle/kernel';
import { needsRoot, uniqueName } from '../packages/kernel/src/testing/lab.ts';
import { needsBuild } from './support/built-waggle.ts';

const WAGGLE = fileURLToPath(new URL('../packages/cli/bin/waggle.js', import.meta.url));
const NOTE = new URL('./support/note-what-runs.mjs', import.meta.url).href;
/** More than that take longer to find than to run. */
const MOST_FILES = 40;

describe('an agent that starts and gets an endpoint', { skip: needsRoot || needsBuild }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-start-'));
  const noted = join(directory, 'noted.json');
  const options = {
    'state-dir': join(directory, 'state'),
    'run-dir': join(directory, 'run'),
    pins: `/sys/fs/bpf/${uniqueName()}`,
  };
  let files: string[] = [];
  let functions: string[] = [];

  before(async () => {
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const args = ['--import', NOTE, WAGGLE, 'agent', '--log-level', 'error', ...flags];
    const agent = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, WHAT_RAN: noted },
    });
    const ended = once(agent, 'exit');
    const client = new AgentClient({ socket: join(options['run-dir'], 'agent.sock') });
    using namespace = NetworkNamespace.create(uniqueName());
    try {
      while (!(await isReady(client))) {
        if (agent.exitCode !== null) throw new Error(`the agent has ended with ${agent.exitCode}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await client.createEndpoint({ labels: ['app=web'], netns: `/run/netns/${namespace.name}` });
    } finally {
      agent.kill('SIGTERM');
      await ended;
      namespace.remove();
    }
    const { scripts, functions: called } = JSON.parse(readFileSync(noted, 'utf8'));
    files = scripts.filter((url: string) => url.startsWith('file:') && url !== NOTE).map(fileURLToPath);
    functions = called;
  });
  after(async () => {
    await cleanUp(parseAgentOptions(options), { state: true });
    rmSync(directory, { recursive: true });
  });

  test('it is in few files', () => {
    const others = files.filter(
      (file) => !/\/packages\/cli\/(bin|bundle)\/|\/node_modules\/(koffi|@koromix)\//.test(file),
    );
    assert.deepEqual(others, []);
    assert.ok(files.length <= MOST_FILES, files.join('\n'));
  });

  test('what compiles, steers or demonstrates is not in them', () => {
    const modules = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^ *\/\/ ((?:packages|node_modules)\/\S+)$/gm)].map(
        ([, module]) => module ?? '',
      ),
    );
    assert.ok(modules.includes('packages/agent/dist/agent.js'));
    const needless =
      /^node_modules\/typescript\/|\/compiler\/dist\/(frontend|modules\/(build|compile|transpile))|\/steering\/|\/cli\/dist\/demo\//;
    assert.deepEqual(
      modules.filter((module) => needless.test(module)),
      [],
    );
  });

  test('no code is generated: that of usual programs comes with them', () => {
    assert.ok(functions.includes('loadDeclared'), 'programs were loaded');
    const work = ['generate', 'generateFunction', 'optimize', 'programFromJson'];
    assert.deepEqual(
      work.filter((name) => functions.includes(name)),
      [],
    );
  });
});

async function isReady(client: AgentClient): Promise<boolean> {
  try {
    const { cilium } = await client.status();
    return cilium?.state === 'Ok';
  } catch {
    return false;
  }
}
