/**
 * A part of the story, played by a process of its own: `waggle demo --play …`, which the demo starts in the namespace of an endpoint.
 * A ship does what it is told by messages of its parent, and ends with it; the Death Star answers whoever asks.
 */
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { WaggleError } from '@waggle/bpf/messages';
import { LANDED, LANDING, PORT } from './cast.ts';

/** What a ship is told. */
export type Order =
  | { readonly order: 'land'; readonly address: string }
  | { readonly order: 'talk'; readonly address: string }
  | { readonly order: 'report' }
  | { readonly order: 'hush' };

/** What came of asking for landing. */
export interface Landing {
  readonly landed: boolean;
  readonly account: string;
}

/** How a talk goes. Times are those of {@link now}. */
export interface TalkReport {
  readonly asked: number;
  readonly answered: number;
  readonly lastAnswer: number;
  /** The longest time between two answers, in milliseconds. */
  readonly silence: number;
}

/** A ship that gets no answer gives up after so many milliseconds. */
const PATIENCE = 1000;
/** Milliseconds between two requests of a talk. */
const INTERVAL = 5;

/** Milliseconds that two processes of one machine can compare. */
export const now = (): number => performance.timeOrigin + performance.now();

/** Plays a part until the process is ended. @throws WaggleError NOT_FOUND */
export function play(part: string): void {
  // Whoever started it is gone, and has not said that it is to stay.
  process.on('disconnect', () => {
    if (!stays) process.exit();
  });
  let stays = false;
  process.on('message', (message) => {
    if (message === 'stay') stays = true;
  });
  if (part === 'deathstar') playDeathstar();
  else if (part === 'ship') playShip();
  else throw new WaggleError('NOT_FOUND', `there is no part ${JSON.stringify(part)}`);
}

function playDeathstar(): void {
  const server = createServer((asked, answer) => {
    const landing = asked.method === 'POST' && asked.url === LANDING;
    answer.end(landing ? `${LANDED}\n` : 'The Death Star\n');
  });
  server.listen(PORT, '::', () => process.send?.('ready'));
}

function playShip(): void {
  let talk: Talk | undefined;
  process.on('message', async (message: Order | 'stay') => {
    if (message === 'stay') return;
    if (message.order === 'land') process.send?.(await land(message.address));
    if (message.order === 'talk') {
      talk?.end();
      talk = new Talk(message.address);
    }
    if (message.order === 'report') process.send?.(talk?.report);
    if (message.order === 'hush') talk?.end();
  });
  // A ship that stays has nothing else to wait for.
  setInterval(() => {}, 2 ** 30);
  process.send?.('ready');
}

/** Asks for landing, over a connection of its own. */
function land(address: string): Promise<Landing> {
  const start = performance.now();
  return new Promise((resolve) => {
    const options = { host: address, port: PORT, path: LANDING, method: 'POST', agent: false };
    const asking = request({ ...options, signal: AbortSignal.timeout(PATIENCE) }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => {
        text += part;
      });
      answer.on('end', () => {
        const took = (performance.now() - start).toFixed(1);
        const landed = answer.statusCode === 200 && text.trim() === LANDED;
        resolve({ landed, account: `HTTP ${answer.statusCode} "${text.trim()}" after ${took} ms` });
      });
    });
    asking.on('error', (error: NodeJS.ErrnoException) => {
      const account =
        error.name === 'AbortError' ? `no answer within ${PATIENCE / 1000} s` : (error.code ?? error.message);
      resolve({ landed: false, account });
    });
    asking.end();
  });
}

/** Requests on one connection, one after the other, whether they are answered or not. */
class Talk {
  readonly #timer: NodeJS.Timeout;
  readonly #socket;
  #asked = 0;
  #answered = 0;
  #lastAnswer = now();
  #silence = 0;

  constructor(address: string) {
    const socket = connect({ host: address, port: PORT, noDelay: true });
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#heard(text.split('HTTP/1.1 200').length - 1));
    // Then there are no more answers, which the report shows.
    socket.on('error', () => {});
    this.#timer = setInterval(() => {
      this.#asked += 1;
      socket.write('GET / HTTP/1.1\r\nHost: deathstar\r\n\r\n');
    }, INTERVAL);
  }

  get report(): TalkReport {
    return {
      asked: this.#asked,
      answered: this.#answered,
      lastAnswer: this.#lastAnswer,
      silence: this.#silence,
    };
  }

  end(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }

  #heard(answers: number): void {
    if (answers === 0) return;
    const time = now();
    if (this.#answered > 0) this.#silence = Math.max(this.#silence, time - this.#lastAnswer);
    this.#answered += answers;
    this.#lastAnswer = time;
  }
}
