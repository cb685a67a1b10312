/** Ordinary programs that talk to each other, in namespaces: servers that send back what they get, and those who ask them. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { NetworkNamespace } from '@waggle/kernel';

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

/** Programs in namespaces, all of which end with it. */
export class Talk implements Disposable {
  readonly #children: ChildProcess[] = [];

  /**
   * A server for TCP and UDP at each of these ports.
   * @returns who has come: address, port and protocol with spaces between; each connection and each datagram.
   */
  async serve(namespace: NetworkNamespace, ...ports: readonly number[]): Promise<readonly string[]> {
    const { stdout } = this.#run(namespace, SERVER, ...ports.map(String));
    const peers: string[] = [];
    if (!stdout) return peers;
    const lines = createInterface(stdout);
    await once(lines, 'line');
    lines.on('line', (line) => peers.push(line.replace('::ffff:', '')));
    return peers;
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

  /** Sends numbered datagrams all the time; tells how many got through, and how many between these did not. */
  stream(from: NetworkNamespace, to: NetworkNamespace, address: string, port: number): StreamCount {
    const receiver = this.#run(to, STREAM_RECEIVER, String(port));
    this.#run(from, STREAM_SENDER, address, String(port));
    const count = { received: 0, lost: 0 };
    let last: number | undefined;
    if (!receiver.stdout) return count;
    createInterface(receiver.stdout).on('line', (line) => {
      const number = Number(line);
      count.received += 1;
      if (last !== undefined) count.lost += Math.abs(number - last - 1);
      last = number;
    });
    return count;
  }

  /** Keeps a connection and says something on it all the time; tells how often there was an answer. */
  talk(from: NetworkNamespace, address: string, port: number): { readonly answers: number } {
    const { stdout } = this.#run(from, TALKER, address, String(port));
    let answers = 0;
    stdout?.on('data', (data: Buffer) => {
      answers += data.length;
    });
    return {
      get answers() {
        return answers;
      },
    };
  }

  /**
   * Keeps a connection, and over it and by UDP says something 100 times a second.
   * @returns what came back so far, and the longest silence in milliseconds.
   */
  keepTalking(from: NetworkNamespace, address: string, port: number): Conversation {
    const { stdout } = this.#run(from, CONVERSATION, address, String(port));
    let report = { tcp: 0, udp: 0, udpLost: 0, silence: 0, ended: false };
    if (stdout) {
      createInterface(stdout).on('line', (line) => {
        report = JSON.parse(line);
      });
    }
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

const SERVER = `const serve = (port) => new Promise((ready) => {
  const tcp = require('node:net').createServer((socket) => {
    console.log(socket.remoteAddress + ' ' + socket.remotePort + ' tcp');
    socket.pipe(socket).on('error', () => {});
  });
  const udp = require('node:dgram').createSocket({ type: 'udp6' });
  udp.on('message', (text, { address, port }) => {
    console.log(address + ' ' + port + ' udp');
    udp.send(text, port, address);
  });
  tcp.listen(port, '::', 1000, () => udp.bind(port, '::', ready));
});
Promise.all(process.argv.slice(1).map(Number).map(serve)).then(() => console.log('ready'));`;

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

const CONVERSATION = `const [address, port] = process.argv.slice(1);
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

// Slow enough for the buffer of a socket whose process waits for a CPU.
const STREAM_SENDER = `const [address, port] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
let number = 0;
socket.on('error', () => {});
socket.connect(Number(port), address, () => setInterval(() => socket.send(String(number++)), 4));`;

const STREAM_RECEIVER = `const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (text) => console.log(String(text)));
socket.bind(Number(process.argv[1]));`;
