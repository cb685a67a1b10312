/** Workloads of the command line, with a real agent: `waggle run` as a process of its own, `waggle endpoint attach` and `detach`. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunningAgent } from '@waggle/agent';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { waggle } from '../packages/cli/src/testing/capture.ts';
import { needsRoot, uniqueName } from '../packages/kernel/src/testing/lab.ts';

await import('@waggle/compiler/register');
const { parseAgentOptions, startAgent } = await import('@waggle/agent');
const { Datapath } = await import('@waggle/datapath');

const root = new URL('..', import.meta.url).pathname;
const HOST = '198.51.100.1';

describe('workloads of the command line', { skip: needsRoot }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-workloads-'));
  const pins = `/sys/fs/bpf/${uniqueName()}`;
  const made: NetworkNamespace[] = [];
  const create = () => {
    const namespace = NetworkNamespace.create(uniqueName());
    made.push(namespace);
    return namespace;
  };
  let running: RunningAgent;
  before(async () => {
    const host = create();
    using network = Network.open(host);
    network.links.set('lo', { up: true });
    network.addresses.add('lo', `${HOST}/32`);
    const options = { 'state-dir': join(directory, 'state'), 'run-dir': directory, pins, netns: host.name };
    running = await startAgent(parseAgentOptions({ ...options, 'log-level': 'error' }));
  });
  after(async () => {
    await running.stop();
    for (const namespace of made) namespace.remove();
    Datapath.remove(pins);
    rmSync(directory, { recursive: true });
  });
  const endpoints = () => running.agent.endpoints.list();

  const start = (args: readonly string[], input: 'ignore' | 'pipe' = 'ignore'): ChildProcess =>
    spawn(process.execPath, ['packages/cli/bin/waggle.js', 'run', '--socket', running.socket, ...args], {
      cwd: root,
      stdio: [input, 'pipe', 'pipe'],
    });
  /** Runs to the end, and tells what was written and what it ended with. */
  const outcome = async (child: ChildProcess, text?: string) => {
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (data) => {
        written[name] += data;
      });
    }
    if (text !== undefined) child.stdin?.end(text);
    const [status] = await once(child, 'close');
    return { ...written, status };
  };
  const until = async (condition: () => boolean) => {
    const deadline = Date.now() + 4000;
    while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(condition());
  };
  /** Starts a workload that says when it runs, and goes on. */
  const startLong = async (script: string) => {
    const child = start(['--', 'sh', '-c', `${script}\necho ready $$; while :; do sleep 0.02; done`]);
    const [line] = await once(child.stdout?.setEncoding('utf8') ?? child, 'data');
    return { child, pid: Number(/ready (\d+)/.exec(String(line))?.[1]) };
  };

  test('gives a command a network and names of its own, its input, and its output and end to others', async () => {
    const resolver = readFileSync('/etc/resolv.conf', 'utf8');
    const script = `cat /proc/net/route /etc/hosts /etc/resolv.conf
      ls /proc/sys/net/ipv4/conf
      for address in ${HOST} 127.0.0.1; do ping -q -c 1 -W 2 $address > /dev/null || echo lost $address; done
      cat
      exit 7`;
    const options = ['--name', 'web', '-l', 'app=web,role=x', '--dns', '198.51.100.53', '--ip', '10.92.0.77'];
    const { stdout, stderr, status } = await outcome(
      start([...options, '--', 'sh', '-c', script], 'pipe'),
      'some text\n',
    );
    assert.equal(stderr, '');
    assert.equal(status, 7);
    assert.match(stdout, /^eth0\s+00000000\s+0101FEA9/m);
    assert.match(stdout, /^10\.92\.0\.77 web$/m);
    assert.deepEqual(stdout.match(/^nameserver.*$/gm), ['nameserver 198.51.100.53']);
    assert.deepEqual(stdout.split('\n').slice(-6, -1), ['all', 'default', 'eth0', 'lo', 'some text']);
    assert.equal(readFileSync('/etc/resolv.conf', 'utf8'), resolver);
    assert.equal(endpoints().length, 0);
  });

  test('passes signals on, and tells which one ended the command', async () => {
    const { child } = await startLong(`trap 'echo usr1' USR1`);
    const ended = outcome(child);
    child.kill('SIGUSR1');
    await once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    const { stdout, status } = await ended;
    assert.equal(stdout, 'usr1\n');
    assert.equal(status, 128 + 15);
    assert.equal(endpoints().length, 0);
  });

  test('says that there is no such command', async () => {
    const { stderr, status } = await outcome(start(['--', '/nowhere/command']));
    assert.equal(stderr, 'waggle: cannot run /nowhere/command: there is no such command\n');
    assert.equal(status, 127);
    assert.equal(endpoints().length, 0);
  });

  test('may be killed: the endpoint goes with its command', async () => {
    const { child, pid } = await startLong('');
    assert.equal(endpoints().length, 1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(endpoints().length, 1);
    process.kill(pid, 'SIGKILL');
    await until(() => endpoints().length === 0);
  });

  test('may be a namespace that is there', async () => {
    const namespace = create();
    const own = ['--socket', running.socket];
    const attach = ['endpoint', 'attach', ...own, '--netns', namespace.name ?? '', '--name', 'lab'];
    const { stdout, stderr } = await waggle(...attach, '-l', 'app=web,role=x', '-p', 'http=8080');
    assert.match(stdout, /^attached lab \(10\.92\.\d+\.\d+, fd77:[0-9a-f:]+\)\n$/, stderr);
    const [lab] = endpoints();
    assert.deepEqual(lab?.labels, ['k8s:app=web', 'k8s:role=x']);
    assert.deepEqual(lab?.namedPorts, [{ name: 'http', port: 8080, protocol: 'TCP' }]);
    const second = await waggle(...attach);
    assert.equal(second.status, 1);
    assert.match(second.stderr, /already an endpoint lab/);
    assert.equal((await waggle('endpoint', 'detach', ...own, 'lab')).stdout, 'detached lab\n');
    assert.deepEqual(endpoints(), []);
    using network = Network.open(namespace);
    await until(() => network.links.list({ kind: 'veth' }).length === 0);
  });
});
