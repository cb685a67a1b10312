/**
 * A host for tests of the datapath: a namespace of its own with endpoints (namespaces again, each on a veth pair), and a world
 * beyond an uplink that knows nothing of waggle. Packets are those of ordinary programs in them.
 */
import { Datapath, type DatapathOptions, type DeviceSpec } from '@waggle/datapath';
import { hostPrefix, Network, NetworkNamespace, writeSysctl } from '@waggle/kernel';
import { uniqueName } from '../../packages/kernel/src/testing/lab.ts';
import { ANYTHING } from './anything.ts';
import { Talk } from './talk.ts';
import { joinWorld, UPLINK, WORLD } from './world.ts';

/** The host's end of every pair; endpoints take it for their gateway. */
const GATEWAY = { ipv4: '169.254.1.1', ipv6: 'fe80::1', mac: '02:77:61:67:67:01' };
const POOLS = { ipv4: '10.0.0.0/16', ipv6: '2001:db8:1::/64' };

/** An endpoint: a namespace with addresses, an identity, and what it is called. */
export interface LabEndpoint {
  readonly namespace: NetworkNamespace;
  readonly device: number;
  readonly identity: number;
  readonly ipv4: string;
  readonly ipv6: string;
}

export class DatapathLab extends Talk {
  readonly host = NetworkNamespace.create(uniqueName());
  readonly world = NetworkNamespace.create(uniqueName());
  /** Open until somebody else shall have its pins. */
  datapath: Datapath;
  readonly worldAddress = WORLD;
  readonly hostAddress = UPLINK;
  readonly #namespaces: NetworkNamespace[] = [];

  constructor(options: DatapathOptions = {}) {
    super();
    this.datapath = Datapath.open({ maxConnections: 4096, maxTranslations: 8192, ...options });
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #build(): void {
    joinWorld(this.host, this.world, POOLS);
    this.host.run(() => {
      writeSysctl('net.ipv4.ip_forward', 1);
      writeSysctl('net.ipv6.conf.all.forwarding', 1);
    });
    for (const address of [UPLINK.ipv4, UPLINK.ipv6]) this.datapath.setPeer(hostPrefix(address), 1);
  }

  /** Makes an endpoint. */
  endpoint(identity: number): LabEndpoint {
    const number = this.#namespaces.length + 1;
    const [ipv4, ipv6, name] = [`10.0.0.${number}`, `2001:db8:1::${number}`, `lxc${number}`];
    const namespace = NetworkNamespace.create(uniqueName());
    this.#namespaces.push(namespace);
    using host = Network.open(this.host);
    using network = Network.open(namespace);
    namespace.run(() => {
      writeSysctl('net.ipv6.conf.default.accept_dad', 0);
    });
    host.links.create({ kind: 'veth', name, peer: { name: 'eth0', namespace } });
    host.links.set(name, { mac: GATEWAY.mac, up: true });
    for (const device of ['lo', 'eth0']) network.links.set(device, { up: true });
    network.addresses.add('eth0', `${ipv4}/32`);
    network.addresses.add('eth0', `${ipv6}/128`);
    network.routes.add({ destination: `${GATEWAY.ipv4}/32`, device: 'eth0', scope: 'link' });
    network.routes.add({ destination: '0.0.0.0/0', via: GATEWAY.ipv4, device: 'eth0' });
    network.routes.add({ destination: '::/0', via: GATEWAY.ipv6, device: 'eth0' });
    host.routes.add({ destination: `${ipv4}/32`, device: name });
    host.routes.add({ destination: `${ipv6}/128`, device: name });
    const { mac = '' } = network.links.get('eth0');
    const device = host.links.index(name);
    this.host.run(() => {
      this.datapath.addEndpoint({ interface: device, identity, ipv4, ipv6, mac });
    });
    return { namespace, device, identity, ipv4, ipv6 };
  }

  /** Lets the endpoints of an identity talk to everybody. */
  open(identity: number): void {
    this.datapath.setPolicy(identity, ANYTHING, () => ({ cookie: 1 }));
  }

  /** Puts the programs of the uplink in place; endpoints are masqueraded unless it is said otherwise. */
  uplink(changes: Partial<DeviceSpec> = {}): number {
    using host = Network.open(this.host);
    const device = host.links.index('uplink');
    const masquerade = { sources: Object.values(POOLS), except: [] };
    const spec = { interface: device, name: 'uplink', ...UPLINK, masquerade, hostFirewall: false };
    this.host.run(() => {
      this.datapath.addDevice({ ...spec, ...changes });
    });
    return device;
  }

  override close(): void {
    super.close();
    this.datapath.close();
    for (const namespace of [...this.#namespaces, this.host, this.world]) namespace.remove();
  }
}
