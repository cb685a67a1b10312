/**
 * A repository that lived through changes says the same as a new one with what is left, at every step: nothing that a change
 * leaves behind may ever show.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Identity, NamedPort } from '../identity/identity.ts';
import { type Label, parseLabel } from '../labels/label.ts';
import type { CidrGroup, Rule } from '../rules/rule.ts';
import { options as anOptions, cidrGroup, rule } from '../testing/generate.ts';
import { IDENTITIES, SUBJECTS, subjectsOf } from '../testing/identities.ts';
import type { World } from '../testing/oracle.ts';
import { contentOf, emptyRepository, keyOf, repositoryOf } from '../testing/repository.ts';
import type { PolicyEntry } from './entry.ts';
import { PolicyRepository } from './repository.ts';
import type { SafeState } from './subject-policy.ts';

type Change =
  | { readonly kind: 'add'; readonly rules: readonly Rule[] }
  | { readonly kind: 'delete'; readonly labels: readonly Label[] }
  | { readonly kind: 'replace'; readonly labels: readonly Label[]; readonly rules: readonly Rule[] }
  | { readonly kind: 'setIdentity'; readonly identity: Identity }
  | { readonly kind: 'removeIdentity'; readonly id: number }
  | { readonly kind: 'setCidrGroup'; readonly group: CidrGroup }
  | { readonly kind: 'removeCidrGroup'; readonly name: string };

const team = fc.constantFrom('red', 'blue').map((name) => [parseLabel(`team=${name}`, 'k8s')]);

const namedPorts: fc.Arbitrary<NamedPort[]> = fc.subarray<NamedPort>([
  { name: 'web', protocol: 'TCP', port: 80 },
  { name: 'web', protocol: 'TCP', port: 53 },
  { name: 'dns', protocol: 'UDP', port: 53 },
]);

/** An identity of the list, or one with its number that has become another: other labels, other names of ports. */
const anIdentity: fc.Arbitrary<Identity> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...IDENTITIES) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...IDENTITIES), fc.constantFrom(...IDENTITIES), namedPorts)
      .map(([{ id }, { labels }, ports]) => ({ id, labels, namedPorts: ports })),
  },
);

/** One change; the rules it brings are called after its number. */
const change = (number: number, mixed: boolean): fc.Arbitrary<Change> => {
  const rules = fc
    .tuple(rule(`c${number}a`, mixed), fc.option(rule(`c${number}b`, mixed), { nil: undefined }))
    .map(([one, other]) => (other === undefined ? [one] : [one, other]));
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('add'), rules }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), labels: team }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace'), labels: team, rules }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('setIdentity'),
        identity: anIdentity,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('removeIdentity'),
        id: fc.constantFrom(...IDENTITIES).map(({ id }) => id),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('setCidrGroup'),
        group: fc.oneof(cidrGroup('one'), cidrGroup('two')),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('removeCidrGroup'), name: fc.constantFrom('one', 'two') }),
    },
  );
};

/** Changes, one after the other. With `mixed`, parsers may conflict. */
const history = (mixed = false): fc.Arbitrary<Change[]> =>
  fc
    .integer({ min: 1, max: 12 })
    .chain((length) => fc.tuple(...Array.from({ length }, (_, number) => change(number, mixed))));

const hasAll = (rule: Rule, labels: readonly Label[]): boolean =>
  labels.every(({ key, value }) => rule.labels.some((label) => label.key === key && label.value === value));

/** What is left of a world after a change. */
function after(world: World, change: Change): World {
  const { rules, identities, cidrGroups } = world;
  switch (change.kind) {
    case 'add':
      return { ...world, rules: [...rules, ...change.rules] };
    case 'delete':
      return { ...world, rules: rules.filter((one) => !hasAll(one, change.labels)) };
    case 'replace':
      return {
        ...world,
        rules: [...rules.filter((one) => !hasAll(one, change.labels)), ...change.rules],
      };
    case 'setIdentity': {
      const others = identities.filter(({ id }) => id !== change.identity.id);
      return { ...world, identities: [...others, change.identity] };
    }
    case 'removeIdentity':
      return { ...world, identities: identities.filter(({ id }) => id !== change.id) };
    case 'setCidrGroup': {
      const others = cidrGroups.filter(({ name }) => name !== change.group.name);
      return { ...world, cidrGroups: [...others, change.group] };
    }
    case 'removeCidrGroup':
      return { ...world, cidrGroups: cidrGroups.filter(({ name }) => name !== change.name) };
  }
}

function apply(repository: PolicyRepository, change: Change): void {
  switch (change.kind) {
    case 'add':
      repository.add(change.rules);
      break;
    case 'delete':
      repository.delete(change.labels);
      break;
    case 'replace':
      repository.replace(change.labels, change.rules);
      break;
    case 'setIdentity':
      repository.setIdentity(change.identity);
      break;
    case 'removeIdentity':
      repository.removeIdentity(change.id);
      break;
    case 'setCidrGroup':
      repository.setCidrGroup(change.group);
      break;
    case 'removeCidrGroup':
      repository.removeCidrGroup(change.name);
      break;
  }
}

