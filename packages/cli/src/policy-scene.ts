/**
 * What a question about policies is asked of: policies and endpoints of files, or of the running agent where the user names no
 * files; and in which modes.
 */
import { type EndpointDescription, type EnforcementMode, PolicyRepository } from '@waggle/policy';
import { type AgentPolicies, type PolicyModes, readAgentPolicies } from './agent-policies.ts';
import { agentOf, ask } from './ask.ts';
import type { Context } from './context.ts';
import { Cast } from './policy-cast.ts';
import { readEndpoints, readPolicies } from './policy-files.ts';

/** What the options of a command say. */
export interface SceneOptions {
  readonly socket?: string;
  /** A file. */
  readonly endpoints?: string;
  readonly enforcement?: EnforcementMode;
  readonly allowLocalhost?: boolean;
}

/** Files and directories; undefined: what the agent enforces. */
export type PolicyPaths = readonly string[] | undefined;

/** A cast that knows its repositories: one for each set of policies. */
export interface Scene<Repositories extends readonly PolicyRepository[]> {
  readonly repositories: Repositories;
  readonly cast: Cast;
}

/** One set of policies. */
export async function openScene(
  paths: PolicyPaths,
  options: SceneOptions,
  context: Context,
): Promise<Scene<readonly [PolicyRepository]>> {
  const isLive = paths === undefined;
  const agent = isLive ? await ask(context, readAgentPolicies(agentOf(options))) : undefined;
  const repository = repositoryOf(paths, options, agent);
  return { repositories: [repository], cast: castOf(options, agent, [repository]) };
}

/** Two sets, which are to be compared: there endpoints are needed, and are the agent's unless a file has them. */
export async function openScenes(
  before: PolicyPaths,
  after: PolicyPaths,
  options: SceneOptions,
  context: Context,
): Promise<Scene<readonly [PolicyRepository, PolicyRepository]>> {
  const isLive = [before, after, options.endpoints].includes(undefined);
  const agent = isLive ? await ask(context, readAgentPolicies(agentOf(options))) : undefined;
  const repositories = [repositoryOf(before, options, agent), repositoryOf(after, options, agent)] as const;
  return { repositories, cast: castOf(options, agent, repositories) };
}

/** The modes that the user asks for, or else the agent's. */
export const modesOf = (
  { enforcement, allowLocalhost }: SceneOptions,
  agent: AgentPolicies | undefined,
): PolicyModes => ({
  enforcement: enforcement ?? agent?.modes.enforcement ?? 'default',
  allowLocalhost: allowLocalhost ?? agent?.modes.allowLocalhost ?? false,
});

function repositoryOf(
  paths: PolicyPaths,
  options: SceneOptions,
  agent: AgentPolicies | undefined,
): PolicyRepository {
  const repository = new PolicyRepository(modesOf(options, agent));
  if (paths === undefined) {
    agent?.fill(repository);
    return repository;
  }
  const { rules, cidrGroups } = readPolicies(paths, options.endpoints);
  for (const group of cidrGroups) repository.setCidrGroup(group);
  repository.add(rules);
  return repository;
}

/** The endpoints of a file, or the agent's, or none. */
export function castOf(
  { endpoints }: SceneOptions,
  agent: AgentPolicies | undefined,
  repositories: readonly PolicyRepository[],
): Cast {
  if (endpoints !== undefined) return new Cast(readEndpoints(endpoints), repositories);
  const known: readonly EndpointDescription[] = agent?.endpoints ?? [];
  return new Cast(known, repositories, { labelsAreIdentities: true });
}
