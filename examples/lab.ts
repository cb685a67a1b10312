/**
 * A safe place to try an example in: two hosts, alice (10.9.0.1) and bob (10.9.0.2), joined by a wire. Each is a network
 * namespace without a name, which ends with this process however it ends. The machine's own network is never touched.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Network, NetworkNamespace, writeSysctl } from '@waggle/kernel';

export class Lab implements Disposable {
  readonly alice = NetworkNamespace.createAnonymous();
  readonly bob = NetworkNamespace.createAnonymous();
  readonly #children: ChildProcess[] = [];

  constructor() {
    // IPv6 talks by itself, and would make every run a little different.
    for (const host of [this.alice, this.bob])
      host.run(() => writeSysctl('net.ipv6.conf.default.disable_ipv6', 1));
    using onAlice = Network.open(this.alice);
    using onBob = Network.open(this.bob);
    onAlice.links.create({ kind: 'veth', name: 'eth0', peer: { name: 'eth0', namespace: this.bob } });
    for (const [network, address] of [
      [onAlice, '10.9.0.1/24'],
      [onBob, '10.9.0.2/24'],
    ] as const) {
      network.links.set('lo', { up: true });
      network.links.set('eth0', { up: true });
      network.addresses.add('eth0', address);
    }
  }

  /** Starts `main.ts` of an example on alice's eth0, shows what it prints, and resolves when it runs. */
  async start(example: string, ...args: string[]): Promise<ChildProcess> {
    const main = fileURLToPath(new URL(`./${example}/main.ts`, import.meta.url));
    // This process has been told how to read TypeScript; the example also has to compile it.
    const flags = [...process.execArgv, '--import', '@waggle/compiler/register'];
    console.log(`alice$ main.ts eth0 ${args.join(' ')}`);
    return this.#spawn(this.alice, [...flags, main, 'eth0', ...args], (line) => console.log(`  ${line}`));
  }

  /** Starts JavaScript on a host, and resolves when it has printed its first line. */
  async serve(host: NetworkNamespace, script: string): Promise<ChildProcess> {
    return this.#spawn(host, ['-e', script]);
  }

  /** Runs JavaScript on a host; resolves with what it printed. */
  async run(host: NetworkNamespace, script: string): Promise<string> {
    let printed = '';
    const child = host.spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout?.on('data', (data) => {
      printed += data;
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`a script ended with ${code}`);
    return printed.trim();
  }

  async #spawn(host: NetworkNamespace, args: string[], show = (_line: string) => {}): Promise<ChildProcess> {
    const child = host.spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    if (!child.stdout) throw new Error('a child without output');
    const lines = createInterface({ input: child.stdout });
    const started = Promise.race([once(lines, 'line'), once(child, 'exit')]);
    lines.on('line', show);
    await started;
    if (child.exitCode !== null) throw new Error(`what was started on a host ended with ${child.exitCode}`);
    return child;
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill();
    this.alice.close();
    this.bob.close();
  }
}
