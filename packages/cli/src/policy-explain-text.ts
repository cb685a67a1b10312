/** What `waggle policy explain` prints: who it is, what holds in general, and the table. */
import {
  type Direction,
  type ExplainedRow,
  type Explanation,
  formatRange,
  formatReference,
} from '@waggle/policy';
import { listed, type NameBook } from './name-book.ts';
import { hang, type Style, wrap } from './output.ts';
import { statusLines } from './policy-trace-text.ts';
import { fitTable } from './table.ts';

export function explanationText(explanation: Explanation, names: NameBook, style: Style): string {
  const { identity, selectedBy, enforced, status, conflicts, entries, rows } = explanation;
  const name = names.nameOf(identity.id);
  const facts: [string, string][] = [
    ['labels', names.labelsOf(identity.id)],
    ['ingress', enforcementText(explanation, 'ingress')],
    ['egress', enforcementText(explanation, 'egress')],
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
  const head = [`${style.paint('bold', name)}  (identity ${identity.id})`, ...lines, ...faults]
    .map((line) => `${line}\n`)
    .join('');
  if (rows.length === 0) return head;
  const table = fitTable(
    ['DIRECTION', 'PEER', 'PORTS', 'ACTION', 'RULE'],
    rows.map((row) => [
      row.direction,
      peersText(row, names),
      row.ports.map(formatRange).join(', '),
      actionText(row),
      rulesText(row),
    ]),
    style.width,
  );
  const rest = (['ingress', 'egress'] as const).filter((direction) => enforced[direction]);
  const end = rest.length === 0 ? '' : `\nEverything else is denied (${rest.join(' and ')}).\n`;
  return `${head}\n${table}${end}`;
}

function enforcementText({ enforced, status, rows }: Explanation, direction: Direction): string {
  const isEmpty = !rows.some((row) => row.direction === direction);
  if (isEmpty && status.kind !== 'ok') return 'everything is denied: the policy is not in force';
  return enforced[direction]
    ? 'what no rule allows is denied'
    : `everything is allowed: no rule restricts ${direction}`;
}

function peersText({ peers }: ExplainedRow, names: NameBook): string {
  if (peers === 'everybody') return peers;
  const [first] = peers;
  if (first === undefined || peers.length > 1) return listed(peers.map((id) => names.nameOf(id)));
  const [name, labels] = [names.nameOf(first), names.labelsOf(first)];
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
