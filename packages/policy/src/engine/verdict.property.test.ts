/** The map entries of random worlds give every packet the verdict that the oracle gives it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { world as aWorld } from '../testing/generate.ts';
import { subjectsOf } from '../testing/identities.ts';
import { type Answer, type Question, verdict, type World } from '../testing/oracle.ts';
import { DIRECTIONS, interestingPorts } from '../testing/questions.ts';
import { pathsOf, repositoryOf } from '../testing/repository.ts';
import type { PolicyEntry } from './entry.ts';
import { PolicyMap } from './lookup.ts';
import type { ProxyPolicy } from './proxy-policy.ts';
import type { PolicyRepository } from './repository.ts';

/** Asks everything that matters about one subject. */
function* questionsAbout(world: World, subject: number): Generator<Question> {
  const ports = interestingPorts(world);
  for (const direction of DIRECTIONS) {
    for (const { id: peer } of world.identities) {
      for (const [protocol, port] of ports) yield { subject, direction, peer, protocol, port };
    }
  }
}

/** What is wrong with what the kernel found; undefined if nothing. */
function disagreement(
  repository: PolicyRepository,
  entry: PolicyEntry | undefined,
  { action, audit, deciding, l7, parsers }: Answer,
): string | undefined {
  const found = entry === undefined ? 'default-deny' : entry.action === 'deny' ? 'deny' : 'allow';
  if (found !== action) return `${found} instead of ${action}`;
  if (entry === undefined) return undefined;
  if (entry.audit !== audit) return `audit is ${entry.audit}`;

  const paths = new Set([...deciding].map(({ place }) => place.path));
  const strange = pathsOf(repository, entry.cookies).filter((path) => !paths.has(path));
  if (strange.length > 0) return `names ${strange}, which did not decide`;
  if (found === 'deny' && entry.cookies.length === 0) return `names none of ${[...paths]}`;

  const isRedirect = entry.action === 'redirect';
  if (l7 === null && isRedirect) return 'redirected, though no rule asks for it';
  if (l7 instanceof Set && !isRedirect) return 'not redirected, though rules ask for it';
  if (isRedirect && !parsers.has(entry.redirect?.parser ?? ''))
    return `redirected to ${entry.redirect?.parser}`;
  return undefined;
}

suite('Entries of random worlds', () => {
  test('agree with the oracle on every packet', () => {
    fc.assert(
      fc.property(aWorld(), (world) => {
        const repository = repositoryOf(world);
        for (const { id: subject } of subjectsOf(world.identities)) {
          const map = new PolicyMap(repository.resolve(subject).entries);
          for (const question of questionsAbout(world, subject)) {
            const { direction, peer, protocol, port } = question;
            const entry = map.lookup(direction, peer, protocol, port);
            const wrong = disagreement(repository, entry, verdict(world, question));
            if (wrong !== undefined) assert.fail(`${JSON.stringify({ question, entry })}: ${wrong}`);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('tell proxies what the oracle says that they have to check', () => {
    fc.assert(
      fc.property(aWorld(), (world) => {
        const repository = repositoryOf(world);
        for (const { id: subject } of subjectsOf(world.identities)) {
          const { entries, proxies } = repository.resolve(subject);
          const map = new PolicyMap(entries);
          for (const question of questionsAbout(world, subject)) {
            const { direction, peer, protocol, port } = question;
            if (map.lookup(direction, peer, protocol, port)?.action !== 'redirect') continue;
            const own = proxies
              .filter((one) => covers(one, question))
              .sort((a, b) => b.portPrefix - a.portPrefix)
              .slice(0, 1)
              .flatMap(({ rules }) => rules)
              .filter(({ peers }) => peers === 'everybody' || peers.includes(peer));
            const checks = own.some(({ l7 }) => l7 === undefined) ? 'all' : new Set(own.map(({ l7 }) => l7));
            assert.deepEqual(checks, verdict(world, question).l7, JSON.stringify(question));
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Whether a proxy's rules are for the ports of a question. */
const covers = (proxy: ProxyPolicy, { direction, protocol, port }: Question): boolean =>
  proxy.direction === direction &&
  proxy.protocol === protocol &&
  port >> (16 - proxy.portPrefix) === proxy.port >> (16 - proxy.portPrefix);
