/**
 * A host for tests of the datapath: a namespace of its own with endpoints (namespaces again, each on a veth pair), and a world
 * beyond an uplink that knows nothing of waggle. Packets are those of ordinary programs in them.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Datapath, type DatapathOptions, type DeviceSpec } from '@waggle/datapath';
import { Network, NetworkNamespace, writeSysctl } from '@waggle/kernel';
import { uniqueName } from '../../packages/kernel/src/testing/lab.ts';

/** The host's end of every pair; endpoints take it for their gateway. */
const GATEWAY = { ipv4: '169.254.1.1', ipv6: 'fe80::1', mac: '02:77:61:67:67:01' };
const WORLD = { ipv4: '198.51.100.2', ipv6: '2001:db8:ffff::2' };
const UPLINK = { ipv4: '198.51.100.1', ipv6: '2001:db8:ffff::1' };

/** An endpoint: a namespace with addresses, an identity, and what it is called. */
export interface LabEndpoint {
  readonly namespace: NetworkNamespace;
  readonly device: number;
  readonly identity: number;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Somebody to talk to. */
export interface Question {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Of what is sent and comes back; 8 by default. */
  readonly bytes?: number;
  /** Of the one who asks. */
  readonly localPort?: number;
  /** Milliseconds to wait for an answer; 700 by default. */
  readonly patience?: number;
}

/** What an attempt to talk came to. The answer is what was sent, or else somebody else's. */
export type Outcome = 'answered' | 'no answer' | 'refused' | 'cut' | "another's answer";

/** Of a stream of datagrams. */
export interface StreamCount {
  readonly received: number;
  readonly lost: number;
}

export class DatapathLab implements Disposable {
  readonly host = NetworkNamespace.create(uniqueName());
  readonly world = NetworkNamespace.create(uniqueName());
  /** Open until somebody else shall have its pins. */
  datapath: Datapath;
  readonly worldAddress = WORLD;
  readonly hostAddress = UPLINK;
  readonly #namespaces: NetworkNamespace[] = [];
  readonly #children: { kill(signal: 'SIGKILL'): boolean }[] = [];

  constructor(options: DatapathOptions = {}) {
    this.datapath = Datapath.open({ maxConnections: 4096, maxTranslations: 8192, ...options });
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #build(): void {
    for (const namespace of [this.host, this.world]) {
      using network = Network.open(namespace);
      network.links.set('lo', { up: true });
    }
    this.host.run(() => {
      writeSysctl('net.ipv4.ip_forward', 1);
      writeSysctl('net.ipv6.conf.all.forwarding', 1);
      writeSysctl('net.ipv6.conf.default.accept_dad', 0);
    });
    this.world.run(() => {
      writeSysctl('net.ipv6.conf.default.accept_dad', 0);
    });
    using host = Network.open(this.host);
    using world = Network.open(this.world);
    host.links.create({
      kind: 'veth',
      name: 'uplink',
      up: true,
      peer: { name: 'eth0', namespace: this.world },
    });
    world.links.set('eth0', { up: true });
    for (const family of ['ipv4', 'ipv6'] as const) {
      const length = family === 'ipv4' ? 24 : 64;
      host.addresses.add('uplink', `${UPLINK[family]}/${length}`);
      world.addresses.add('eth0', `${WORLD[family]}/${length}`);
      world.routes.add({
        destination: family === 'ipv4' ? '10.0.0.0/16' : '2001:db8:1::/64',
        via: UPLINK[family],
      });
      this.datapath.setPeer(`${UPLINK[family]}/${family === 'ipv4' ? 32 : 128}`, 1);
    }
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
    network.neighbours.add({ device: 'eth0', address: GATEWAY.ipv6, mac: GATEWAY.mac });
    network.routes.add({ destination: '::/0', via: GATEWAY.ipv6, device: 'eth0' });
    host.routes.add({ destination: `${ipv4}/32`, device: name });
    host.routes.add({ destination: `${ipv6}/128`, device: name });
    const { mac = '' } = network.links.get('eth0');
    host.neighbours.add({ device: name, address: ipv4, mac });
    host.neighbours.add({ device: name, address: ipv6, mac });
    const device = host.links.index(name);
    this.host.run(() => {
      this.datapath.addEndpoint({ interface: device, identity, ipv4, ipv6, mac, gatewayMac: GATEWAY.mac });
    });
    return { namespace, device, identity, ipv4, ipv6 };
  }

  /** Puts the programs of the uplink in place; endpoints are masqueraded unless it is said otherwise. */
  uplink(changes: Partial<DeviceSpec> = {}): number {
    using host = Network.open(this.host);
    const device = host.links.index('uplink');
    const masquerade = { sources: ['10.0.0.0/16', '2001:db8:1::/64'], except: [] };
    const spec = { interface: device, name: 'uplink', ...UPLINK, masquerade, hostFirewall: false };
    this.host.run(() => {
      this.datapath.addDevice({ ...spec, ...changes });
    });
    return device;
  }

