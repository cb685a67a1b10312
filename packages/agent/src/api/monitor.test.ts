/** The stream of events: what is asked for comes, in order; who is slow loses events, knows it, and holds up nobody. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { MonitorEvent } from '../control.ts';
import { monitorStream } from './monitor-stream.ts';
import { ApiLab } from './testing/lab.ts';

const TIME = '2026-01-01T00:00:00.000000Z';
const drop = (number: number, more: object = {}): MonitorEvent => ({
  type: 'drop',
  time: TIME,
  number,
  ...more,
});
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('GET /v1/monitor', { timeout: 20_000 }, () => {
  let lab: ApiLab;
  beforeEach(async () => {
    lab = await ApiLab.open();
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  const followers = async (count: number): Promise<void> => {
    while (lab.agent.followers.size !== count) await wait(1);
  };

  it('gives events as they happen, and stops when the reader does', async () => {
    const got: unknown[] = [];
    const reading = (async () => {
      for await (const event of lab.client.monitor()) {
        got.push(event);
        if (got.length === 3) break;
      }
    })();
    await followers(1);
    lab.agent.emit(drop(1));
    while (got.length < 1) await wait(1);
    lab.agent.emit({ type: 'agent', time: TIME, message: 'a line\nand "another" 🐝' });
    lab.agent.emit(drop(2));
    await reading;
    assert.deepEqual(got, [
      drop(1),
      { type: 'agent', time: TIME, message: 'a line\nand "another" 🐝' },
      drop(2),
    ]);
    await followers(0);
  });

  it('gives only the types that are asked for', async () => {
    const events = lab.client.monitor({ types: ['agent', 'policy-verdict'] });
    const first = events.next();
    await followers(1);
    lab.agent.emit(drop(1));
    lab.agent.emit({ type: 'policy-verdict', time: TIME });
    assert.deepEqual((await first).value, { type: 'policy-verdict', time: TIME });
    await events.return();
    await followers(0);
    const wrong = await lab.json('GET', '/v1/monitor?type=drop,bee');
    assert.equal(wrong.status, 400);
    assert.match(String(wrong.body), /^type in the query is "drop,bee".*types are drop, trace/);
  });

  it('ends when the caller aborts, without an error', async () => {
    const controller = new AbortController();
    const events = lab.client.monitor({ signal: controller.signal });
    const next = events.next();
    await followers(1);
    controller.abort();
    assert.deepEqual(await next, { done: true, value: undefined });
    await followers(0);
  });

  it('forgets those who leave before the first event', async () => {
    for (let round = 0; round < 20; round++) {
      const gone = connect(lab.socket);
      gone.write('GET /v1/monitor HTTP/1.1\r\nhost: x\r\n\r\n');
      await wait(round % 4);
      gone.destroy();
    }
    await wait(20);
    await followers(0);
    lab.agent.emit(drop(1));
    assert.deepEqual(lab.failures, []);
  });

  it('tells who is slow how much was lost, and holds up nobody', async () => {
    const slow = connect(lab.socket);
    slow.pause();
    slow.write('GET /v1/monitor HTTP/1.1\r\nhost: x\r\n\r\n');
    await followers(1);
    const quick = lab.client.monitor();
    const next = quick.next();
    await followers(2);
    const total = 6_000;
    const filling = 'x'.repeat(1_000);
    lab.agent.emit(drop(0));
    assert.deepEqual((await next).value, drop(0));
    for (let number = 1; number < total; number++) lab.agent.emit(drop(number, { filling }));
    let text = '';
    slow.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    slow.resume();
    while (!text.includes('"lost"')) await wait(1);
    lab.agent.emit(drop(total));
    while (!text.includes(`"number":${total}`)) await wait(1);
    slow.destroy();
    const events = [...text.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line));
    const got = events.filter(({ type }) => type === 'drop');
    const lost = events.filter(({ type }) => type === 'lost');
    assert.equal(got.length + lost.reduce((sum, { count }) => sum + count, 0), total + 1);
    const numbers = got.map(({ number }) => number);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
    await quick.return();
  });
});

describe('the stream', () => {
  it('tells of what was lost before the next event, in its place', async () => {
    let next = (_: MonitorEvent): void => {};
    let disposed = 0;
    const events = {
      follow: (callback: (event: MonitorEvent) => void) => {
        next = callback;
        return { [Symbol.dispose]: () => void disposed++ };
      },
    };
    const reader = monitorStream(events, () => true, 100).getReader();
    for (let number = 0; number < 10; number++) next(drop(number));
    const lines: string[] = [];
    const read = async () => {
      const { value } = await reader.read();
      lines.push(new TextDecoder().decode(value).trim());
    };
    // An empty line and two events fill 100 bytes; the other eight are lost.
    for (let count = 0; count < 4; count++) await read();
    next(drop(10));
    await read();
    const [empty, ...rest] = lines;
    assert.equal(empty, '');
    const kinds = rest
      .map((line) => JSON.parse(line))
      .map(({ type, number, count }) => [type, number ?? count]);
    assert.deepEqual(kinds, [
      ['drop', 0],
      ['drop', 1],
      ['lost', 8],
      ['drop', 10],
    ]);
    await reader.cancel();
    assert.equal(disposed, 1);
  });
});
