/** What `waggle policy trace` prints: the verdict, then for each end who decided, and what could be done. */
import {
  ANY_IDENTITY,
  type DirectionTrace,
  formatPlace,
  formatRange,
  formatReference,
  type L7Rules,
  type PolicyStatus,
  type RuleReference,
  rangeOf,
  type Trace,
  type Verdict,
} from '@waggle/policy';
import type { NameBook } from './name-book.ts';
import { hang, type Style, wrap } from './output.ts';
import { table } from './table.ts';

/** What a verdict is called at the head of an answer. */
const HEADINGS: Readonly<Record<Verdict, string>> = {
  allowed: 'ALLOWED',
  audited: 'ALLOWED, AND REPORTED',
  redirected: 'ALLOWED BY WAY OF A PROXY',
  denied: 'DENIED',
};

/** A verdict within a sentence. */
export const verdictText = (verdict: Verdict): string => HEADINGS[verdict].toLowerCase();

/**
 * The answer to a question.
 *
 * @param asked - Whom the user asked about, in the user's words.
 * @param narrower - CIDRs within one that was asked about, which may fare otherwise.
 */
export function traceText(
  traced: Trace,
  asked: { readonly from: string; readonly to: string },
  names: NameBook,
  narrower: readonly string[],
  style: Style,
): string {
  const { from, to, protocol, port, verdict, directions } = traced;
  const packet = formatRange({ protocol, first: port, last: port });
  const heading = style.paint(verdict === 'denied' ? 'red' : 'green', HEADINGS[verdict]);
  const ends = (
    [
      ['from', from],
      ['to', to],
    ] as const
  ).map(([end, id]) => [`  ${end}`, asked[end], labelsText(id, names)]);
  const people = table(['', '', ''], ends).slice(1);
  const blocks = directions.map((direction) => directionText(direction, names, style));
  const note =
    narrower.length > 0
      ? `\nRules name narrower CIDRs, which may fare otherwise: ${narrower.join(', ')}\n`
      : '';
  return `${heading}  ${asked.from} to ${asked.to}, ${packet}\n\n${people}\n${blocks.join('\n')}${note}`;
}

const labelsText = (id: number, names: NameBook): string => `${names.labelsOf(id)} (${names.numberOf(id)})`;

function directionText(trace: DirectionTrace, names: NameBook, style: Style): string {
  const { direction, subject, verdict } = trace;
  const name = names.nameOf(subject);
  const colour = verdict === 'denied' ? 'red' : 'green';
  const heading = `${direction} of ${name}: ${style.paint(colour, verdictText(verdict))}`;
  const lines = [
    ...reasons(trace, name),
    ...proxyLines(trace),
    ...nearestLines(trace),
    ...probeLines(trace, names),
  ];
  const body = lines.flatMap(({ left, text }) =>
    hang(left, left.length, wrap(text, style.width - left.length)),
  );
  return [heading, ...body].map((line) => `${line}\n`).join('');
}

/** A paragraph, and what stands before its first line. */
interface Line {
  readonly left: string;
  readonly text: string;
}

const paragraph = (text: string): Line => ({ left: '  ', text });
const item = (text: string): Line => ({ left: '  - ', text });
const below = (text: string): Line => ({ left: '    ', text });

function reasons(trace: DirectionTrace, name: string): Line[] {
  const { direction, verdict, decidedBy, rules, status, entry } = trace;
  const lines: Line[] = [];
  if (status.kind !== 'ok') lines.push(...statusLines(status, name));
  if (decidedBy === 'no policy')
    lines.push(paragraph(`${name} is no endpoint of this cluster, so no policy of its own applies.`));
  if (decidedBy === 'host')
    lines.push(paragraph(`This host may reach its endpoints whatever the rules say (--allow-localhost).`));
  if (decidedBy === 'default') lines.push(paragraph(defaultReason(trace, name)));
  if (decidedBy === 'rule') {
    const verb = {
      allowed: 'allowed by',
      redirected: 'allowed by',
      denied: 'denied by',
      audited: 'would be denied by',
    }[verdict];
    lines.push(...rules.map((rule) => ({ left: `  ${verb} `, text: ruleText(rule) })));
    if (verdict === 'audited') lines.push(paragraph('In audit mode that is only reported.'));
    if (verdict === 'denied') {
      const places = rules.map(({ place }) => formatPlace(place)).join(', ');
      lines.push(
        paragraph(`A deny rule counts before any allow rule. To allow it, narrow or delete ${places}.`),
      );
    }
  }
  if (entry?.authentication !== undefined && entry.authentication !== 'disabled' && verdict !== 'denied')
    lines.push(paragraph(`Both ends have to authenticate first (${direction}, ${entry.authentication}).`));
  return lines;
}

