import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLabel } from '../labels/label.ts';
import type { L7Rules } from '../rules/l7.ts';
import type { Peer, PortRule, Rule, RuleElement } from '../rules/rule.ts';
import type { EntryKey, PolicyEntry } from './entry.ts';
import { PolicyRepository, type RepositoryOptions } from './repository.ts';

const SERVER = 300;
const CLIENT = 301;
const place = { path: '' };
const http: L7Rules = { parser: 'http', http: [{ method: 'GET' }] };

const selector = (label: string) => {
  const { source, key, value } = parseLabel(label);
  return { requirements: [{ source, key, operator: 'in' as const, values: [value] }] };
};
const app = (name: string): Peer => ({ kind: 'endpoints', selector: selector(`app=${name}`) });
const tcp = (first: number, last = first, l7?: L7Rules): PortRule[] => [
  { ports: [{ kind: 'range', protocol: 'TCP', first, last }], ...(l7 && { l7 }), place },
];
const allow = (peers?: Peer[], ports?: PortRule[]): RuleElement => ({
  action: 'allow',
  ...(peers && { peers }),
  ...(ports && { ports }),
  place,
});

/** A rule for the server's ingress. */
const rule = (name: string, ...elements: RuleElement[]): Rule => ({
  subject: { kind: 'endpoints', selector: selector('app=server') },
  ingress: { elements, defaultDeny: true },
  labels: [parseLabel(`k8s:policy=${name}`)],
  audit: false,
  origin: { kind: 'Rule', path: '' },
});

function shop(options: RepositoryOptions = {}): PolicyRepository {
  const repository = new PolicyRepository(options);
  repository.setIdentity({ id: 1, labels: [parseLabel('reserved:host')] });
  repository.setIdentity({ id: SERVER, labels: [parseLabel('k8s:app=server')] });
  repository.setIdentity({ id: CLIENT, labels: [parseLabel('k8s:app=client')] });
  return repository;
}

const keyText = ({ identity, protocol, port, portPrefix }: EntryKey): string =>
  `${identity} ${protocol}/${port}/${portPrefix}`;
const text = (entry: PolicyEntry): string => `${keyText(entry)} ${entry.action}`;
const ingress = (entries: readonly PolicyEntry[]): string[] =>
  entries.filter(({ direction }) => direction === 'ingress').map(text);
const resolved = (repository: PolicyRepository): string[] => ingress(repository.resolve(SERVER).entries);

/** What has happened to the server's map, in words. */
const changes = (repository: PolicyRepository): string[] =>
  repository
    .takeChanges()
    .flatMap(({ upserted, removed }) => [
      ...upserted.map((entry) => `+ ${text(entry)}`),
      ...removed.map((key) => `- ${keyText(key)}`),
    ]);

test('without a rule that selects it an identity is open in both directions', () => {
  const { entries, enforced } = shop().resolve(SERVER);
  assert.deepEqual(enforced, { ingress: false, egress: false });
  assert.deepEqual(
    entries.map((entry) => `${entry.direction} ${text(entry)} [${entry.cookies}]`),
    ['ingress 0 0/0/0 allow []', 'egress 0 0/0/0 allow []'],
  );
});

test('changes are told step by step, and only what changed', () => {
  const repository = shop();
  repository.track(SERVER);
  assert.deepEqual(changes(repository), ['+ 0 0/0/0 allow', '+ 0 0/0/0 allow'], 'both directions');
  repository.add([rule('web', allow([app('client')], tcp(80)))]);
  assert.deepEqual(changes(repository), [`- 0 0/0/0`, `+ ${CLIENT} 6/80/16 allow`].sort());
  repository.setIdentity({ id: 302, labels: [parseLabel('k8s:app=client')] });
  assert.deepEqual(changes(repository), ['+ 302 6/80/16 allow']);
  repository.removeIdentity(CLIENT);
  assert.deepEqual(changes(repository), [`- ${CLIENT} 6/80/16`]);
  repository.replace([parseLabel('policy=web')], [rule('web', allow([app('client')], tcp(81)))]);
  assert.deepEqual(changes(repository), ['+ 302 6/81/16 allow', '- 302 6/80/16']);
  assert.equal(repository.delete([parseLabel('any:policy=web')]), 1);
  assert.deepEqual(changes(repository), ['+ 0 0/0/0 allow', '- 302 6/81/16']);
  assert.deepEqual(changes(repository), [], 'each change is told once');
});

test('rules are exchanged one by one, whatever their labels', () => {
  const repository = shop();
  repository.track(SERVER);
  const rules = [80, 81].map((port) => rule('web', allow([app('client')], tcp(port))));
  repository.add(rules);
  repository.takeChanges();
  repository.exchange(rules.slice(0, 1), [rule('web', allow([app('client')], tcp(82)))]);
  assert.deepEqual(changes(repository), [`- ${CLIENT} 6/80/16`, `+ ${CLIENT} 6/82/16 allow`].sort());
  assert.equal(repository.rules().length, 2);
});

test('entries that do not fit leave the last good ones in force, until they fit again', () => {
  const repository = shop({ capacity: 4 });
  repository.track(SERVER);
  repository.add([rule('web', allow([app('client')], tcp(80)))]);
  repository.takeChanges();
  repository.add([rule('range', allow(undefined, tcp(1, 1000)))]);
  const { status } = repository.resolve(SERVER);
  assert.ok(status.kind === 'overflow' && status.entries > status.capacity, JSON.stringify(status));
  assert.deepEqual(resolved(repository), [`${CLIENT} 6/80/16 allow`]);
  repository.setIdentity({ id: 302, labels: [parseLabel('k8s:app=client')] });
  assert.deepEqual(changes(repository), [], 'nothing is half applied');
  repository.delete([parseLabel('policy=range')]);
  assert.equal(repository.resolve(SERVER).status.kind, 'ok');
  assert.deepEqual(changes(repository), ['+ 302 6/80/16 allow']);
});

