/**
 * A namespace for tests of steering: ordinary echo servers, which know nothing of waggle, and somebody who connects to them. All
 * of them are Node processes inside; the commands run in this process.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { uniqueName } from '../../packages/kernel/src/testing/lab.ts';

/** An echo server for TCP and UDP: it answers `name: text`. Its process ends with its input. */
const SERVER = `const [name, port, address] = process.argv.slice(1);
const tcp = require('node:net').createServer((socket) => {
  socket.on('data', (text) => socket.write(name + ': ' + text)).on('error', () => {});
});
const udp = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
udp.on('message', (text, from) => udp.send(name + ': ' + text, from.port, from.address));
tcp.listen(Number(port), address, () => udp.bind(Number(port), address, () => console.log('ready')));
process.stdin.on('end', () => process.exit()).resume();`;

/**
 * Reads lines of JSON and answers each: { connect: [address, port], keep } opens a connection, says hi, and tells what came back or
 * the error; { again: index } says hi on a connection that was kept; { datagram: [address, port] } asks by UDP; { many: [address,
 * port, count] } connects so many times, and counts the answers.
 */
const CLIENT = `const net = require('node:net');
const kept = [];
const hi = (socket) => new Promise((resolve) => {
  const done = (answer) => { socket.removeAllListeners(); socket.on('error', () => {}); resolve(answer); };
  socket.once('data', (text) => done(String(text))).once('error', (error) => done(error.code));
  socket.once('close', () => done('closed')).setTimeout(2000, () => done('no answer'));
  socket.write('hi');
});
async function connect([address, port], keep) {
  const socket = net.connect({ port, host: address });
  const answer = await hi(socket);
  if (keep) kept.push(socket); else socket.resetAndDestroy();
  return answer;
}
const datagram = ([address, port]) => new Promise((resolve) => {
  const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const timer = setTimeout(() => done('no answer'), 500);
  const done = (answer) => { clearTimeout(timer); socket.close(); resolve(answer); };
  socket.on('message', (text) => done(String(text))).on('error', (error) => done(error.code));
  // Not connected, for the answer comes from the port of the server.
  socket.send('hi', port, address);
});
async function many([address, port, count]) {
  const answers = {};
  for (let index = 0; index < count; index++) {
    const answer = await connect([address, port], false);
    answers[answer] = (answers[answer] ?? 0) + 1;
  }
  return answers;
}
async function answer(question) {
  if (question.connect) return connect(question.connect, question.keep);
  if (question.again !== undefined) return hi(kept[question.again]);
  return question.datagram ? datagram(question.datagram) : many(question.many);
}
require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}).on('close', () => process.exit());
console.log('ready');`;

export class SteeringLab implements Disposable {
  readonly namespace = NetworkNamespace.create(uniqueName());
  readonly #children: ChildProcess[] = [];
  #client: { readonly process: ChildProcess; readonly answers: AsyncIterator<string> } | undefined;

  constructor() {
    using network = Network.open(this.namespace);
    network.links.set('lo', { up: true });
  }

  /** Starts an echo server; resolves with its process when it listens. */
  async serve(name: string, port: number, address = '0.0.0.0'): Promise<ChildProcess & { pid: number }> {
    const { child } = await this.#start(['-e', SERVER, name, String(port), address]);
    return child as ChildProcess & { pid: number };
  }

  /** What a connection to a port is answered, or the code of the error. */
  connect(port: number, address = '127.0.0.1'): Promise<string> {
    return this.#ask({ connect: [address, port] });
  }

  /** Opens a connection that stays. */
  keep(port: number, address = '127.0.0.1'): Promise<string> {
    return this.#ask({ connect: [address, port], keep: true });
  }

  /** Says hi on a connection that stayed. */
  again(index: number): Promise<string> {
    return this.#ask({ again: index });
  }

  datagram(port: number, address = '127.0.0.1'): Promise<string> {
    return this.#ask({ datagram: [address, port] });
  }

  /** Connects one after the other; how often there was each answer. */
  many(port: number, count: number, address = '127.0.0.1'): Promise<Record<string, number>> {
    return this.#ask({ many: [address, port, count] });
  }

  async #ask<Answer>(question: object): Promise<Answer> {
    if (this.#client === undefined) {
      const { child, lines } = await this.#start(['-e', CLIENT]);
      this.#client = { process: child, answers: lines[Symbol.asyncIterator]() };
    }
    this.#client.process.stdin?.write(`${JSON.stringify(question)}\n`);
    const { value } = await this.#client.answers.next();
    return JSON.parse(value);
  }

  /** Starts Node in the namespace, and waits for its first line. */
  async #start(args: string[]): Promise<{ child: ChildProcess; lines: Interface }> {
    const child = this.namespace.spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    if (!child.stdout) throw new Error('a child without output');
    const lines = createInterface({ input: child.stdout });
    await Promise.race([once(lines, 'line'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`a process of the lab ended with ${child.exitCode}`);
    return { child, lines };
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.namespace.remove();
  }
}
