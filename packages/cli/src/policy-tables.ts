/** What `waggle policy explain` and `waggle policy diff` print. */
import {
  type Direction,
  type ExplainedRow,
  type Explanation,
  formatRange,
  formatReference,
  type PairChange,
  type PolicyDiff,
  type PortChange,
  type SideVerdict,
} from '@waggle/policy';
import { hang, type Style, wrap } from './output.ts';
import type { Cast } from './policy-cast.ts';
import { statusLines } from './policy-trace-text.ts';
import { counted } from './policy-validation-text.ts';
import { fitTable } from './table.ts';

export function explanationText(explanation: Explanation, cast: Cast, style: Style): string {
  const { identity, selectedBy, enforced, status, conflicts, entries, rows } = explanation;
  const name = cast.nameOf(identity.id);
  const facts: [string, string][] = [
    ['labels', cast.labelsOf(identity.id)],
    ['ingress', enforcementText(enforced.ingress, 'ingress')],
    ['egress', enforcementText(enforced.egress, 'egress')],
    ['rules', selectedBy.join(', ') || 'none selects it'],
    ['entries', `${entries} in force`],
  ];
  const lines = facts.flatMap(([what, text]) =>
    hang(`  ${what.padEnd(9)}`, 11, wrap(text, style.width - 11)),
  );
  const faults = [
    ...statusLines(status, name).map(({ text }) => text),
    ...conflicts.map(
      ({ ports, parsers, rules, direction }) =>
        `${direction} ${formatRange(ports)} cannot be read as ${parsers.join(' and as ')}: ${rules.map(formatReference).join(', ')}`,
    ),
  ].flatMap((text) => hang(`${style.marks.bad} `, 2, wrap(text, style.width - 2)));
  const table = fitTable(
    ['DIRECTION', 'PEER', 'PORTS', 'ACTION', 'RULE'],
    rows.map((row) => [
      row.direction,
      peersText(row, cast),
      row.ports.map(formatRange).join(', '),
      actionText(row),
      rulesText(row),
    ]),
    style.width,
  );
  const rest = (['ingress', 'egress'] as const).filter((direction) => enforced[direction]);
  const end = rest.length === 0 ? '' : `\nEverything else is denied (${rest.join(' and ')}).\n`;
  const head = [`${style.paint('bold', name)}  (identity ${identity.id})`, ...lines, ...faults, ''];
  return `${head.map((line) => `${line}\n`).join('')}${table}${end}`;
}

const enforcementText = (enforced: boolean, direction: Direction): string =>
  enforced ? 'what no rule allows is denied' : `everything is allowed: no rule restricts ${direction}`;

function peersText({ peers }: ExplainedRow, cast: Cast): string {
  if (peers === 'everybody') return peers;
  const [first] = peers;
  if (first === undefined || peers.length > 1) return peers.map((id) => cast.nameOf(id)).join(', ');
  const [name, labels] = [cast.nameOf(first), cast.labelsOf(first)];
  return name === labels ||
    labels.startsWith('reserved:') ||
    labels.startsWith('cidr:') ||
    labels.startsWith('fqdn:')
    ? name
    : `${name} (${labels})`;
}

function actionText({ action, redirect, audit, authentication }: ExplainedRow): string {
  const what = redirect ? `to ${redirect.listener ?? redirect.parser}` : action;
  const asked = authentication === undefined || authentication === 'disabled' ? '' : ', authenticated';
  return `${what}${audit ? ', audit' : ''}${asked}`;
}

const rulesText = ({ rules }: ExplainedRow): string =>
  rules.length === 0 ? 'default' : rules.map(formatReference).join(', ');

/** One line of the comparison: whom it is about, and what changes. */
interface DiffLine {
  readonly pairs: PairChange[];
  readonly change: PortChange;
}

export function diffText({ pairs, statuses, compared }: PolicyDiff, cast: Cast, style: Style): string {
  const faults = statuses.flatMap(({ identity, after }) => statusLines(after, cast.nameOf(identity)));
  const notes = faults.flatMap(({ text }) => hang(`${style.marks.bad} `, 2, wrap(text, style.width - 2)));
  const head = notes.length === 0 ? '' : `${notes.join('\n')}\n\n`;
  if (pairs.length === 0) return `${head}Nothing changes: ${counted(compared.pairs, 'pair')} compared.\n`;
  const table = fitTable(
    ['FROM', 'TO', 'PORTS', 'BEFORE', 'AFTER'],
    linesOf(pairs).map(({ pairs: same, change }) => [
      same.map(({ from }) => cast.nameOf(from)).join(', '),
      same[0] ? cast.nameOf(same[0].to) : '',
      changedPorts(change),
      sideText(change.before),
      sideText(change.after),
    ]),
    style.width,
  );
  return `${head}${table}\n${summary(pairs, compared.pairs)}\n`;
}

/** The changes, those of several senders to one receiver together where they are equal. */
function linesOf(pairs: readonly PairChange[]): DiffLine[] {
  const lines = new Map<string, DiffLine>();
  for (const pair of [...pairs].sort((a, b) => a.to - b.to || a.from - b.from)) {
    for (const change of pair.changes) {
      const key = JSON.stringify([
        pair.to,
        changedPorts(change),
        sideText(change.before),
        sideText(change.after),
      ]);
      const line = lines.get(key) ?? { pairs: [], change };
      line.pairs.push(pair);
      lines.set(key, line);
    }
  }
  return [...lines.values()];
}

function changedPorts({ ports, except }: PortChange): string {
  const text = ports.map(formatRange).join(', ');
  return except.length === 0 ? text : `${text} except ${except.map(formatRange).join(', ')}`;
}

function sideText({ verdict, directions, rules }: SideVerdict): string {
  const verb = verdict === 'redirected' ? 'by proxy' : verdict === 'audited' ? 'audited' : verdict;
  if (rules.length > 0) return `${verb} by ${[...new Set(rules.map(formatReference))].join(', ')}`;
  return verdict === 'denied' ? `denied: no rule allows it (${directions.join(', ')})` : `${verb} by default`;
}

function summary(pairs: readonly PairChange[], compared: number): string {
  const sides = pairs.map(({ changes }) => ({
    closed: changes.some(({ before, after }) => before.verdict !== 'denied' && after.verdict === 'denied'),
    opened: changes.some(({ before, after }) => before.verdict === 'denied' && after.verdict !== 'denied'),
  }));
  const opened = sides.filter((side) => side.opened).length;
  const closed = sides.filter((side) => side.closed).length;
  const counts = [
    `${pairs.length} of ${counted(compared, 'pair')} change`,
    ...(opened > 0 ? [`${opened} may do more`] : []),
    ...(closed > 0 ? [`${closed} may do less`] : []),
  ];
  return `${counts.join('; ')}.`;
}