test('or deny everything, where it was configured so', () => {
  const repository = shop({ capacity: 4, safeState: 'deny' });
  repository.track(SERVER);
  repository.add([rule('web', allow([app('client')], tcp(80)))]);
  repository.takeChanges();
  repository.add([rule('range', allow(undefined, tcp(1, 1000)))]);
  assert.deepEqual(repository.resolve(SERVER).entries, []);
  assert.deepEqual(changes(repository).sort(), ['- 0 0/0/0', `- ${CLIENT} 6/80/16`]);
  repository.delete([parseLabel('policy=range')]);
  assert.deepEqual(changes(repository).sort(), ['+ 0 0/0/0 allow', `+ ${CLIENT} 6/80/16 allow`]);
});

test('two parsers on one port contradict each other, also by ranges; who they are is told', () => {
  const repository = shop();
  repository.add([
    rule('a', allow([app('client')], tcp(80, 80, http))),
    rule('b', allow(undefined, tcp(80, 95, { parser: 'kafka' }))),
  ]);
  const { status, entries } = repository.resolve(SERVER);
  assert.ok(status.kind === 'conflict');
  const [conflict] = status.conflicts;
  assert.deepEqual(
    [conflict?.direction, conflict?.port, conflict?.parsers],
    ['ingress', 80, ['http', 'kafka']],
  );
  const owners = conflict?.cookies.map((cookie) => repository.ruleOf(cookie)?.rule.labels[0]?.value);
  assert.deepEqual(owners, ['a', 'b']);
  assert.deepEqual(entries, [], 'there was nothing good before');
});

test('proxies are told the rules of everybody who may come', () => {
  const repository = shop();
  repository.add([
    rule('get', allow(undefined, tcp(80, 80, http))),
    rule('all', allow([app('client')])),
    rule('other', allow([app('client')], tcp(81))),
  ]);
  assert.deepEqual(resolved(repository), [
    '0 6/80/16 redirect',
    `${CLIENT} 0/0/0 allow`,
    `${CLIENT} 6/81/16 allow`,
  ]);
  const [proxy, ...others] = repository.resolve(SERVER).proxies;
  assert.deepEqual(others, []);
  assert.deepEqual([proxy?.port, proxy?.redirect], [80, { parser: 'http' }]);
  assert.deepEqual(
    proxy?.rules.map(({ peers, l7 }) => ({ peers, l7 })),
    [
      { peers: 'everybody', l7: http },
      { peers: [CLIENT], l7: undefined },
    ],
  );
});

test('this host reaches its endpoints where it is configured so', () => {
  const repository = shop({ allowLocalhost: true });
  repository.add([rule('none', allow([]))]);
  assert.deepEqual(resolved(repository), ['1 0/0/0 allow']);
});

test('a group of CIDRs is what it holds at the time', () => {
  const repository = shop();
  repository.setIdentity({
    id: 1 << 24,
    labels: [parseLabel('cidr:10.1.0.0/16'), parseLabel('reserved:world')],
  });
  repository.track(SERVER);
  repository.add([rule('partners', allow([{ kind: 'cidrGroup', name: 'partners', except: [] }]))]);
  repository.takeChanges();
  repository.setCidrGroup({ name: 'partners', labels: [], cidrs: ['10.0.0.0/8'], place });
  assert.deepEqual(changes(repository), [`+ ${1 << 24} 0/0/0 allow`]);
  assert.deepEqual(repository.cidrs(), ['10.0.0.0/8']);
  repository.removeCidrGroup('partners');
  assert.deepEqual(changes(repository), [`- ${1 << 24} 0/0/0`]);
});

test('a subject whose named ports change gets what they name', () => {
  const repository = shop();
  repository.track(SERVER);
  const named = { kind: 'named', protocol: 'TCP', name: 'web' } as const;
  repository.add([rule('web', allow(undefined, [{ ports: [named], place }]))]);
  repository.takeChanges();
  const labels = [parseLabel('k8s:app=server')];
  repository.setIdentity({ id: SERVER, labels, namedPorts: [{ name: 'web', protocol: 'TCP', port: 8080 }] });
  assert.deepEqual(changes(repository), ['+ 0 6/8080/16 allow']);
  repository.setIdentity({ id: SERVER, labels, namedPorts: [{ name: 'web', protocol: 'UDP', port: 8080 }] });
  assert.deepEqual(changes(repository), ['- 0 6/8080/16']);
});

test('a CIDR that is none adds nothing, and says so', () => {
  const repository = shop();
  const { revision } = repository;
  const wrong = rule('wrong', allow([{ kind: 'cidr', cidr: '10.0.0.0/99', except: [] }]));
  assert.throws(() => repository.add([rule('good', allow()), wrong]), { code: 'MALFORMED' });
  assert.deepEqual([repository.rules(), repository.revision], [[], revision]);
  assert.throws(() => repository.resolve(9), { code: 'NOT_FOUND' });
});

test('deletes the rules that have all the labels, and all rules for none', () => {
  const repository = shop();
  repository.add([rule('a', allow()), rule('b', allow()), rule('c', allow())]);
  assert.equal(repository.delete([parseLabel('k8s:policy=a'), parseLabel('k8s:policy=b')]), 0);
  assert.equal(repository.delete([parseLabel('container:policy=a')]), 0);
  assert.equal(repository.delete([parseLabel('k8s:policy=a')]), 1);
  assert.equal(repository.delete([]), 2);
});
