/** What those commands of `waggle policy` do that ask the policy engine: of files, or of what the agent enforces. */
import {
  type Direction,
  diff as diffPolicies,
  explain as explainPolicy,
  labelReport,
  PolicyRepository,
  trace as tracePacket,
} from '@waggle/policy';
import { withKnownPlaces } from './agent-policies.ts';
import { type Context, ExitCode } from './context.ts';
import { styleFor } from './output.ts';
import { Cast } from './policy-cast.ts';
import { findConflicts, unmetRequirements } from './policy-checks.ts';
import { diffText } from './policy-diff-text.ts';
import { explanationText } from './policy-explain-text.ts';
import { readEndpoints, readPolicyFiles } from './policy-files.ts';
import { parsePort } from './policy-port.ts';
import { openScene, openScenes, type SceneOptions } from './policy-scene.ts';
import { traceText } from './policy-trace-text.ts';
import { type Validation, validationText } from './policy-validation-text.ts';
import { type OutputOptions, print } from './print.ts';

type ModeOptions = OutputOptions & SceneOptions;

export interface ValidateOptions extends OutputOptions {
  readonly endpoints?: string;
}

export interface ExplainOptions extends ModeOptions {
  readonly policy?: readonly string[];
}

export interface TraceOptions extends ExplainOptions {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly direction?: Direction;
}

export interface DiffOptions extends ModeOptions {
  readonly before?: readonly string[];
  readonly after: readonly string[];
}

export function validate(paths: readonly string[], options: ValidateOptions, context: Context): void {
  const files = readPolicyFiles(paths, options.endpoints);
  const endpoints = options.endpoints === undefined ? undefined : readEndpoints(options.endpoints);
  const problems = files.flatMap((file) => file.problems);
  const rules = files.flatMap(({ parsed }) => parsed?.rules ?? []);
  const repository = new PolicyRepository();
  repository.add(rules);
  for (const { parsed } of files)
    for (const group of parsed?.cidrGroups ?? []) repository.setCidrGroup(group);
  const cast = new Cast(endpoints ?? [], [repository]);
  const found: Validation = {
    files,
    conflicts: findConflicts(repository, endpoints && cast.endpoints()),
    ...(endpoints && {
      endpoints: {
        unmet: unmetRequirements(rules, cast.endpoints()),
        report: labelReport(cast.labelSets(), rules),
      },
    }),
  };
  if (problems.length > 0 || found.conflicts.length > 0) context.exitCode = ExitCode.failure;
  const counts = files.map(({ file, parsed, problems: wrong }) => ({
    file,
    rules: parsed?.rules.length ?? 0,
    cidrGroups: parsed?.cidrGroups.length ?? 0,
    problems: wrong,
  }));
  print(options, context, { ...found, files: counts, valid: context.exitCode === ExitCode.ok }, () =>
    validationText(found, styleFor(context.stdout)),
  );
}

export async function trace(options: TraceOptions, context: Context): Promise<void> {
  const { policy, endpoints, enforcement, allowLocalhost, direction } = options;
  if ([policy, endpoints, enforcement, allowLocalhost].every((option) => option === undefined)) {
    const { traceLive } = await import('./policy-live-trace.ts');
    return traceLive(options, context);
  }
  const { repositories, cast } = await openScene(policy, options, context);
  const [repository] = repositories;
  const from = cast.find(options.from, repositories);
  const to = cast.find(options.to, repositories);
  const { protocol, port } = parsePort(options.port, cast.identity(to).namedPorts ?? []);
  const request = { from, to, protocol, port, ...(direction && { direction }) };
  const traced = withKnownPlaces(tracePacket(repository, request));
  if (traced.verdict === 'denied') context.exitCode = ExitCode.failure;
  const narrower = [options.from, options.to].flatMap((text) => cast.cidrsWithin(text));
  print(options, context, { ...traced, identities: cast.table([from, to]) }, () =>
    traceText(traced, options, cast, narrower, styleFor(context.stdout)),
  );
}

export async function explain(whom: string, options: ExplainOptions, context: Context): Promise<void> {
  const { repositories, cast } = await openScene(options.policy, options, context);
  const [repository] = repositories;
  const explanation = withKnownPlaces(explainPolicy(repository, cast.find(whom, repositories)));
  const shown = explanation.rows.flatMap(({ peers }) => (peers === 'everybody' ? [] : peers));
  const identities = cast.table([explanation.identity.id, ...shown]);
  print(options, context, { ...explanation, identities }, () =>
    explanationText(explanation, cast, styleFor(context.stdout)),
  );
}

export async function diff(options: DiffOptions, context: Context): Promise<void> {
  const { repositories, cast } = await openScenes(options.before, options.after, options, context);
  const found = withKnownPlaces(diffPolicies(...repositories));
  if (found.pairs.length > 0 || found.statuses.length > 0) context.exitCode = ExitCode.failure;
  const identities = cast.table(found.pairs.flatMap(({ from, to }) => [from, to]));
  print(options, context, { ...found, identities }, () => diffText(found, cast, styleFor(context.stdout)));
}