/** What the policy maps of the tracked subjects hold, if nobody looks at anything but the reported changes. */
class Maps {
  readonly #maps = new Map<number, Map<string, PolicyEntry>>();
  readonly #statuses = new Map<number, string>();

  take(repository: PolicyRepository): void {
    for (const { identity, status, upserted, removed } of repository.takeChanges()) {
      this.#statuses.set(identity, status.kind);
      const map = this.#maps.get(identity) ?? new Map<string, PolicyEntry>();
      this.#maps.set(identity, map);
      for (const key of removed)
        assert.ok(map.delete(keyOf(key)), `${keyOf(key)} was removed, but not there`);
      for (const entry of upserted) {
        assert.notDeepEqual(map.get(keyOf(entry)), entry, `${keyOf(entry)} was written again as it was`);
        map.set(keyOf(entry), entry);
      }
    }
  }

  /** The kind of status that was last told of. */
  statusOf(subject: number): string {
    return this.#statuses.get(subject) ?? 'ok';
  }

  of(subject: number): PolicyEntry[] {
    return [...(this.#maps.get(subject)?.values() ?? [])];
  }
}

const byKey = (a: PolicyEntry, b: PolicyEntry): number => (keyOf(a) < keyOf(b) ? -1 : 1);

suite('A repository after changes', () => {
  test('says what a new one says', () => {
    fc.assert(
      fc.property(anOptions, history(), (options, changes) => {
        const repository = emptyRepository(options);
        let world: World = { rules: [], cidrGroups: [], identities: [], options };
        for (const change of changes) {
          apply(repository, change);
          world = after(world, change);
        }
        const fresh = repositoryOf(world);
        for (const { id } of subjectsOf(world.identities)) {
          assert.deepEqual(contentOf(repository, id), contentOf(fresh, id));
        }
      }),
      { numRuns: 100 },
    );
  });

  test('keeps the policies of tracked identities as if computed anew, and its changes add up to them', () => {
    // Subjects are tracked from the start; after which steps the changes are taken is left to chance.
    const runs = fc.record({
      options: anOptions,
      subjects: fc.subarray([...SUBJECTS], { minLength: 1, maxLength: 2 }),
      changes: history(),
      taken: fc.infiniteStream(fc.boolean()),
    });
    fc.assert(
      fc.property(runs, ({ options, subjects, changes, taken }) => {
        const repository = emptyRepository(options);
        let world: World = { rules: [], cidrGroups: [], identities: subjects, options };
        for (const subject of subjects) {
          repository.setIdentity(subject);
          repository.track(subject.id);
        }
        const maps = new Maps();
        for (const change of changes) {
          // A subject that goes is tracked no longer, which is another matter.
          if (change.kind === 'removeIdentity' && subjects.some(({ id }) => id === change.id)) continue;
          apply(repository, change);
          world = after(world, change);
          const [take] = [...taken.take(1)];
          if (take === false) continue;
          maps.take(repository);
          const fresh = repositoryOf(world);
          for (const { id } of subjects) {
            assert.deepEqual(contentOf(repository, id), contentOf(fresh, id));
            assert.deepEqual(maps.of(id).sort(byKey), [...repository.resolve(id).entries].sort(byKey));
          }
        }
      }),
      { numRuns: 70 },
    );
  });

  test('while entries do not fit or parsers conflict, what is in force is the safe state', () => {
    const runs = fc.record({
      options: anOptions,
      subject: fc.constantFrom(...SUBJECTS),
      changes: history(true),
      capacity: fc.integer({ min: 2, max: 6 }),
      safeState: fc.constantFrom<SafeState>('keep-last-good', 'deny'),
    });
    fc.assert(
      fc.property(runs, ({ options, subject, changes, capacity, safeState }) => {
        const repository = new PolicyRepository({ ...options, capacity, safeState });
        let world: World = { rules: [], cidrGroups: [], identities: [subject], options };
        repository.setIdentity(subject);
        repository.track(subject.id);
        const maps = new Maps();
        let good = repository.resolve(subject.id).entries;
        for (const change of changes) {
          // The subject itself stays as it is: with other labels it would have no last good state.
          if ('id' in change && change.id === subject.id) continue;
          if ('identity' in change && change.identity.id === subject.id) continue;
          apply(repository, change);
          world = after(world, change);
          maps.take(repository);
          const { status, entries } = repository.resolve(subject.id);
          const wanted = repositoryOf(world).resolve(subject.id);
          const expected = wanted.entries.length > capacity ? 'overflow' : 'ok';
          assert.equal(status.kind, wanted.status.kind === 'conflict' ? 'conflict' : expected);
          if (status.kind === 'ok') {
            assert.equal(entries.length, wanted.entries.length);
            good = entries;
          } else assert.deepEqual(entries, safeState === 'deny' ? [] : good);
          assert.equal(maps.statusOf(subject.id), status.kind);
          assert.deepEqual(maps.of(subject.id).sort(byKey), [...entries].sort(byKey));
        }
      }),
      { numRuns: 100 },
    );
  });
});