function defaultReason({ direction, verdict, enforced }: DirectionTrace, name: string): string {
  if (verdict === 'audited')
    return 'No rule allows it. Only rules in audit mode ask for one, so it is reported and passes.';
  if (verdict === 'denied') return 'No rule allows it, and what no rule allows is denied here.';
  const what = direction === 'ingress' ? `what ${name} receives` : `what ${name} sends`;
  return enforced ? `It is allowed without a rule.` : `No rule restricts ${what}, so all of it is allowed.`;
}

/** A rule with its place, and why its author wrote it. */
function ruleText(rule: RuleReference): string {
  const { description, place, name } = rule;
  const why = description === undefined || description === name ? '' : `: ${description}`;
  return `${formatReference(rule)}, ${place.path}${why}`;
}

/** Why a policy is not in force. */
export function statusLines(status: PolicyStatus, name: string): Line[] {
  if (status.kind === 'ok') return [];
  const until =
    status.inForce === 'deny' ? 'all is denied' : 'the last good policy, if there was one, stays in force';
  const why =
    status.kind === 'overflow'
      ? `it takes ${status.entries} entries, and its map holds ${status.capacity}`
      : `rules ask for different parsers on ${status.conflicts.map(({ port, parsers }) => `port ${port} (${parsers.join(', ')})`).join('; ')}`;
  return [
    paragraph(`The policy of ${name} cannot be put in force: ${why}. Until that is put right, ${until}.`),
  ];
}

function proxyLines({ proxy }: DirectionTrace): Line[] {
  if (!proxy) return [];
  const { redirect, rules } = proxy;
  const who =
    redirect.listener === undefined ? `The ${redirect.parser} proxy` : `The listener ${redirect.listener}`;
  const texts = rules.map(({ rule, l7 }) => `${l7 ? l7Text(l7) : 'everything'}, by ${formatReference(rule)}`);
  return [paragraph(`${who} lets pass:`), ...[...new Set(texts)].map(item)];
}

/** L7 rules in a line. */
function l7Text({ http, kafka, dns, generic, serverNames, parser }: L7Rules): string {
  const fields = (rule: object): string =>
    Object.entries(rule)
      .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' ');
  const texts = [
    ...(http ?? []).map(({ method, path, ...rest }) =>
      [method ?? 'any method', path ?? 'any path', fields(rest)].join(' ').trim(),
    ),
    ...[...(kafka ?? []), ...(generic ?? [])].map((rule) => fields(rule) || 'any request'),
    ...(dns ?? []).map((rule) => ('matchName' in rule ? rule.matchName : rule.matchPattern)),
    ...(serverNames ?? []).map((name) => `TLS for ${name}`),
  ];
  return texts.length === 0 ? `all ${parser}` : texts.join(' or ');
}

function nearestLines({ verdict, decidedBy, nearest, direction }: DirectionTrace): Line[] {
  if (verdict !== 'denied' || decidedBy === 'no policy') return [];
  if (nearest.length === 0) {
    if (decidedBy !== 'default') return [];
    const peer = direction === 'ingress' ? 'the sender' : 'the receiver';
    return [
      paragraph(
        `No rule comes near: none that could apply names ${peer} or this port. Write a rule that does.`,
      ),
    ];
  }
  const heading = decidedBy === 'rule' ? 'And no rule allows it. What comes nearest:' : 'What comes nearest:';
  const misses = nearest.flatMap(({ rule, text, advice }) => [
    item(`${formatReference(rule)} ${text}.`),
    below(`To allow it, ${advice}.`),
  ]);
  return [paragraph(heading), ...misses];
}

/** Which entry decided, and how many of the kernel's probes it took to find it. */
function probeLines({ probes, entry }: DirectionTrace, names: NameBook): Line[] {
  const last = probes.at(-1);
  if (!last) return [];
  const steps = probes.map(({ step }) => step);
  const left = '  entry: ';
  if (!entry) return [{ left, text: `none (looked for by ${steps.join(', ')})` }];
  const missed = steps.slice(0, -1);
  const found = `found by ${last.step}${missed.length > 0 ? `, after ${missed.join(', ')}` : ''}`;
  const who = last.identity === ANY_IDENTITY ? 'everybody' : names.nameOf(last.identity);
  const ports = formatRange(rangeOf(entry.protocol, entry.port, entry.portPrefix));
  const what = entry.redirect
    ? `redirect to ${entry.redirect.listener ?? entry.redirect.parser}`
    : entry.action;
  return [{ left, text: `${who}, ${ports}: ${what}${entry.audit ? ', audit' : ''} (${found})` }];
}
