import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flow } from './flow.ts';
import { FlowService } from './flow-service.ts';
import type { FlowQuery, LostEvents } from './source.ts';
import { RECORD_BYTES } from './store/record.ts';
import { packetOf, put, recordOf } from './testing/records.ts';

const PACKET = packetOf({
  source: '10.0.0.1',
  destination: '10.0.0.2',
  protocol: 'udp',
  destinationPort: 53,
});
const MIB = 1024 * 1024;

/** A service whose clocks are the same, and stand still. */
const serviceOf = (capacity = 100) =>
  new FlowService({
    ...{ nodeName: 'node-1', version: '1', megabytes: (capacity * RECORD_BYTES + 1) / MIB },
    ...{ now: () => 1_000_000n, wallTime: (time) => time },
  });

/** Records at the times from..to, every tenth of which is a drop. */
function fill(service: FlowService, from: number, to: number): void {
  for (let time = from; time <= to; time++) {
    put(service, recordOf({ time: BigInt(time), type: time % 10 === 0 ? 1 : 4, subtype: 3, packet: PACKET }));
  }
}

const short = (answer: Flow | LostEvents): string =>
  answer.kind === 'flow' ? String(answer.time) : `${answer.where}:${answer.count}`;

async function ask(service: FlowService, query: FlowQuery): Promise<string[]> {
  const answers: string[] = [];
  for await (const answer of service.flows(query)) answers.push(short(answer));
  return answers;
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`);

describe('past flows', () => {
  test('all, the last ones, the first ones', async () => {
    using service = serviceOf();
    fill(service, 1, 30);
    assert.deepEqual(await ask(service, {}), numbers(1, 30));
    assert.deepEqual(await ask(service, { number: 3 }), ['28', '29', '30']);
    assert.deepEqual(await ask(service, { number: 3, first: true }), ['1', '2', '3']);
    assert.deepEqual(await ask(service, { number: 0 }), []);
    assert.deepEqual(await ask(service, { number: 99 }), numbers(1, 30));
  });

  test('since and until, both included', async () => {
    using service = serviceOf();
    fill(service, 1, 30);
    assert.deepEqual(await ask(service, { since: 5n, until: 7n }), ['5', '6', '7']);
    assert.deepEqual(await ask(service, { since: 5n, until: 9n, number: 2 }), ['8', '9']);
    assert.deepEqual(await ask(service, { since: 5n, number: 2, first: true }), ['5', '6']);
  });

  test('those that filters let through', async () => {
    using service = serviceOf();
    fill(service, 1, 30);
    const allow = [{ verdict: ['dropped' as const] }];
    assert.deepEqual(await ask(service, { allow }), ['10', '20', '30']);
    assert.deepEqual(await ask(service, { allow, number: 2 }), ['20', '30']);
    assert.deepEqual(await ask(service, { deny: allow, number: 2 }), ['28', '29']);
  });

  test('no more than there is room for', async () => {
    using service = serviceOf(8);
    fill(service, 1, 30);
    assert.deepEqual(await ask(service, {}), numbers(23, 30));
    assert.deepEqual(await ask(service, { number: 99 }), numbers(23, 30));
    const { stored, capacity, seen, oldest } = service.status();
    assert.deepEqual([stored, capacity, seen, oldest], [8, 8, 30, 23n]);
  });

  test('losses are where they were noted', async () => {
    using service = serviceOf();
    fill(service, 1, 2);
    service.noteLost({ full: 5n, limited: 0n });
    service.noteLost({ full: 0n, limited: 7n });
    fill(service, 3, 3);
    assert.deepEqual(await ask(service, {}), ['1', '2', 'kernel-buffer:5', 'kernel-rate:7', '3']);
    assert.deepEqual(await ask(service, { number: 2 }), ['2', 'kernel-buffer:5', 'kernel-rate:7', '3']);
    assert.deepEqual(await ask(service, { number: 1, until: 99n }), ['3']);
    const { lost, seen } = service.status();
    assert.deepEqual([lost, seen], [{ kernelBuffer: 5, kernelRate: 7, store: 0 }, 3]);
  });

  test('overwritten while they were read: that is told, and the rest follows', async () => {
    using service = serviceOf(8);
    fill(service, 1, 8);
    const answers: string[] = [];
    for await (const answer of service.flows({})) {
      answers.push(short(answer));
      if (answers.length === 2) fill(service, 9, 13);
    }
    assert.deepEqual(answers, ['1', '2', 'store:3', '6', '7', '8']);
    const last: string[] = [];
    for await (const answer of service.flows({ number: 4 })) {
      last.push(short(answer));
      if (last.length === 1) fill(service, 14, 19);
    }
    assert.deepEqual(last, ['10', 'store:1', '12', '13']);
    assert.equal(service.status().lost.store, 4);
  });

  test('queries that cannot be are refused at once', () => {
    using service = serviceOf();
    assert.throws(() => service.flows({ number: -1 }), { code: 'OUT_OF_RANGE' });
    assert.throws(() => service.flows({ number: 1.5 }), { code: 'OUT_OF_RANGE' });
    assert.throws(() => service.flows({ since: 2n, until: 1n }), /before their begin/);
    assert.throws(() => service.flows({ first: true, follow: true }), /cannot be asked for at once/);
    assert.throws(() => service.flows({ allow: [{ protocol: ['x'] }] }), /no protocol/);
    assert.throws(() => new FlowService({ nodeName: '', version: '', megabytes: 0 }), {
      code: 'OUT_OF_RANGE',
    });
  });
});

describe('flows to come', () => {
  test('come to all who follow, each with its filters', async () => {
    using service = serviceOf();
    fill(service, 1, 10);
    const stop = new AbortController();
    const follow = async (query: FlowQuery) => {
      const answers: string[] = [];
      for await (const answer of service.flows({ ...query, follow: true }, stop.signal))
        answers.push(short(answer));
      return answers;
    };
    const all = follow({});
    const drops = follow({ allow: [{ verdict: ['dropped'] }], number: 1 });
    const since = follow({ since: 9n });
    await sleep(5);
    assert.equal(service.status().followers, 3);
    fill(service, 11, 15);
    await sleep(5);
    fill(service, 16, 20);
    await sleep(5);
    stop.abort();
    assert.deepEqual(await all, numbers(11, 20));
    assert.deepEqual(await drops, ['10', '20']);
    assert.deepEqual(await since, numbers(9, 20));
    assert.equal(service.status().followers, 0);
  });

  test('until a moment that passes', async () => {
    let now = 0n;
    using service = new FlowService({
      ...{ nodeName: 'n', version: '1', megabytes: 1, wallTime: (time) => time },
      now: () => now,
    });
    const answers = ask(service, { follow: true, until: 20_000_000n });
    fill(service, 1, 3);
    await sleep(5);
    now = 30_000_000n;
    assert.deepEqual(await answers, ['1', '2', '3']);
  });

  test('who reads slowly is told what is missing, and holds up nobody', async () => {
    using service = serviceOf(8);
    const slow = service.flows({ follow: true })[Symbol.asyncIterator]();
    const first = slow.next();
    fill(service, 1, 1);
    assert.equal(short((await first).value as Flow), '1');
    fill(service, 2, 30);
    assert.deepEqual(await ask(service, {}), numbers(23, 30));
    const next = [await slow.next(), await slow.next()].map(({ value }) => short(value as Flow));
    assert.deepEqual(next, ['store:21', '23']);
    await slow.return?.();
  });
});

test('namespaces are those of the identities in flows of the last hour', () => {
  using service = serviceOf();
  service.rename([
    { table: 'identity', key: 300, value: ['k8s:io.kubernetes.pod.namespace=shop'] },
    { table: 'identity', key: 301, value: ['k8s:io.kubernetes.pod.namespace=bank'] },
    { table: 'identity', key: 302, value: ['k8s:io.kubernetes.pod.namespace=none'] },
  ]);
  put(service, recordOf({ time: 1n, source: 300, destination: 301 }));
  assert.deepEqual(service.namespaces(), [
    { namespace: 'bank', cluster: 'default' },
    { namespace: 'shop', cluster: 'default' },
  ]);
});

test('what the agent does is told to those who ask, and to those who follow', async () => {
  using service = serviceOf();
  const event = (time: bigint) => ({ kind: 'agent-event', time, event: 'started', message: '' }) as const;
  for (let time = 1n; time <= 1030n; time++) service.noteAgentEvent(event(time));
  const times = async (query: Parameters<typeof service.agentEvents>[0], most: number) => {
    const found: number[] = [];
    for await (const each of service.agentEvents(query)) if (found.push(Number(each.time)) === most) break;
    return found;
  };
  assert.deepEqual(await times({ number: 2 }, 9), [1029, 1030]);
  assert.deepEqual(await times({ number: 2, first: true }, 9), [7, 8]);
  assert.deepEqual(await times({ since: 1000n, until: 1001n }, 9), [1000, 1001]);
  const following = times({ follow: true, number: 1 }, 2);
  await sleep(1);
  service.noteAgentEvent(event(5000n));
  assert.deepEqual(await following, [1030, 5000]);
});
