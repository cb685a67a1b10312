/** What entries look like in any world: canonical keys, each once, each made by a rule. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { world as aWorld } from '../testing/generate.ts';
import { subjectsOf } from '../testing/identities.ts';
import { hasConflict } from '../testing/oracle.ts';
import { DIRECTIONS } from '../testing/questions.ts';
import { contentOf, keyOf, repositoryOf } from '../testing/repository.ts';
import { PRECEDENCE } from './entry.ts';

const RUNS = { numRuns: 120 };

suite('The form of entries', () => {
  test('keys are canonical, each stands once, and precedence goes with the action', () => {
    fc.assert(
      fc.property(aWorld(), (world) => {
        const repository = repositoryOf(world);
        for (const { id } of subjectsOf(world.identities)) {
          const { entries } = repository.resolve(id);
          assert.equal(new Set(entries.map(keyOf)).size, entries.length);
          for (const entry of entries) {
            const { protocol, port, portPrefix, action, precedence, cookies } = entry;
            const what = keyOf(entry);
            if (protocol === 0) assert.deepEqual([port, portPrefix], [0, 0], what);
            assert.ok(portPrefix >= 0 && portPrefix <= 16, what);
            assert.equal(port & (0xffff >> portPrefix), 0, `${what}: bits beyond the prefix`);
            assert.equal(precedence, PRECEDENCE[action], what);
            assert.equal(entry.redirect !== undefined, action === 'redirect', what);
            assert.deepEqual(
              [...new Set(cookies)].sort((a, b) => a - b),
              cookies,
              what,
            );
          }
        }
      }),
      RUNS,
    );
  });

  test('where what no rule allows is denied, every entry names a rule', () => {
    const world = aWorld().map(({ rules, options, ...rest }) => ({
      ...rest,
      rules: rules.map((rule) => ({ ...rule, audit: false })),
      options: { ...options, allowLocalhost: false },
    }));
    fc.assert(
      fc.property(world, (world) => {
        const repository = repositoryOf(world);
        for (const { id } of subjectsOf(world.identities)) {
          const { enforced, entries } = repository.resolve(id);
          const nameless = entries.filter(
            ({ direction, cookies }) => enforced[direction] && cookies.length === 0,
          );
          assert.deepEqual(nameless.map(keyOf), []);
        }
      }),
      RUNS,
    );
  });
});

suite('What entries do not depend on', () => {
  test('the order of rules, of their elements and of identities', () => {
    const shuffled = aWorld().chain((world) =>
      fc.record({
        world: fc.constant(world),
        rules: fc.shuffledSubarray([...world.rules], { minLength: world.rules.length }),
        identities: fc.shuffledSubarray([...world.identities], { minLength: world.identities.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ world, rules, identities }) => {
        const backwards = rules.map(({ ingress, egress, ...rule }) => ({
          ...rule,
          ...(ingress && { ingress: { ...ingress, elements: ingress.elements.toReversed() } }),
          ...(egress && { egress: { ...egress, elements: egress.elements.toReversed() } }),
        }));
        const one = repositoryOf(world);
        const other = repositoryOf({ ...world, rules: backwards, identities });
        for (const { id } of subjectsOf(world.identities)) {
          assert.deepEqual(contentOf(other, id), contentOf(one, id));
        }
      }),
      RUNS,
    );
  });

  test('which other subjects were resolved before', () => {
    fc.assert(
      fc.property(aWorld(), (world) => {
        const together = repositoryOf(world);
        for (const { id } of subjectsOf(world.identities)) together.resolve(id);
        for (const { id } of subjectsOf(world.identities)) {
          assert.deepEqual(contentOf(repositoryOf(world), id), contentOf(together, id));
        }
      }),
      RUNS,
    );
  });
});

suite('Parsers that conflict on a port', () => {
  test('are found, and what is in force then does not depend on order', () => {
    const shuffled = aWorld({ mixed: true })
      .filter(({ options }) => options.enforcement !== 'never')
      .chain((world) =>
        fc.record({
          world: fc.constant(world),
          rules: fc.shuffledSubarray([...world.rules], { minLength: world.rules.length }),
        }),
      );
    fc.assert(
      fc.property(shuffled, ({ world, rules }) => {
        const one = repositoryOf(world);
        const other = repositoryOf({ ...world, rules });
        for (const { id } of subjectsOf(world.identities)) {
          const conflict = DIRECTIONS.some((direction) => hasConflict(world, id, direction));
          const { status, entries } = one.resolve(id);
          assert.equal(status.kind, conflict ? 'conflict' : 'ok');
          if (conflict) assert.deepEqual(entries, []);
          assert.deepEqual(contentOf(other, id), contentOf(one, id));
        }
      }),
      RUNS,
    );
  });
});
