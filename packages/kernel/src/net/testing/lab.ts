/**
 * Namespaces for tests of this folder: `host` plays the host, so that nothing is ever set up in the machine's own
 * namespace, and `pod` a workload. They have names, so that `ip` and its kin can be asked what they see there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { WaggleError } from '@waggle/bpf';
import * as libc from '../../sys/libc.ts';
import { NativeBuffer } from '../../sys/memory.ts';
import { NetworkNamespace } from '../namespace.ts';
import { Network } from '../network.ts';

/** Why tests that change namespaces cannot run; false when they can. */
export const skipReason: string | false = process.getuid?.() === 0 ? probeNamespaces() : 'needs root';

function probeNamespaces(): string | false {
  try {
    NetworkNamespace.createAnonymous().close();
    return false;
  } catch (error) {
    return `cannot create network namespaces: ${error}`;
  }
}

/** Why a witness cannot be asked; false when it can. */
export function missing(command: string): string | false {
  return spawnSync(command, ['-V']).error === undefined ? false : `${command} is not installed`;
}

let count = 0;

/** A name that no other test uses. */
export function uniqueName(): string {
  return `wgt-${process.pid}-${count++}`;
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

const BPF_PROG_LOAD = 5;
const SCHED_CLS = 3;

/** Loads `return 0` as a bpf program; its file descriptor. */
export function loadProgram(type = SCHED_CLS): number {
  // r0 = 0; exit
  const instructions = NativeBuffer.from(Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0));
  const license = NativeBuffer.text('GPL');
  const attribute = new NativeBuffer(128);
  attribute.view.setUint32(0, type, true);
  attribute.view.setUint32(4, 2, true);
  attribute.view.setBigUint64(8, BigInt(instructions.address), true);
  attribute.view.setBigUint64(16, BigInt(license.address), true);
  const fd = libc.bpf(BPF_PROG_LOAD, attribute.address, attribute.size);
  if (fd < 0) throw new WaggleError('SYSTEM', `load the test program: ${fd}`);
  return fd;
}
