import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { L7Rules } from '../rules/l7.ts';
import type { Port, Rule } from '../rules/rule.ts';
import { allow, endpoints, http, identity, on, range, rule } from '../testing/build.ts';
import { PolicyRepository } from './repository.ts';

const WEB = 256;
const DNS: L7Rules = { parser: 'dns', dns: [] };
const api: Port = { kind: 'named', protocol: 'TCP', name: 'api' };

const to = (port: Port, l7: L7Rules): Rule =>
  rule('app=web', { egress: [allow([endpoints('app=api')], [on([port], l7)])] });

function repositoryWith(...rules: readonly Rule[]): PolicyRepository {
  const repository = new PolicyRepository({ safeState: 'deny' });
  repository.setIdentity(identity(WEB, 'app=web'));
  repository.add(rules);
  return repository;
}

const statusOf = (repository: PolicyRepository): string => repository.resolve(WEB).status.kind;

suite('Conflicts of parsers', () => {
  test('two parsers on ports that overlap', () => {
    assert.equal(
      statusOf(repositoryWith(to(range('TCP', 80), http()), to(range('TCP', 64, 90), DNS))),
      'conflict',
    );
    assert.equal(statusOf(repositoryWith(to(range('TCP', 80), http()), to(range('TCP', 81, 90), DNS))), 'ok');
    assert.equal(statusOf(repositoryWith(to(range('TCP', 80), http()), to(range('UDP', 80), DNS))), 'ok');
  });

  test('a rule in audit mode only reports: it conflicts with nothing', () => {
    const audited = { ...to(range('TCP', 80), DNS), audit: true };
    assert.equal(statusOf(repositoryWith(to(range('TCP', 80), http()), audited)), 'ok');
  });

  test('on a port that a peer has a name for, as long as there is such a peer', () => {
    const repository = repositoryWith(to(range('TCP', 80), http()), to(api, DNS));
    repository.track(WEB);
    assert.equal(statusOf(repository), 'ok');
    repository.setIdentity(identity(257, 'app=api', [{ name: 'api', protocol: 'TCP', port: 80 }]));
    assert.equal(statusOf(repository), 'conflict');
    repository.setIdentity(identity(257, 'app=api', [{ name: 'api', protocol: 'TCP', port: 81 }]));
    assert.equal(statusOf(repository), 'ok');
    repository.setIdentity(identity(258, 'app=api', [{ name: 'api', protocol: 'TCP', port: 80 }]));
    assert.equal(statusOf(repository), 'conflict');
    repository.removeIdentity(258);
    assert.equal(statusOf(repository), 'ok');
  });
});
