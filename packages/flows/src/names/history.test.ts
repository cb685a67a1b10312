import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { History } from './history.ts';
import { Names } from './names.ts';

test('a key stands for what it stood for at the time', () => {
  const history = new History<number, string>();
  history.set(1, 'a', 10);
  history.set(1, 'b', 20);
  assert.deepEqual(
    [5, 10, 19, 20, 99].map((time) => history.at(1, time)),
    ['a', 'a', 'a', 'b', 'b'],
  );
  assert.equal(history.at(2, 10), undefined);
});

test('what has ended stays until nothing is as old, or somebody else has the key', () => {
  const history = new History<number, string>();
  history.set(1, 'a', 10);
  history.end(1, 20);
  assert.deepEqual([history.at(1, 30), history.current(1)], ['a', undefined]);
  history.forgetBefore(20);
  assert.equal(history.at(1, 30), 'a');
  history.set(1, 'b', 40);
  assert.deepEqual([history.at(1, 30), history.at(1, 40), history.current(1)], ['a', 'b', 'b']);
  history.forgetBefore(45);
  assert.deepEqual([history.at(1, 30), history.ever(1)], ['b', ['b']]);
  history.end(1, 50);
  history.forgetBefore(51);
  assert.deepEqual([history.at(1, 60), history.size], [undefined, 0]);
});

test('forgetting changes no answer for a time that is still asked for', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key: fc.nat(3), step: fc.nat(5), ends: fc.boolean() }), { maxLength: 30 }),
      fc.nat(100),
      (steps, horizon) => {
        const [all, some] = [new History<number, number>(), new History<number, number>()];
        let now = 0;
        for (const [index, { key, step, ends }] of steps.entries()) {
          now += step;
          for (const history of [all, some]) {
            if (ends) history.end(key, now);
            else history.set(key, index, now);
          }
        }
        some.forgetBefore(horizon);
        for (const key of some.keys()) {
          for (let time = horizon; time < horizon + 20; time++)
            assert.equal(some.at(key, time), all.at(key, time));
        }
      },
    ),
  );
});

test('an address that another endpoint has by now is not taken from it', () => {
  const names = new Names();
  const web = {
    id: 1,
    name: 'web',
    identity: 300,
    addresses: ['10.0.0.1'],
    device: { index: 7, name: 'lxc1' },
  };
  const next = { ...web, id: 2, name: 'next', device: { index: 9, name: 'lxc2' } };
  names.apply([{ table: 'endpoint', key: 1, value: web }], 10);
  names.apply([{ table: 'endpoint', key: 2, value: next }], 20);
  names.apply([{ table: 'endpoint', key: 1, value: null }], 30);
  names.forgetBefore(25);
  assert.equal(names.endpointOf('10.0.0.1', 30)?.name, 'next');
  assert.equal(names.endpointAt(7, 30)?.name, 'web', 'it has ended, but not before the oldest flow');
  names.forgetBefore(31);
  assert.equal(names.endpointAt(7, 31), undefined);
  assert.equal(names.deviceName(9, 31), 'lxc2');
});
