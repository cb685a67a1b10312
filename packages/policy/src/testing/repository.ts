/** Repositories with a world in them, and their results in a form that two repositories share. */
import type { EntryKey, PolicyEntry } from '../engine/entry.ts';
import { PolicyRepository } from '../engine/repository.ts';
import type { World } from './oracle.ts';

/** An empty repository whose capacity no generated world exceeds. */
export const emptyRepository = (options: World['options']): PolicyRepository =>
  new PolicyRepository({ ...options, capacity: 16384, safeState: 'deny' });

/** A repository that holds the world. */
export function repositoryOf(world: World): PolicyRepository {
  const repository = emptyRepository(world.options);
  for (const identity of world.identities) repository.setIdentity(identity);
  for (const group of world.cidrGroups) repository.setCidrGroup(group);
  repository.add(world.rules);
  return repository;
}

/** The paths of the elements that cookies stand for: what they mean, whatever numbers they have. */
export const pathsOf = (repository: PolicyRepository, cookies: readonly number[]): string[] =>
  cookies
    .map((cookie) => repository.ruleOf(cookie)?.element.place.path ?? `no rule has cookie ${cookie}`)
    .sort();

/** The key of an entry as text. */
export const keyOf = ({ direction, identity, protocol, port, portPrefix }: EntryKey): string =>
  `${direction} ${identity} ${protocol} ${port}/${portPrefix}`;

/** An entry with paths in the place of its cookies. */
export const withPaths = (repository: PolicyRepository, { cookies, ...entry }: PolicyEntry): object => ({
  ...entry,
  paths: pathsOf(repository, cookies),
});

/** What a repository says of a subject, without what may differ between repositories of one content: cookies and revision. */
export function contentOf(repository: PolicyRepository, subject: number): object {
  const { enforced, status, entries, proxies } = repository.resolve(subject);
  return {
    enforced,
    status:
      status.kind === 'conflict'
        ? { ...status, conflicts: inOneOrder(status.conflicts.map(({ direction }) => direction)) }
        : status,
    entries: entries.map((entry) => withPaths(repository, entry)),
    // Of two parsers on one port nobody can say which it is.
    proxies: inOneOrder(
      (status.kind === 'conflict' ? [] : proxies).map(({ rules, ...proxy }) => ({
        ...proxy,
        rules: inOneOrder(
          rules.map(({ cookie, ...rule }) => ({ ...rule, paths: pathsOf(repository, [cookie]) })),
        ),
      })),
    ),
  };
}

const inOneOrder = (values: readonly unknown[]): string[] =>
  values.map((value) => JSON.stringify(value)).sort();
