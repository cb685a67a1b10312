/** Two namespaces joined by a host that routes, and nothing else: where firewalls of the kernel's own are measured. */
import { spawnSync } from 'node:child_process';
import { Network, NetworkNamespace, writeSysctl } from '@waggle/kernel';
import { uniqueName } from '../../packages/kernel/src/testing/lab.ts';
import type { Ends } from './namespace-traffic.ts';

export class RoutedHost implements Ends, Disposable {
  readonly from = NetworkNamespace.create(uniqueName());
  readonly to = NetworkNamespace.create(uniqueName());
  readonly host = NetworkNamespace.create(uniqueName());
  readonly address = '10.2.1.2';

  constructor() {
    using host = Network.open(this.host);
    this.host.run(() => writeSysctl('net.ipv4.ip_forward', 1));
    for (const [index, namespace] of [this.from, this.to].entries()) {
      using inside = Network.open(namespace);
      const name = `veth${index}`;
      host.links.create({ kind: 'veth', name, up: true, peer: { name: 'eth0', namespace } });
      inside.links.set('eth0', { up: true });
      host.addresses.add(name, `10.2.${index}.1/24`);
      inside.addresses.add('eth0', `10.2.${index}.2/24`);
      inside.routes.add({ destination: '0.0.0.0/0', via: `10.2.${index}.1`, device: 'eth0' });
    }
  }

  /** Runs a command on the host with a text for its input. @throws Error with what it says. */
  configure(command: string, args: readonly string[], input: string): void {
    const { status, stderr } = this.host.run(() => spawnSync(command, args, { input, encoding: 'utf8' }));
    if (status !== 0) throw new Error(`${command} refused its rules: ${stderr.slice(0, 300)}`);
  }

  [Symbol.dispose](): void {
    for (const namespace of [this.from, this.to, this.host]) namespace.remove();
  }
}
