/** Ordinary programs that talk to each other, in namespaces: servers that send back what they get, and those who ask them. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { NetworkNamespace } from '@waggle/kernel';

/** Somebody to talk to. */
export interface Question {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

/** What an attempt to talk came to. */
export type Outcome = 'answered' | 'no answer' | 'refused';

/** Programs in namespaces, all of which end with it. */
export class Talk implements Disposable {
  readonly #children: ChildProcess[] = [];

  /** A server for TCP and UDP. */
  async serve(namespace: NetworkNamespace, port: number): Promise<void> {
    const child = this.#run(namespace, SERVER, String(port));
    if (child.stdout) await once(child.stdout, 'data');
  }

  /** Asks servers, all at once, from one process. */
  async ask(from: NetworkNamespace, ...questions: readonly Question[]): Promise<Outcome[]> {
    const child = this.#run(from, CLIENT, JSON.stringify(questions));
    let output = '';
    child.stdout?.on('data', (data) => {
      output += data;
    });
    await once(child, 'close');
    return JSON.parse(output);
  }

  /**
   * Keeps a connection, and over it and by UDP says something 100 times a second.
   * @returns what came back so far, and the longest silence in milliseconds.
   */
  keepTalking(from: NetworkNamespace, address: string, port: number): Conversation {
    const child = this.#run(from, TALKER, address, String(port));
    let report = { tcp: 0, udp: 0, udpLost: 0, silence: 0, ended: false };
    let text = '';
    child.stdout?.on('data', (data) => {
      text += data;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      const last = lines.at(-1);
      if (last) report = JSON.parse(last);
    });
    return {
      get report() {
        return report;
      },
    };
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #run(namespace: NetworkNamespace, script: string, ...args: string[]): ChildProcess {
    const child = namespace.spawn(process.execPath, ['-e', script, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    return child;
  }
}

export interface Conversation {
  readonly report: {
    /** Answers by the connection. */
    readonly tcp: number;
    readonly udp: number;
    /** Datagrams that a later one's answer has overtaken by 50, or that are missing by now. */
    readonly udpLost: number;
    /** The longest time without an answer by the connection. */
    readonly silence: number;
    /** Whether the connection was closed or broken off. */
    readonly ended: boolean;
  };
}

const SERVER = `const port = Number(process.argv[1]);
const tcp = require('node:net').createServer((socket) => socket.pipe(socket).on('error', () => {}));
const udp = require('node:dgram').createSocket({ type: 'udp6' });
udp.on('message', (text, from) => udp.send(text, from.port, from.address));
tcp.listen(port, '::', () => udp.bind(port, '::', () => console.log('ready')));`;

const CLIENT = `const questions = JSON.parse(process.argv[1]);
const ask = ({ protocol, address, port }) => new Promise((done) => {
  setTimeout(done, 700, 'no answer');
  if (protocol === 'tcp') {
    const socket = require('node:net').connect({ host: address, port });
    socket.on('data', () => done('answered')).on('error', () => done('refused')).write('hi');
  } else {
    const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', () => done('answered')).on('error', () => done('refused'));
    socket.connect(port, address, () => socket.send('hi'));
  }
});
Promise.all(questions.map(ask)).then((outcomes) => console.log(JSON.stringify(outcomes))).then(() => process.exit());`;

const TALKER = `const [address, port] = process.argv.slice(1);
const report = { tcp: 0, udp: 0, udpLost: 0, silence: 0, ended: false };
let last = performance.now();
const heard = () => { const now = performance.now(); report.silence = Math.max(report.silence, now - last); last = now; };
const tcp = require('node:net').connect({ host: address, port: Number(port), noDelay: true });
tcp.on('connect', () => { last = performance.now(); });
tcp.on('data', (data) => { report.tcp += data.length; heard(); });
tcp.on('error', () => { report.ended = true; }).on('close', () => { report.ended = true; });
const udp = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
const missing = new Set();
let next = 0;
udp.on('message', (text) => { report.udp += 1; missing.delete(Number(text)); }).on('error', () => {});
udp.connect(Number(port), address, () => setInterval(() => {
  tcp.write('x');
  missing.add(next);
  udp.send(String(next++));
  report.udpLost = [...missing].filter((number) => number < next - 50).length;
  console.log(JSON.stringify(report));
}, 10));`;
