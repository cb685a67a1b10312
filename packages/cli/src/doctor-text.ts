/**
 * The report for people: who and where in one block, then group by group how much is there and each thing that is not,
 * with the reason and what it means, and the verdict in the last line. Pure.
 */
import type { FeatureGroup } from '@waggle/kernel';
import type { DoctorReport, FeatureReport } from './doctor-report.ts';
import { hang, type Style, wrap } from './output.ts';

/** What the features of a group are called. */
const nouns: Readonly<Record<FeatureGroup, string>> = {
  system: 'settings of the host',
  maps: 'map types',
  programs: 'program types',
  attachments: 'ways to attach programs',
  helpers: 'helper functions',
  instructions: 'kinds of instructions',
  operations: 'operations on maps and programs',
  network: 'kinds of network devices',
};

/** From so many on, features that are missing for the same reason share a line. */
const CROWD = 6;
const INDENT = '  ';
const FACT_WIDTH = 12;

/** How a report is looked at. */
interface View {
  readonly style: Style;
  readonly all: boolean;
  /** The missing features that waggle cannot do without. */
  readonly needed: ReadonlySet<string>;
}

/** Renders a report; with `all`, what is there is listed too. */
export function renderReport(report: DoctorReport, style: Style, { all = false } = {}): string {
  const needed = new Set(report.verdict.missing.map(({ feature }) => feature));
  const groups = groupsOf(report).flatMap(([group, features]) =>
    groupBlock(group, features, { style, all, needed }),
  );
  return [
    ...privilegeWarning(report, style),
    heading(report, style),
    ...facts(report, style),
    '',
    ...groups,
    '',
    ...verdict(report, style),
  ].join('\n');
}

function privilegeWarning({ privileges }: DoctorReport, style: Style): string[] {
  if (privileges.sufficient) return [];
  const who = privileges.uid === 0 ? 'This process lacks privileges' : 'You are not root';
  const text = `${who}, so most of this cannot be tried and shows as denied. ${remedy(privileges)}`;
  return [...wrap(text, style.width).map((line) => style.paint('yellow', line)), ''];
}

function remedy({ uid, missing, userNamespace }: DoctorReport['privileges']): string {
  if (uid !== 0) return 'Run it as root: sudo waggle doctor';
  if (missing.length > 0) return `Grant ${missing.join(', ')} (docker run --privileged).`;
  return userNamespace ? 'Run it in the user namespace of the host.' : '';
}

function heading({ waggle, node, kernel, architecture }: DoctorReport, style: Style): string {
  return style.paint('bold', `waggle ${waggle} on Linux ${kernel} (${architecture}), node ${node}`);
}

function facts(report: DoctorReport, style: Style): string[] {
  const { privileges, lockdown, btf, jit, cgroup2, bpffs } = report;
  const who = privileges.uid === 0 ? 'root' : `user ${privileges.uid}`;
  const lacking = privileges.sufficient ? privileges.absent : privileges.missing;
  const rows = [
    ['privileges', lacking.length === 0 ? who : `${who} without ${lacking.join(', ')}`],
    ['lockdown', lockdown === 'on' ? 'on (level unknown)' : lockdown],
    ['kernel BTF', btf ? 'there' : 'missing'],
    ['JIT', jit],
    ['cgroup v2', cgroup2 ?? 'not mounted'],
    ['bpffs', bpffs ?? 'not mounted'],
  ] as const;
  return rows.flatMap(([name, value]) =>
    hang(
      `${INDENT}${name.padEnd(FACT_WIDTH)}`,
      INDENT.length + FACT_WIDTH,
      wrap(value, style.width - INDENT.length - FACT_WIDTH),
    ),
  );
}

function groupsOf({ features }: DoctorReport): [FeatureGroup, FeatureReport[]][] {
  const groups = new Map<FeatureGroup, FeatureReport[]>();
  for (const feature of features) groups.set(feature.group, [...(groups.get(feature.group) ?? []), feature]);
  return [...groups];
}

