/** What `waggle policy validate` prints. */
import {
  type Direction,
  type ExplainedConflict,
  formatProblem,
  formatRange,
  formatReference,
  type LabelReport,
  type Origin,
  type Rule,
  ruleName,
} from '@waggle/policy';
import type { Style } from './output.ts';
import { hang, wrap } from './output.ts';
import type { UnmetRequirement } from './policy-checks.ts';
import type { PolicyFile } from './policy-files.ts';
import { fitTable } from './table.ts';

/** What was found out about files of policies. */
export interface Validation {
  readonly files: readonly PolicyFile[];
  readonly conflicts: readonly ExplainedConflict[];
  readonly endpoints?: { readonly unmet: readonly UnmetRequirement[]; readonly report: LabelReport };
}

export function validationText({ files, conflicts, endpoints }: Validation, style: Style): string {
  const rules = files.flatMap(({ file, parsed }) => (parsed?.rules ?? []).map((rule) => ({ file, rule })));
  const groups = files.flatMap(({ parsed }) => parsed?.cidrGroups ?? []);
  const problems = files.flatMap((file) => file.problems);
  const wrong = files.filter((file) => file.problems.length > 0);
  const blocks: string[] = [];
  if (rules.length > 0) blocks.push(rulesTable(rules, style.width));
  if (problems.length > 0) blocks.push(problems.map((problem) => `${formatProblem(problem)}\n`).join(''));
  if (conflicts.length > 0) blocks.push(items(conflicts.map(conflictText), style.width));
  if (endpoints) blocks.push(...endpointBlocks(endpoints, style.width));
  const counts = [
    counted(files.length, 'file'),
    counted(rules.length, 'rule'),
    ...(groups.length > 0 ? [counted(groups.length, 'CIDR group')] : []),
  ].join(', ');
  const faults = [
    ...(problems.length > 0
      ? [`${counted(problems.length, 'problem')} in ${counted(wrong.length, 'file')}`]
      : []),
    ...(conflicts.length > 0 ? [counted(conflicts.length, 'conflict')] : []),
  ];
  blocks.push(
    faults.length === 0
      ? `${style.paint('green', style.marks.good)} ${counts}: all valid\n`
      : `${style.paint('red', style.marks.bad)} ${counts}: ${faults.join(', ')}\n`,
  );
  return blocks.join('\n');
}

/** The field's short names. */
const SHORT_KINDS: Readonly<Record<Origin['kind'], string>> = {
  CiliumNetworkPolicy: 'CNP',
  CiliumClusterwideNetworkPolicy: 'CCNP',
  NetworkPolicy: 'NetworkPolicy',
  Rule: 'rule',
};

/** One line for each policy, however many rules it has. */
function rulesTable(rules: readonly { readonly file: string; readonly rule: Rule }[], width: number): string {
  const policies = new Map<string, { file: string; rules: Rule[] }>();
  for (const { file, rule } of rules) {
    const { kind, name, namespace } = rule.origin;
    const key = name === undefined ? `${file} ${rule.origin.path}` : `${file} ${kind} ${namespace} ${name}`;
    const policy = policies.get(key) ?? { file, rules: [] };
    policy.rules.push(rule);
    policies.set(key, policy);
  }
  const elements = (all: readonly Rule[], direction: Direction): string => {
    const sections = all.flatMap((rule) => rule[direction] ?? []);
    if (sections.length === 0) return '-';
    return String(sections.reduce((sum, section) => sum + section.elements.length, 0));
  };
  return fitTable(
    ['FILE', 'POLICY', 'KIND', 'INGRESS', 'EGRESS'],
    [...policies.values()].map(({ file, rules: all }) => {
      const [first] = all;
      if (!first) return [];
      const kind = `${SHORT_KINDS[first.origin.kind]}${first.audit ? ', audit' : ''}`;
      return [file, ruleName(first), kind, elements(all, 'ingress'), elements(all, 'egress')];
    }),
    width,
  );
}

const conflictText = ({ ports, parsers, rules, direction }: ExplainedConflict): string =>
  `${direction} ${formatRange(ports)} cannot be read as ${parsers.join(' and as ')}: ${rules
    .map((rule) => formatReference(rule))
    .join(', ')}. Endpoints that both select keep their last policy. Give one of them other ports or peers.`;

function endpointBlocks(
  { unmet, report }: { readonly unmet: readonly UnmetRequirement[]; readonly report: LabelReport },
  width: number,
): string[] {
  const missing = unmet.map(({ requirement, rules, meant }) => {
    const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
    return `no endpoint has ${requirement}, which is asked for by ${rules.join(', ')}.${hint}`;
  });
  const exploding = report.labels
    .filter(({ identitiesAdded, rules }) => identitiesAdded > 0 && rules === 0)
    .map(
      ({ source, key, values, identitiesAdded }) =>
        `the label ${source}:${key} has ${counted(values, 'value')} and adds ${identitiesAdded} to the ${counted(report.identities, 'identity', 'identities')}, but no rule asks for it.`,
    );
  return [missing, exploding].filter((texts) => texts.length > 0).map((texts) => items(texts, width));
}

const items = (texts: readonly string[], width: number): string =>
  texts
    .flatMap((text) => hang('- ', 2, wrap(text, width - 2)))
    .map((line) => `${line}\n`)
    .join('');

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
