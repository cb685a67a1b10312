/** What `waggle policy diff` prints: who fares otherwise, on which ports, and the rules before and after. */
import {
  formatRange,
  formatReference,
  groupBy,
  type PairChange,
  type PolicyDiff,
  type PortChange,
  type SideVerdict,
} from '@waggle/policy';
import { listed, type NameBook } from './name-book.ts';
import { hang, type Style, wrap } from './output.ts';
import { statusLines } from './policy-trace-text.ts';
import { counted } from './policy-validation-text.ts';
import { fitTable } from './table.ts';

export function diffText({ pairs, statuses, compared }: PolicyDiff, names: NameBook, style: Style): string {
  const faults = statuses.flatMap(({ identity, after }) => statusLines(after, names.nameOf(identity)));
  const notes = faults.flatMap(({ text }) => hang(`${style.marks.bad} `, 2, wrap(text, style.width - 2)));
  const head = notes.length === 0 ? '' : `${notes.join('\n')}\n\n`;
  if (pairs.length === 0) return `${head}Nothing changes: ${counted(compared.pairs, 'pair')} compared.\n`;
  const table = fitTable(
    ['FROM', 'TO', 'PORTS', 'BEFORE', 'AFTER'],
    linesOf(pairs, names).map(({ from, to, change }) => [
      listed(from),
      listed(to),
      changedPorts(change),
      sideText(change.before),
      sideText(change.after),
    ]),
    style.width,
  );
  return `${head}${table}\n${summary(pairs, compared.pairs)}\n`;
}

/** One line of the comparison: who, to whom, and what changes for all of these pairs. */
interface DiffLine {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly change: PortChange;
}

/** The changes; equal ones of several senders to one receiver, and of the same senders to several, are one line. */
function linesOf(pairs: readonly PairChange[], names: NameBook): DiffLine[] {
  const single = pairs.flatMap(({ from, to, changes }) =>
    changes.map((change) => ({ from: names.nameOf(from), to: names.nameOf(to), change })),
  );
  const byReceiver = groupBy(single, ({ to, change }) => JSON.stringify([to, changeKey(change)])).map(
    (same) => ({ from: same.map(({ from }) => from), to: same[0].to, change: same[0].change }),
  );
  return groupBy(byReceiver, ({ from, change }) => JSON.stringify([from, changeKey(change)])).map((same) => ({
    from: same[0].from,
    to: same.map(({ to }) => to),
    change: same[0].change,
  }));
}

const changeKey = (change: PortChange): string[] => [
  changedPorts(change),
  sideText(change.before),
  sideText(change.after),
];

function changedPorts({ ports, except }: PortChange): string {
  const text = ports.map(formatRange).join(', ');
  return except.length === 0 ? text : `${text} except ${except.map(formatRange).join(', ')}`;
}

function sideText({ verdict, directions, rules }: SideVerdict): string {
  const verb = verdict === 'redirected' ? 'proxied' : verdict === 'audited' ? 'audited' : verdict;
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