function groupBlock(group: FeatureGroup, features: readonly FeatureReport[], view: View): string[] {
  const { all } = view;
  const available = features.filter((feature) => feature.available).length;
  const shown = all ? features : features.filter((feature) => !feature.available);
  const crowds = new Map<string, FeatureReport[]>();
  for (const feature of shown)
    crowds.set(causeOf(feature), [...(crowds.get(causeOf(feature)) ?? []), feature]);
  const isAlone = (feature: FeatureReport): boolean => {
    const limit = feature.reason === 'denied' ? 2 : CROWD;
    return all || (crowds.get(causeOf(feature))?.length ?? 0) < limit;
  };
  const names = shown.filter(isAlone).map((feature) => shortName(feature).length);
  const leftWidth = Math.max(0, ...names) + INDENT.length + 4;
  const lines = [`${markOf(features, view)} ${available} of ${features.length} ${nouns[group]}`];
  for (const feature of shown) {
    const crowd = crowds.get(causeOf(feature)) ?? [];
    if (isAlone(feature)) lines.push(...featureLines(feature, leftWidth, view));
    else if (feature === crowd[0]) lines.push(...crowdLines(crowd, view));
  }
  return lines;
}

/** What features may have in common that are missing; which capabilities were wanted does not matter to the reader. */
function causeOf(feature: FeatureReport): string {
  return feature.reason === 'denied' ? 'denied to this process' : why(feature);
}

function featureLines(feature: FeatureReport, leftWidth: number, view: View): string[] {
  const { style } = view;
  const left = `${INDENT}${markOf([feature], view)} ${shortName(feature).padEnd(leftWidth - INDENT.length - 2)}`;
  const width = style.width - leftWidth;
  if (feature.available) return hang(left, leftWidth, wrap(titleOf(feature), width));
  const meaning = wrap(feature.meaning, width).map((line) => style.paint('dim', line));
  return hang(left, leftWidth, [...wrap(why(feature), width), ...meaning]);
}

function crowdLines(crowd: readonly FeatureReport[], view: View): string[] {
  const left = `${INDENT}${markOf(crowd, view)} `;
  const text = `${crowd.length} of them ${crowd[0] ? causeOf(crowd[0]) : ''} (--all lists them)`;
  return hang(left, INDENT.length + 2, wrap(text, view.style.width - INDENT.length - 2));
}

/** The worst that can be said of some features. */
function markOf(features: readonly FeatureReport[], { style, needed }: View): string {
  if (features.every(({ available }) => available)) return good(style);
  return features.some(({ name }) => needed.has(name)) ? bad(style) : missing(style);
}

/** The group says the first word of the name already. */
function shortName({ name }: FeatureReport): string {
  return name.slice(name.indexOf(' ') + 1);
}

function titleOf({ title, detail }: FeatureReport): string {
  return detail === undefined ? title : `${title}: ${detail}`;
}

function why({ reason, detail }: FeatureReport): string {
  return `${reason}: ${detail}`;
}

function verdict(report: DoctorReport, style: Style): string[] {
  const { ready, missing: unmet } = report.verdict;
  if (ready)
    return [`${good(style)} ${style.paint('bold', 'waggle can run here: everything it needs is there.')}`];
  const { privileges } = report;
  if (unmet.every(({ reason }) => reason === 'denied') && !privileges.sufficient) {
    const lacking =
      privileges.missing.length > 0 ? privileges.missing.join(', ') : 'the privileges of the host';
    const text = `waggle cannot run like this: it lacks ${lacking}. ${remedy(privileges)}`;
    return hang(`${bad(style)} `, 2, wrap(text, style.width - 2));
  }
  const lines = unmet.flatMap(({ purpose, feature, reason, detail }) =>
    hang(
      INDENT,
      INDENT.length,
      wrap(`${purpose}: ${feature} (${reason}: ${detail})`, style.width - INDENT.length),
    ),
  );
  return [`${bad(style)} ${style.paint('bold', 'waggle cannot run here. It needs:')}`, ...lines];
}

const good = ({ paint, marks }: Style): string => paint('green', marks.good);
const missing = ({ paint, marks }: Style): string => paint('yellow', marks.missing);
const bad = ({ paint, marks }: Style): string => paint('red', marks.bad);
