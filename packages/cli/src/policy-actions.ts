/** What each command of `waggle policy` does: it reads files, asks the engine, prints, and ends. */
import { WaggleError } from '@waggle/bpf';
import {
  type Direction,
  diff as diffPolicies,
  type EnforcementMode,
  explain as explainPolicy,
  labelReport,
  type NamedPort,
  PolicyRepository,
  PROTOCOL_NUMBERS,
  PROTOCOLS,
  type Protocol,
  trace as tracePacket,
} from '@waggle/policy';
import { type Context, ExitCode } from './context.ts';
import { styleFor } from './output.ts';
import { Cast } from './policy-cast.ts';
import { findConflicts, unmetRequirements } from './policy-checks.ts';
import { diffText } from './policy-diff-text.ts';
import { explanationText } from './policy-explain-text.ts';
import { readEndpoints, readPolicies, readPolicyFiles } from './policy-files.ts';
import { traceText } from './policy-trace-text.ts';
import { type Validation, validationText } from './policy-validation-text.ts';
import { type OutputOptions, print } from './print.ts';

interface ModeOptions extends OutputOptions {
  readonly enforcement: EnforcementMode;
  readonly allowLocalhost?: boolean;
  readonly endpoints?: string;
}

export interface ValidateOptions extends OutputOptions {
  readonly endpoints?: string;
}

export interface ExplainOptions extends ModeOptions {
  readonly policy: readonly string[];
}

export interface TraceOptions extends ExplainOptions {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly direction?: Direction;
}

export interface DiffOptions extends ModeOptions {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly endpoints: string;
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

export function trace(options: TraceOptions, context: Context): void {
  const repository = repositoryOf(options.policy, options);
  const cast = new Cast(options.endpoints === undefined ? [] : readEndpoints(options.endpoints), [
    repository,
  ]);
  const from = cast.find(options.from, [repository]);
  const to = cast.find(options.to, [repository]);
  const { protocol, port } = parsePort(options.port, cast.identity(to).namedPorts ?? []);
  const { direction } = options;
  const traced = tracePacket(repository, { from, to, protocol, port, ...(direction && { direction }) });
  if (traced.verdict === 'denied') context.exitCode = ExitCode.failure;
  const narrower = [options.from, options.to].flatMap((text) => cast.cidrsWithin(text));
  print(options, context, { ...traced, identities: cast.table([from, to]) }, () =>
    traceText(traced, options, cast, narrower, styleFor(context.stdout)),
  );
}

export function explain(whom: string, options: ExplainOptions, context: Context): void {
  const repository = repositoryOf(options.policy, options);
  const cast = new Cast(options.endpoints === undefined ? [] : readEndpoints(options.endpoints), [
    repository,
  ]);
  const explanation = explainPolicy(repository, cast.find(whom, [repository]));
  const shown = explanation.rows.flatMap(({ peers }) => (peers === 'everybody' ? [] : peers));
  const identities = cast.table([explanation.identity.id, ...shown]);
  print(options, context, { ...explanation, identities }, () =>
    explanationText(explanation, cast, styleFor(context.stdout)),
  );
}

export function diff(options: DiffOptions, context: Context): void {
  const before = repositoryOf(options.before, options);
  const after = repositoryOf(options.after, options);
  const cast = new Cast(readEndpoints(options.endpoints), [before, after]);
  const found = diffPolicies(before, after);
  if (found.pairs.length > 0 || found.statuses.length > 0) context.exitCode = ExitCode.failure;
  const identities = cast.table(found.pairs.flatMap(({ from, to }) => [from, to]));
  print(options, context, { ...found, identities }, () => diffText(found, cast, styleFor(context.stdout)));
}

function repositoryOf(
  paths: readonly string[],
  { enforcement, allowLocalhost = false, endpoints }: ModeOptions,
): PolicyRepository {
  const { rules, cidrGroups } = readPolicies(paths, endpoints);
  const repository = new PolicyRepository({ enforcement, allowLocalhost });
  for (const group of cidrGroups) repository.setCidrGroup(group);
  repository.add(rules);
  return repository;
}

/** Protocols that have neither ports nor types. */
const PORTLESS: readonly Protocol[] = ['VRRP', 'IGMP'];

function parsePort(text: string, named: readonly NamedPort[]): { protocol: number; port: number } {
  const [first = '', second] = text.split('/');
  const byName = named.find(
    ({ name, protocol }) => name === first.toLowerCase() && (second ?? protocol).toUpperCase() === protocol,
  );
  if (byName) return { protocol: PROTOCOL_NUMBERS[byName.protocol], port: byName.port };
  const alone = PROTOCOLS.find((name) => name.toLowerCase() === first.toLowerCase());
  if (alone && second === undefined && PORTLESS.includes(alone))
    return { protocol: PROTOCOL_NUMBERS[alone], port: 0 };
  const protocol = PROTOCOLS.find((name) => name.toLowerCase() === (second ?? 'TCP').toLowerCase());
  const port = Number(first);
  if (protocol && /^\d+$/.test(first) && port <= 0xffff)
    return { protocol: PROTOCOL_NUMBERS[protocol], port };
  const names = named.map(({ name }) => name);
  throw new WaggleError('MALFORMED', `${JSON.stringify(text)} is no port`, {
    hint: `Allowed: 80/TCP, 8/ICMP, 80${names.length > 0 ? `, ${names.join(', ')}` : ''}; protocols are ${PROTOCOLS.join(', ')}`,
  });
}
