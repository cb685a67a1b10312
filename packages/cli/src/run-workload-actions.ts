/**
 * What `waggle run` does: a network namespace, an endpoint in it, a process in both; and when the process ends, the endpoint goes.
 *
 * The namespace is held by this process and the one that it starts, by nothing else. So when both are killed, it ends, the kernel
 * deletes its devices, and the agent sees that and removes the endpoint.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentClient, Endpoint } from '@waggle/agent/client';
import { WaggleError } from '@waggle/bpf/messages';
import { bindMount, NetworkNamespace, withOwnMounts } from '@waggle/kernel/namespaces';
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { addressesOf } from './endpoint-text.ts';
import { asksNobody, hostsText, resolverText } from './workload-files.ts';
import { endpointRequest, type WorkloadOptions } from './workload-options.ts';
import { codeOfSignal, SignalForwarding } from './workload-signals.ts';

export type RunOptions = Pick<ClientOptions, 'socket'> &
  WorkloadOptions & { readonly dns?: readonly string[] };

/** What shells end with when they cannot start a command. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

const RESOLVER = '/etc/resolv.conf';
const UPSTREAM = '/run/systemd/resolve/resolv.conf';
const HOSTS = '/etc/hosts';

export async function runWorkload(
  command: readonly string[],
  options: RunOptions,
  context: Context,
): Promise<void> {
  const request = endpointRequest(options);
  const servers = checkServers(options.dns ?? []);
  const agent = agentOf(options);
  using signals = new SignalForwarding();
  using namespace = NetworkNamespace.createAnonymous();
  const netns = `/proc/${process.pid}/fd/${namespace.fd}`;
  const endpoint = await ask(context, agent.createEndpoint({ ...request, netns }));
  try {
    if (signals.early !== undefined) {
      context.exitCode = codeOfSignal(signals.early);
      return;
    }
    const files = filesOf(endpoint, servers, context);
    const child = namespace.run(() => withOwnMounts(() => start(command, files)));
    signals.to((signal) => child.kill(signal));
    context.exitCode = await endOf(child, command[0] ?? '', context);
  } finally {
    await remove(agent, endpoint, context);
  }
}

/** Starts the process; called in its namespaces. */
function start([file = '', ...args]: readonly string[], files: ReadonlyMap<string, string>): ChildProcess {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-run-'));
  try {
    for (const [path, text] of files) {
      const copy = join(directory, 'copy');
      writeFileSync(copy, text, { mode: 0o644 });
      bindMount(copy, path);
      // What is mounted stays without its name.
      rmSync(copy);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  return spawn(file, args, { stdio: 'inherit' });
}

/** The exit code of a process, as shells tell it. */
function endOf(child: ChildProcess, file: string, context: Context): Promise<number> {
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(signal === null ? (code ?? 0) : codeOfSignal(signal)));
    child.on('error', (error: NodeJS.ErrnoException) => {
      // Also told when a signal could not be sent; then it goes on, and ends later.
      if (child.pid !== undefined) return;
      const missing = error.code === 'ENOENT';
      const reason = missing ? 'there is no such command' : error.message;
      context.stderr.write(`waggle: cannot run ${file}: ${reason}\n`);
      resolve(missing ? NOT_FOUND : NOT_EXECUTABLE);
    });
  });
}

/** The files that the process sees in place of the host's. */
function filesOf(endpoint: Endpoint, servers: readonly string[], context: Context): Map<string, string> {
  const files = new Map<string, string>();
  if (existsSync(RESOLVER)) {
    const upstream = existsSync(UPSTREAM) ? { upstream: readFileSync(UPSTREAM, 'utf8') } : {};
    const resolver = resolverText({ resolver: readFileSync(RESOLVER, 'utf8'), ...upstream }, servers);
    files.set(RESOLVER, resolver);
    if (asksNobody(resolver)) {
      context.stderr.write(
        `waggle: ${RESOLVER} of this host names no server that an endpoint can reach; name one with --dns\n`,
      );
    }
  }
  if (existsSync(HOSTS)) {
    const { name } = endpoint.status.waggle;
    files.set(HOSTS, hostsText(readFileSync(HOSTS, 'utf8'), name, addressesOf(endpoint)));
  }
  return files;
}

async function remove(agent: AgentClient, endpoint: Endpoint, context: Context): Promise<void> {
  try {
    await agent.deleteEndpoint(endpoint.id);
  } catch (error) {
    // Somebody else has removed it.
    if (error instanceof WaggleError && error.code === 'NOT_FOUND') return;
    const reason = error instanceof Error ? error.message : String(error);
    context.stderr.write(
      `waggle: the endpoint ${endpoint.status.waggle.name} stays until the agent sees that its namespace is gone: ${reason}\n`,
    );
  }
}

function checkServers(servers: readonly string[]): readonly string[] {
  const wrong = servers.find((server) => isIP(server) === 0);
  if (wrong === undefined) return servers;
  throw new WaggleError('MALFORMED', `--dns ${wrong}: this is no IP address`);
}
