/** What holds whatever the rules say: enforcement modes, endpoints whose labels are not known yet, the host of an endpoint. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { deny, endpoints, identity, rule } from '../testing/build.ts';
import { lookup } from './lookup.ts';
import { PolicyRepository, type RepositoryOptions } from './repository.ts';

const WEB = 256;
const FOO = 257;
const HOST = 1;
const INIT = 5;

function repositoryWith(options: RepositoryOptions): PolicyRepository {
  const repository = new PolicyRepository(options);
  repository.setIdentity(identity(WEB, 'app=web'));
  repository.setIdentity(identity(FOO, 'app=foo'));
  repository.setIdentity(identity(HOST, 'reserved:host'));
  repository.setIdentity(identity(INIT, 'reserved:init'));
  return repository;
}

/** What happens to a packet that comes in to TCP port 80. */
const incoming = (repository: PolicyRepository, subject: number, peer: number): string =>
  lookup(repository.resolve(subject).entries, 'ingress', peer, 6, 80)?.action ?? 'no entry';

suite('Enforcement modes', () => {
  test('by default an endpoint without rules is open, and always closed in mode `always`', () => {
    assert.equal(incoming(repositoryWith({}), WEB, FOO), 'allow');
    assert.equal(incoming(repositoryWith({ enforcement: 'always' }), WEB, FOO), 'no entry');
  });

  test('in mode `never` no rule counts, whenever a peer comes', () => {
    const repository = repositoryWith({ enforcement: 'never' });
    repository.add([rule('app=web', { ingress: [deny([endpoints('app=foo')])] })]);
    repository.track(WEB);
    assert.equal(incoming(repository, WEB, FOO), 'allow');
    repository.setIdentity(identity(258, 'app=foo env=test'));
    assert.equal(incoming(repository, WEB, 258), 'allow');
  });
});

suite('Endpoints whose labels are not known yet (reserved:init)', () => {
  test('are closed by default both ways, open in mode `never`', () => {
    const { enforced, entries } = repositoryWith({}).resolve(INIT);
    assert.deepEqual(enforced, { ingress: true, egress: true });
    assert.deepEqual(entries, []);
    assert.equal(incoming(repositoryWith({ enforcement: 'never' }), INIT, FOO), 'allow');
  });
});

suite('allowLocalhost', () => {
  const options: RepositoryOptions = { enforcement: 'always', allowLocalhost: true };

  test('the host gets in, even where there is no rule at all', () => {
    const repository = repositoryWith(options);
    assert.equal(incoming(repository, WEB, HOST), 'allow');
    assert.equal(incoming(repository, WEB, FOO), 'no entry');
    assert.equal(incoming(repositoryWith({ enforcement: 'always' }), WEB, HOST), 'no entry');
  });

  test('unless a rule denies it', () => {
    const repository = repositoryWith(options);
    repository.add([rule('app=web', { ingress: [deny([{ kind: 'entity', entity: 'host' }])] })]);
    assert.equal(incoming(repository, WEB, HOST), 'deny');
  });

  test('it says nothing of the host as a subject: rules for nodes mean what they say', () => {
    assert.equal(incoming(repositoryWith(options), HOST, HOST), 'no entry');
  });
});
