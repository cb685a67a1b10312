/**
 * A repository that lived through changes says the same as a new one with what is left, at every step: nothing that a change
 * leaves behind may ever show.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Identity } from '../identity/identity.ts';
import { type Label, parseLabel } from '../labels/label.ts';
import type { CidrGroup, Rule } from '../rules/rule.ts';
import { options as anOptions, cidrGroup, rule } from '../testing/generate.ts';
import { IDENTITIES, SUBJECTS, subjectsOf } from '../testing/identities.ts';
import type { World } from '../testing/oracle.ts';
import { contentOf, emptyRepository, keyOf, repositoryOf } from '../testing/repository.ts';
import type { PolicyEntry } from './entry.ts';
import type { PolicyRepository } from './repository.ts';

type Change =
  | { readonly kind: 'add'; readonly rules: readonly Rule[] }
  | { readonly kind: 'delete'; readonly labels: readonly Label[] }
  | { readonly kind: 'replace'; readonly labels: readonly Label[]; readonly rules: readonly Rule[] }
  | { readonly kind: 'setIdentity'; readonly identity: Identity }
  | { readonly kind: 'removeIdentity'; readonly identity: Identity }
  | { readonly kind: 'setCidrGroup'; readonly group: CidrGroup }
  | { readonly kind: 'removeCidrGroup'; readonly name: string };

const team = fc.constantFrom('red', 'blue').map((name) => [parseLabel(`team=${name}`, 'k8s')]);

/** One change; the rules it brings are called after its number. */
const change = (number: number): fc.Arbitrary<Change> => {
  const rules = fc
    .tuple(rule(`c${number}a`), fc.option(rule(`c${number}b`), { nil: undefined }))
    .map(([one, other]) => (other === undefined ? [one] : [one, other]));
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('add'), rules }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), labels: team }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace'), labels: team, rules }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('setIdentity'),
        identity: fc.constantFrom(...IDENTITIES),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('removeIdentity'),
        identity: fc.constantFrom(...IDENTITIES),
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

const history = fc
  .integer({ min: 1, max: 12 })
  .chain((length) => fc.tuple(...Array.from({ length }, (_, number) => change(number))));

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
    case 'setIdentity':
      return identities.includes(change.identity)
        ? world
        : { ...world, identities: [...identities, change.identity] };
    case 'removeIdentity':
      return { ...world, identities: identities.filter((one) => one !== change.identity) };
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
      repository.removeIdentity(change.identity.id);
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

  take(repository: PolicyRepository): void {
    for (const { identity, upserted, removed } of repository.takeChanges()) {
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

  of(subject: number): PolicyEntry[] {
    return [...(this.#maps.get(subject)?.values() ?? [])];
  }
}

const byKey = (a: PolicyEntry, b: PolicyEntry): number => (keyOf(a) < keyOf(b) ? -1 : 1);

suite('A repository after changes', () => {
  test('says what a new one says', () => {
    fc.assert(
      fc.property(anOptions, history, (options, changes) => {
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
      changes: history,
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
          if (change.kind === 'removeIdentity' && subjects.includes(change.identity)) continue;
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
});
