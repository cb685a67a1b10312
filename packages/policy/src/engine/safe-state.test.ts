import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Identity } from '../identity/identity.ts';
import { allow, endpoints, identity, on, rule } from '../testing/build.ts';
import { keyOf } from '../testing/repository.ts';
import { PolicyRepository } from './repository.ts';

const WEB = 256;

/** A peer that calls these ports `api`. */
const peer = (...ports: readonly number[]): Identity =>
  identity(
    257,
    'app=api',
    ports.map((port) => ({ name: 'api', protocol: 'TCP', port })),
  );

suite('While entries do not fit', () => {
  function overflowing(): PolicyRepository {
    const repository = new PolicyRepository({ capacity: 3, safeState: 'keep-last-good' });
    repository.setIdentity(identity(WEB, 'app=web'));
    repository.setIdentity(peer(1));
    const ports = [on([{ kind: 'named', protocol: 'TCP', name: 'api' }])];
    repository.add([rule('app=web', { egress: [allow([endpoints('app=api')], ports)] })]);
    repository.track(WEB);
    repository.takeChanges();
    repository.setIdentity(peer(2, 3, 4, 5));
    return repository;
  }

  test('a peer that becomes another keeps the entries that it had', () => {
    assert.deepEqual(overflowing().resolve(WEB).entries.map(keyOf), ['ingress 0 0 0/0', 'egress 257 6 1/16']);
  });

  test('the status is told once, though no entry changes', () => {
    const repository = overflowing();
    const told = repository.takeChanges();
    assert.deepEqual(
      told.map(({ status, upserted, removed }) => [status.kind, upserted, removed]),
      [['overflow', [], []]],
    );
    repository.setIdentity(peer(2, 3, 4, 6));
    assert.deepEqual(repository.takeChanges(), []);
    repository.setIdentity(peer(2));
    assert.deepEqual(
      repository.takeChanges().map(({ status }) => status.kind),
      ['ok'],
    );
  });
});
