/**
 * Namespaces for tests of networking: `host` plays the host, so that nothing is ever set up in the machine's own
 * namespace, and `pod` a workload. They have names, so that `ip` and its kin can be asked what they see there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { NetworkNamespace } from '../net/namespace.ts';
import { Network } from '../net/network.ts';
import { uniqueName } from './lab.ts';

/** Why a witness cannot be asked; false when it can. */
export function missing(command: string): string | false {
  return spawnSync(command, ['-V']).error === undefined ? false : `${command} is not installed`;
}

/** Two namespaces with a network connection to each, until {@link Lab.close}. */
export class Lab {
  readonly hostNamespace: NetworkNamespace;
  readonly podNamespace: NetworkNamespace;
  readonly host: Network;
  readonly pod: Network;

  constructor() {
    this.hostNamespace = NetworkNamespace.create(uniqueName());
    this.podNamespace = NetworkNamespace.create(uniqueName());
    this.host = Network.open(this.hostNamespace);
    this.pod = Network.open(this.podNamespace);
  }

  /** A veth pair that is up at both ends: `name` in the host, `eth0` in the pod. */
  join(name = 'veth0'): void {
    this.host.links.create({
      kind: 'veth',
      name,
      up: true,
      peer: { name: 'eth0', namespace: this.podNamespace },
    });
    this.pod.links.set('eth0', { up: true });
  }

  /** What `ip`, `tc` or `bridge` say in a namespace, parsed from their JSON. */
  witness<Answer>(namespace: NetworkNamespace, command: string, ...args: string[]): Answer[] {
    const text = execFileSync(command, ['-j', '-n', namespace.name ?? '', ...args], { encoding: 'utf8' });
    return text.trim() === '' ? [] : JSON.parse(text);
  }

  close(): void {
    this.host.close();
    this.pod.close();
    this.hostNamespace.remove();
    this.podNamespace.remove();
  }
}