  /**
   * A server for TCP and UDP in a namespace: it sends back what it gets.
   * @returns who has come: address, port and protocol with spaces between; each connection and each datagram.
   */
  async serve(namespace: NetworkNamespace, port: number): Promise<readonly string[]> {
    const child = namespace.spawn(process.execPath, ['-e', SERVER, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    const peers: string[] = [];
    if (!child.stdout) return peers;
    const lines = createInterface(child.stdout);
    await once(lines, 'line');
    lines.on('line', (line) => peers.push(line.replace('::ffff:', '')));
    return peers;
  }

  /** Asks servers, all at once, from one process. */
  async ask(from: NetworkNamespace, ...questions: readonly Question[]): Promise<Outcome[]> {
    const child = from.spawn(process.execPath, ['-e', CLIENT, JSON.stringify(questions)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    let output = '';
    child.stdout?.on('data', (data) => {
      output += data;
    });
    await once(child, 'close');
    return JSON.parse(output);
  }

  /** Sends numbered datagrams all the time; tells how many got through, and how many between these did not. */
  stream(from: NetworkNamespace, to: NetworkNamespace, address: string, port: number): StreamCount {
    const receiver = to.spawn(process.execPath, ['-e', STREAM_RECEIVER, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const sender = from.spawn(process.execPath, ['-e', STREAM_SENDER, address, String(port)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#children.push(receiver, sender);
    const count = { received: 0, lost: 0 };
    let last: number | undefined;
    let text = '';
    receiver.stdout?.on('data', (data) => {
      const lines = (text + data).split('\n');
      text = lines.pop() ?? '';
      for (const number of lines.map(Number)) {
        count.received += 1;
        if (last !== undefined) count.lost += Math.abs(number - last - 1);
        last = number;
      }
    });
    return count;
  }

  /** Keeps a connection and says something on it all the time; tells how often there was an answer. */
  talk(from: NetworkNamespace, address: string, port: number): { readonly answers: number } {
    const child = from.spawn(process.execPath, ['-e', TALKER, address, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    let answers = 0;
    child.stdout?.on('data', (data: Buffer) => {
      answers += data.length;
    });
    return {
      get answers() {
        return answers;
      },
    };
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.datapath.close();
    for (const namespace of [...this.#namespaces, this.host, this.world]) namespace.remove();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const SERVER = `const port = Number(process.argv[1]);
const tcp = require('node:net').createServer((socket) => {
  console.log(socket.remoteAddress + ' ' + socket.remotePort + ' tcp');
  socket.pipe(socket).on('error', () => {});
});
const udp = require('node:dgram').createSocket({ type: 'udp6' });
udp.on('message', (text, { address, port }) => {
  console.log(address + ' ' + port + ' udp');
  udp.send(text, port, address);
});
tcp.listen(port, '::', 1000, () => udp.bind(port, '::', () => console.log('ready')));`;

const CLIENT = `const questions = JSON.parse(process.argv[1]);
const ask = ({ protocol, address, port, localPort, bytes = 8, patience = 700 }) => new Promise((done) => {
  setTimeout(done, patience, 'no answer');
  const message = require('node:crypto').randomBytes(bytes);
  const judge = (answer) =>
    answer.length < bytes ? 'cut' : answer.equals(message) ? 'answered' : "another's answer";
  if (protocol === 'tcp') {
    const socket = require('node:net').connect({ host: address, port, localPort });
    socket.on('data', (answer) => done(judge(answer))).on('error', () => done('refused')).write(message);
  } else {
    const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (answer) => done(judge(answer))).on('error', () => done('refused'));
    socket.bind(localPort, () => socket.connect(port, address, () => socket.send(message)));
  }
});
Promise.all(questions.map(ask)).then((outcomes) => console.log(JSON.stringify(outcomes))).then(() => process.exit());`;

const TALKER = `const [address, port] = process.argv.slice(1);
const socket = require('node:net').connect({ host: address, port: Number(port), noDelay: true });
socket.on('data', (data) => process.stdout.write('.'.repeat(data.length)));
setInterval(() => socket.write('x'), 20);`;

// Slow enough for the buffer of a socket whose process waits for a CPU.
const STREAM_SENDER = `const [address, port] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
let number = 0;
socket.on('error', () => {});
socket.connect(Number(port), address, () => setInterval(() => socket.send(String(number++)), 4));`;

const STREAM_RECEIVER = `const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (text) => console.log(String(text)));
socket.bind(Number(process.argv[1]));`;
